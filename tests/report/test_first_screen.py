"""What the first screen says of pages and of calls that changed: what an outsider gains, not what he loses."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.cli import run
from scanner.errors import ExitCode
from scanner.model.report import BaselineState
from scanner.report.rows import EndpointRow
from scanner.report.summary import is_less_open, is_news

UPDATED = BaselineState.UPDATED


@pytest.mark.parametrize(
    ("old", "new", "gained", "news", "less"),
    [
        ("login", "none", (), True, False),
        ("cli", "token", (), True, False),
        ("token", "none", (), True, False),
        ("token", "survey-hash", (), True, False),
        ("none", "none", ("exec",), True, False),
        ("none", "token", ("exec",), True, False),
        ("none", "none", (), False, False),
        ("none", "token", (), False, True),
        ("none", "login", ("exec",), False, True),
        ("none", "cli", (), False, True),
        ("login", "cli", ("exec",), False, False),
    ],
)
def test_pages(old: str, new: str, gained: tuple[str, ...], *, news: bool, less: bool) -> None:
    page = EndpointRow("page.php", new, UPDATED, old, "", gained, gained)
    assert (is_news(page), is_less_open(page)) == (news, less)


def first_screen(tmp_path: Path, old: str, new: str) -> str:
    for side, code in (("old", old), ("new", new)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "page.php").write_text(f"<?php\n{code}\n")
    report = tmp_path / "report.txt"
    arguments = ["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--no-cache", "--quiet", "--jobs", "1"]
    assert run([*arguments, "--format", f"terminal={report}", "--fail-on", "never"]) == ExitCode.OK
    return report.read_text().partition("Findings, worst first")[0]


def test_a_setting_that_names_files_is_no_call(tmp_path: Path) -> None:
    first = "function f() { global $log, $server; file_put_contents($log, '1'); curl_exec(curl_init($server)); }"
    more = "function g() { global $log, $server; file_put_contents($log, '2'); %s }"
    text = first_screen(tmp_path, first, first + (more % "curl_exec(curl_init($server));"))
    assert "config:server" in text
    assert "config:log" not in text


def test_hosts_come_before_settings(tmp_path: Path) -> None:
    first = (
        "function f() { global $server; curl_exec(curl_init($server)); curl_exec(curl_init('https://z.example.net')); }"
    )
    text = first_screen(tmp_path, first, first + first.replace("f()", "g()"))
    (line,) = [line for line in text.splitlines() if line.startswith("changed calls to")]
    assert line.index("z.example.net") < line.index("config:server")
