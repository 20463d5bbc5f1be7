"""A call that stays as it is and can be reached without a login, or from cron, all of a sudden."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.model.finding import TRIGGER, Finding, Severity
from scanner.model.report import BaselineState, Comparison
from scanner.pipeline import ScanOptions, diff

PAIR = Path(__file__).resolve().parents[2] / "fixtures" / "pairs" / "trigger"
OPTIONS = ScanOptions(cache=None, jobs=0)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return diff(str(PAIR / "baseline"), str(PAIR / "current"), OPTIONS)


def triggers(finding: Finding | None) -> set[str]:
    return {value for name, value in finding.details if name == TRIGGER} if finding else set()


def of(comparison: Comparison, name: str) -> set[tuple[str, BaselineState, frozenset[str], frozenset[str]]]:
    """Rule, state, and triggers in both releases of the findings in one class."""
    return {
        (item.finding.rule, item.state, frozenset(triggers(item.baseline)), frozenset(triggers(item.current)))
        for item in comparison.changes
        if item.finding.path == f"Classes/{name}.php" and item.finding.destinations
    }


UPDATED, UNCHANGED = BaselineState.UPDATED, BaselineState.UNCHANGED
OPEN, CRON, NOTHING = frozenset({"open page"}), frozenset({"cron"}), frozenset[str]()


def test_what_an_open_page_calls_now(comparison: Comparison) -> None:
    assert ("url-capable-call", UPDATED, NOTHING, OPEN) in of(comparison, "Opened")


def test_what_an_open_page_calls_now_through_a_wrapper(comparison: Comparison) -> None:
    assert ("outbound-call", UPDATED, NOTHING, OPEN) in of(comparison, "Wrapped")


def test_what_cron_calls_now(comparison: Comparison) -> None:
    assert ("process-execution", UPDATED, NOTHING, CRON) in of(comparison, "Scheduled")


def test_what_stays_behind_the_login_is_unchanged(comparison: Comparison) -> None:
    assert of(comparison, "Closed") == {("url-capable-call", UNCHANGED, NOTHING, NOTHING)}


def test_what_was_open_before_is_unchanged(comparison: Comparison) -> None:
    assert of(comparison, "Always") == {("url-capable-call", UNCHANGED, OPEN, OPEN)}


def test_a_trigger_is_worth_a_look_even_for_a_host_that_is_known(tmp_path: Path) -> None:
    for side in ("baseline", "current"):
        shutil.copytree(PAIR / side, tmp_path / side)
    known = ScanOptions(cache=None, jobs=0, allowed_hosts=("opened.example.net", "closed.example.net"))
    comparison = diff(str(tmp_path / "baseline"), str(tmp_path / "current"), known)
    levels = {item.finding.path: item.finding.severity for item in comparison.changes if item.finding.destinations}
    assert levels["Classes/Opened.php"] is Severity.MEDIUM
    assert levels["Classes/Closed.php"] is Severity.INFO


EVAL = "<?php\nclass Opened { static function run() { return eval('return ' . base64_decode('%s') . ';'); } }\n"
PAGE = "<?php\ndefine('NOAUTH', true);\nrequire 'init.php';\n%s\n"
GATE = (
    "<?php\nrequire 'Opened.php';\n"
    "function authenticate() { if (!isset($_SESSION['u'])) { header('Location: /'); exit; } }\n%s"
)


@pytest.mark.parametrize(("code", "severity"), [("MSsx", Severity.LOW), ("MSsy", Severity.MEDIUM)])
def test_what_fewer_callers_reach_is_low_unless_it_does_something_else(
    code: str, severity: Severity, tmp_path: Path
) -> None:
    for side, gate, text in (("old", "", "MSsx"), ("new", "authenticate();", code)):
        folder = tmp_path / side
        folder.mkdir()
        (folder / "Opened.php").write_text(EVAL % text)
        (folder / "init.php").write_text(GATE % gate)
        (folder / "index.php").write_text(PAGE % "echo Opened::run();")
        (folder / "inside.php").write_text(PAGE % "authenticate();\necho 1;")
    found = [
        item for item in diff(str(tmp_path / "old"), str(tmp_path / "new"), OPTIONS).changes
        if item.finding.rule == "dynamic-code" and item.finding.path == "Opened.php"
    ]  # fmt: skip
    assert [(item.state, item.finding.severity) for item in found] == [(UPDATED, severity)]
    assert not triggers(found[0].current)


def test_the_way_back_shows_too(comparison: Comparison) -> None:
    back = diff(str(PAIR / "current"), str(PAIR / "baseline"), OPTIONS)
    assert ("url-capable-call", UPDATED, OPEN, NOTHING) in of(back, "Opened")
    assert [item.finding.rule for item in back.changes if item.state is UPDATED].count("open-page") == [
        item.finding.rule for item in comparison.changes if item.state is UPDATED
    ].count("open-page")
