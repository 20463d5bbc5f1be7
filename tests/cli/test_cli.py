"""The command line from outside: exit codes, outputs, messages."""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scanner import pipeline
from scanner.cli import run
from scanner.errors import SourceError
from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Comparison, Coverage, FindingChange, Report, SkippedFile
from scanner.pipeline import Progress, ScanOptions
from tests.report.sample import BASELINE, COMPARISON, CURRENT, STOLEN

ROOT = Path(__file__).parent.parent.parent
COMPLETE = Coverage(files=1, php_files=1, parsed=1)
HALF = Coverage(files=1, php_files=1, parsed=0, skipped=(SkippedFile("a.php", "size: too large"),))


class Calls(msgspec.Struct):
    """What the command line asked the pipeline for, and what it gets back."""

    report: Report = CURRENT
    comparison: Comparison = COMPARISON
    seen: list[tuple[object, ...]] = []
    error: BaseException | None = None

    def scan(self, source: str, options: ScanOptions, progress: Progress | None) -> Report:
        self.seen.append((source, options, progress))
        if self.error:
            raise self.error
        return self.report

    def diff(self, baseline: str, current: str | None, options: ScanOptions, progress: Progress | None) -> Comparison:
        self.seen.append((baseline, current, options, progress))
        return self.comparison


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    double = Calls()
    monkeypatch.setattr(pipeline, "scan", double.scan)
    monkeypatch.setattr(pipeline, "diff", double.diff)
    return double


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The real program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "scanner", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )


def report(severity: Severity | None, coverage: Coverage) -> Report:
    findings = (msgspec.structs.replace(STOLEN, severity=severity),) if severity else ()
    return msgspec.structs.replace(CURRENT, findings=findings, coverage=coverage)


@pytest.mark.parametrize(
    ("severity", "coverage", "options", "code"),
    [
        (None, COMPLETE, "", 0),
        (None, HALF, "", 3),
        (None, HALF, "--allow-incomplete", 0),
        (Severity.CRITICAL, COMPLETE, "", 1),
        (Severity.HIGH, COMPLETE, "", 1),
        (Severity.MEDIUM, COMPLETE, "", 0),
        (Severity.HIGH, COMPLETE, "--fail-on critical", 0),
        (Severity.INFO, COMPLETE, "--fail-on info", 1),
        (Severity.LOW, HALF, "--fail-on medium", 3),
        (Severity.CRITICAL, HALF, "", 1),
        (Severity.CRITICAL, HALF, "--allow-incomplete", 1),
        (Severity.CRITICAL, COMPLETE, "--fail-on never", 0),
        (Severity.CRITICAL, HALF, "--fail-on never", 3),
    ],
)
def test_exit_code_of_a_scan(
    calls: Calls, severity: Severity | None, coverage: Coverage, options: str, code: int
) -> None:
    calls.report = report(severity, coverage)
    assert run(["scan", "release", "--quiet", *options.split()]) == code


@pytest.mark.parametrize(("state", "code"), list(zip(BaselineState, (1, 1, 0, 0), strict=True)))
def test_only_what_the_current_release_brings_fails_a_diff(calls: Calls, state: BaselineState, code: int) -> None:
    calls.comparison = Comparison(
        baseline=report(None, COMPLETE),
        current=report(None, COMPLETE),
        changes=(
            FindingChange(
                state,
                None if state is BaselineState.NEW else STOLEN,
                None if state is BaselineState.ABSENT else STOLEN,
            ),
        ),
    )
    assert run(["diff", "old", "new", "--quiet"]) == code


