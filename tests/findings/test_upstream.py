"""Bundled packages against unpacked upstream copies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.cli import run
from scanner.errors import ExitCode
from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Report
from scanner.pipeline import ScanOptions, diff, scan
from tests.pipeline.trees import write_tree

VENDOR = "redcap_v15.7.1/Libraries/vendor"
CLOCK = b"<?php\nclass Clock { }\n"
RULE = "package-differs-from-upstream"


def listed(version: str) -> bytes:
    return json.dumps({"packages": [{"name": "acme/dates", "version": version}]}).encode()


def release(folder: Path, files: dict[str, bytes]) -> Path:
    named = {f"{VENDOR}/acme/dates/{name}": content for name, content in files.items()}
    return write_tree(folder, {"index.php": b"<?php", f"{VENDOR}/composer/installed.json": listed("v2.0.0"), **named})


def manifest(**extra: str) -> bytes:
    return json.dumps({"name": "acme/dates", **extra}).encode()


UPSTREAM = {
    "as-a-vendor-folder": {"vendor/composer/installed.json": listed("2.0.0"), "vendor/acme/dates/src/Clock.php": CLOCK},
    "named-by-its-folder": {"dates-2.0.0/composer.json": manifest(), "dates-2.0.0/src/Clock.php": CLOCK},
    "named-by-its-manifest": {"dates/composer.json": manifest(version="2.0.0"), "dates/src/Clock.php": CLOCK},
}


def checked(tmp_path: Path, files: dict[str, bytes], upstream: dict[str, bytes]) -> Report:
    folder = write_tree(tmp_path / "upstream", upstream)
    return scan(str(release(tmp_path / "release", files)), ScanOptions(cache=None, jobs=0, verify_with=(folder,)))


def messages(report: Report) -> list[str]:
    return [item.message for item in report.findings if item.rule == RULE]


@pytest.mark.parametrize("form", UPSTREAM)
def test_a_package_as_published_is_verified(tmp_path: Path, form: str) -> None:
    report = checked(tmp_path, {"src/Clock.php": CLOCK}, UPSTREAM[form])
    assert messages(report) == []
    assert [(item.name, item.verified) for item in report.packages] == [("acme/dates", True)]


@pytest.mark.parametrize("form", UPSTREAM)
def test_a_changed_and_an_additional_file_are_found(tmp_path: Path, form: str) -> None:
    files = {"src/Clock.php": CLOCK + b"f();", "src/Extra.php": CLOCK}
    report = checked(tmp_path, files, UPSTREAM[form])
    (message,) = messages(report)
    assert message.endswith("src/Clock.php, src/Extra.php (not in it)")
    assert not report.packages[0].verified
    (finding,) = (item for item in report.findings if item.rule == RULE)
    assert finding.severity is Severity.HIGH
    assert finding.path == "redcap_v@/Libraries/vendor/acme/dates/src/Clock.php"


def test_line_ends_do_not_count(tmp_path: Path) -> None:
    crossed = {"src/Clock.php": CLOCK.replace(b"\n", b"\r\n")}
    assert checked(tmp_path, crossed, UPSTREAM["named-by-its-folder"]).packages[0].verified


@pytest.mark.parametrize("upstream", [
    {"dates-2.0.1/composer.json": manifest(), "dates-2.0.1/src/Clock.php": b"<?php // other"},
    {"other-2.0.0/composer.json": b'{"name": "acme/other"}', "other-2.0.0/src/Clock.php": b"<?php // other"},
    {"dates-2.0.0/composer.json": b"{", "dates-2.0.0/src/Clock.php": b"<?php // other"},
])  # fmt: skip
def test_another_version_or_package_says_nothing(tmp_path: Path, upstream: dict[str, bytes]) -> None:
    report = checked(tmp_path, {"src/Clock.php": CLOCK}, upstream)
    assert messages(report) == []
    assert not report.packages[0].verified


def test_in_a_comparison_what_was_there_before_is_unchanged(tmp_path: Path) -> None:
    upstream = write_tree(tmp_path / "upstream", UPSTREAM["named-by-its-folder"])
    old = release(tmp_path / "old", {"src/Clock.php": CLOCK + b"f();"})
    new = release(tmp_path / "new", {"src/Clock.php": CLOCK + b"f();"})
    comparison = diff(str(old), str(new), ScanOptions(cache=None, jobs=0, verify_with=(upstream,)))
    states = [change.state for change in comparison.changes if change.finding.rule == RULE]
    assert states == [BaselineState.UNCHANGED]
    assert [(item.verified, item.old_capabilities) for item in comparison.packages] == [(False, ())]


def test_the_command_line_takes_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = write_tree(tmp_path / "upstream", UPSTREAM["named-by-its-folder"])
    tree = release(tmp_path / "release", {"src/Clock.php": CLOCK})
    arguments = ["scan", str(tree), "--no-cache", "--jobs", "1", "--format", "json", "--verify-with"]
    assert run([*arguments, str(upstream)]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["packages"][0]["verified"] is True
    assert run([*arguments, str(tmp_path / "nowhere")]) == ExitCode.USAGE