@pytest.mark.parametrize("sides", list(itertools.product([COMPLETE, HALF], repeat=2)))
def test_a_diff_is_complete_when_both_sides_are(calls: Calls, sides: tuple[Coverage, Coverage]) -> None:
    calls.comparison = Comparison(baseline=report(None, sides[0]), current=report(None, sides[1]), changes=())
    assert run(["diff", "old", "new", "--quiet"]) == (3 if HALF in sides else 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan"],
        ["scan", "a", "b"],
        ["nonsense"],
        ["scan", "a", "--fail-on", "some"],
        ["scan", "a", "--format", "word"],
        ["scan", "a", "--format", "json="],
        ["scan", "a", "--jobs", "0"],
        ["scan", "a", "--cache", "c", "--no-cache"],
        ["scan", "a", "--format", "json", "--format", "sarif"],
        ["scan", "a", "--format", "json=x", "--format", "sarif=x"],
        ["scan", "a", "--format", "json=x", "--output", "./x"],
        ["scan", "a", "--format", "json=no/such/folder/x"],
        ["scan", "a", "--signatures", "no/such/folder"],
        ["explain", "no-such-rule"],
        [],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_2_before_any_work(
    calls: Calls,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    assert calls.seen == []
    assert list(tmp_path.iterdir()) == []
    out, err = capsys.readouterr()
    assert err
    assert not out


def test_an_expected_error_is_one_harmless_line(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    calls.error = SourceError("no release at \x1b[2Jx\ny")
    assert run(["scan", "x"]) == 2
    assert capsys.readouterr().err == "redcap-scanner: no release at \\x1b[2Jx\\ny\n"


def test_an_internal_error_is_one_line_and_2_and_a_traceback_on_demand(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.error = RecursionError("too\ndeep")
    assert run(["scan", "x"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "internal error: RecursionError: too\\ndeep" in err
    assert run(["--debug", "scan", "x"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_130(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    calls.error = KeyboardInterrupt()
    assert run(["scan", "x"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_reports_go_to_their_files_and_the_terminal_report_to_standard_output(
    calls: Calls, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    names = {"json": tmp_path / "a.json", "sarif": tmp_path / "b.sarif", "markdown": tmp_path / "c.md"}
    arguments = [part for name, path in names.items() for part in ("--format", f"{name}={path}")]
    assert run(["scan", "x", *arguments]) == 1
    assert capsysbinary.readouterr().out.startswith(b"redcap15.7.6.zip")
    assert json.loads(names["json"].read_text())["schema"] == "redcap-scanner/report-1"
    assert json.loads(names["sarif"].read_text())["version"] == "2.1.0"
    assert names["markdown"].read_text().startswith("## ")
    assert sorted(tmp_path.iterdir()) == sorted(names.values())
    assert calls.seen[0][2] is None  # no progress: standard error is no terminal


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["--format", "json"], b"{"),
        (["--format", "markdown"], b"## "),
        (["--quiet"], b""),
        (["--quiet", "--format", "json"], b"{"),
        ([], b"redcap15.7.6.zip"),
    ],
    ids=str,
)
def test_what_goes_to_standard_output(
    calls: Calls, arguments: list[str], start: bytes, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["scan", "x", *arguments]) == 1
    out = capsysbinary.readouterr().out
    assert out.startswith(start) if start else not out
    assert len(calls.seen) == 1


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        ("r.json", "{"),
        ("r.md", "## "),
        ("r.txt", "redcap"),
        ("report", "redcap"),
        ("report --format json", "{"),
    ],
)
def test_output_takes_the_format_that_is_asked_for_or_that_its_name_says(
    calls: Calls, arguments: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["scan", "x", "--output", *arguments.split()]) == 1
    (written,) = tmp_path.iterdir()
    assert written.read_text().startswith(start)
    assert len(calls.seen) == 1


def test_output_to_a_file_leaves_standard_output_empty(
    calls: Calls, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["scan", "x", "--output", str(tmp_path / "report")]) == 1
    assert capsysbinary.readouterr().out == b""
    assert calls.seen


@pytest.mark.parametrize(
    ("environment", "options", "escapes"),
    [
        ({}, [], {27}),
        ({"NO_COLOR": "1"}, [], set()),
        ({"TERM": "dumb"}, [], set()),
        ({}, ["--no-color"], set()),
    ],
    ids=str,
)
def test_colour_on_a_terminal(
    calls: Calls, environment: dict[str, str], options: list[str], escapes: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"NO_COLOR": "", "TERM": "xterm"} | environment).items():
        monkeypatch.setenv(name, value)
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run(["scan", "x", *options]) == 1
    written = terminal.buffer
    assert isinstance(written, io.BytesIO)
    assert {27} & set(written.getvalue()) == escapes
    assert calls.seen


@pytest.mark.parametrize("options", [[], ["--quiet"]], ids=str)
def test_progress_is_shown_to_people_only(calls: Calls, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    run(["scan", "x", *options])
    assert (calls.seen[0][2] is None) is bool(options)


def test_options_reach_the_pipeline(calls: Calls, tmp_path: Path) -> None:
    arguments = ["--jobs", "3", "--release-version", "15.7.6", "--signatures", str(tmp_path)]
    run(["scan", "x", "--quiet", "--no-cache", *arguments])
    assert calls.seen[-1][1] == ScanOptions(jobs=3, cache=None, version="15.7.6", signatures=(tmp_path,))
    run(["diff", "x", "--quiet", "--cache", str(tmp_path)])
    assert calls.seen[-1][:3] == ("x", None, ScanOptions(cache=tmp_path))
    run(["diff", "x", "y", "--quiet"])
    assert calls.seen[-1][:3] == ("x", "y", ScanOptions())


def test_view_options_reach_the_report(calls: Calls, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    calls.report = msgspec.structs.replace(CURRENT, findings=BASELINE.findings)
    run(["scan", "x"])
    short = capsysbinary.readouterr().out
    assert b"Not shown: 1 info finding" in short
    assert b"http_get('https" in short
    assert b"\x1b" not in short
    run(["scan", "x", "--all", "--no-excerpts", "--color"])
    full = capsysbinary.readouterr().out
    assert b"Not shown" not in full
    assert b"http_get('https" not in full
    assert b"\x1b[" in full


def test_a_full_disk_leaves_the_old_report_whole(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(["scan", "x", "--output", str(target)]) == 2
    assert capsys.readouterr().err == f"redcap-scanner: cannot write {target}: No space left on device\n"
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    assert calls.seen


def test_a_folder_in_the_way_is_one_line(calls: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").mkdir()
    assert run(["scan", "x", "--output", str(tmp_path / "x.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert calls.seen


def test_the_old_file_keeps_its_permissions(calls: Calls, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o600)
    run(["scan", "x", "--output", str(target)])
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_text() != "old"
    assert calls.seen


def test_explain_lists_rules_and_shows_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    first = capsys.readouterr().out.split()[0]
    assert run(["explain", first]) == 0
    page = capsys.readouterr().out
    assert page.startswith(f"# {first}\n")
    assert "What it does" in page


def test_signatures_are_listed_and_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["signatures"]) == 0
    everything = capsys.readouterr().out.splitlines()
    assert run(["signatures", "CURL_exec"]) == 0
    out, err = capsys.readouterr()
    assert any(line.startswith("curl_exec ") for line in out.splitlines())
    assert all("curl_exec" in line for line in out.splitlines())
    assert err.endswith(f"of {len(everything):,} entries\n")


def test_demo_compares_the_bundled_releases_or_says_what_is_missing(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scanner.cli.FIXTURES", tmp_path)
    assert run(["demo"]) == 2
    assert "make fixtures" in capsys.readouterr().err
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).touch()
    assert run(["demo", "--quiet"]) == 1
    assert calls.seen[-1][:2] == (str(tmp_path), None)


@pytest.mark.parametrize("command", [[], ["scan"], ["diff"]], ids=str)
def test_help_has_the_table_of_exit_codes(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert [line.strip()[0] for line in out[out.index("Exit codes:") :].splitlines()[1:5]] == ["0", "1", "2", "3"]


def test_help_and_version_run_as_a_program() -> None:
    done = program("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"redcap-scanner ")


def test_a_scan_of_a_folder_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "index.php").write_bytes(b"<?php echo 'caf\xe9';\n")
    (tmp_path / "caf\udce9\x1b[2J.php").write_bytes(
        b"<?php $h = curl_init('https://api.example.com/'); curl_exec($h);\n"
    )
    done = program("scan", str(tmp_path), "--no-cache", "--format", "json", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.stderr == b""
    assert done.returncode in {0, 1}
    assert json.loads(done.stdout)["coverage"]["php_files"] == 2
    plain = program("scan", str(tmp_path), "--no-cache", "--all", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert b"api.example.com" in plain.stdout
    assert b"\x1b" not in plain.stdout


def test_a_reader_that_goes_away_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "index.php").write_text("<?php echo 1;")
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "scan", str(tmp_path), "--no-cache"],
        cwd=ROOT,
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "index.php").write_text("<?php echo 1;")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "scan", str(tmp_path), "--no-cache"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"redcap-scanner: cannot write to standard output: No space left on device\n"
