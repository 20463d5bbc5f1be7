"""SARIF keeps within GitHub's limits, says what it cuts, and other tools read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sarif import loader

from scanner.model.finding import Severity, TraceStep
from scanner.model.report import Coverage
from scanner.report import sarif, sarif_notes
from scanner.report.base import ReportView
from tests.report.sample import COMPARISON, CURRENT, DYNAMIC, STOLEN


def run_of(view: ReportView) -> dict[str, Any]:
    (run,) = json.loads(sarif.render(view))["runs"]
    assert isinstance(run, dict)
    return run


def notices(run: dict[str, Any]) -> list[tuple[str, str]]:
    found = run["invocations"][0]["toolExecutionNotifications"]
    return [(item["level"], item["message"]["text"]) for item in found]


def test_sarif_tools_reads_it_back(tmp_path: Path) -> None:
    path = tmp_path / "report.sarif"
    path.write_text(sarif.render(ReportView(content=COMPARISON)))
    files = loader.load_sarif_files(str(path))
    assert files.get_result_count() == len(COMPARISON.changes)
    assert files.get_report().get_issue_count_for_severity("error") == 3


def test_the_most_severe_results_are_kept_and_the_cut_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULT_LIMIT", 3)
    run = run_of(ReportView(content=CURRENT))
    assert [item["properties"]["severity"] for item in run["results"]] == ["critical", "high", "high"]
    left = len(CURRENT.findings) - 3
    assert ("warning", f"{left} findings are left out, the least severe. The JSON has all.") in notices(run)


def test_a_long_trace_keeps_source_and_sink() -> None:
    steps = tuple(TraceStep("a.php", number, "step") for number in range(1, 3001))
    content = msgspec.structs.replace(CURRENT, findings=(msgspec.structs.replace(STOLEN, trace=steps),))
    run = run_of(ReportView(content=content))
    locations = run["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"]
    lines = [item["location"]["physicalLocation"]["region"]["startLine"] for item in locations]
    assert lines == [*range(1, 501), *range(2501, 3001)]
    assert ("warning", "1 traces are cut to 1000 steps: middle steps left out.") in notices(run)


def test_an_incomplete_scan_is_no_successful_execution_and_says_why() -> None:
    run = run_of(ReportView(content=CURRENT))
    assert run["invocations"][0]["executionSuccessful"] is False
    said = notices(run)
    assert ("error", "not analysed: size: larger than the limit") in said
    assert ("note", "not analysed: symlink: points to a file that is scanned") in said
    assert ("error", "limit hit: value-depth (3 times)") in said
    assert ("warning", "lines not understood: 3-9, 40-40") in said


def test_a_complete_scan_is_a_successful_execution() -> None:
    content = msgspec.structs.replace(CURRENT, coverage=Coverage(files=1, php_files=1, parsed=1))
    assert run_of(ReportView(content=content))["invocations"][0]["executionSuccessful"] is True


def test_many_coverage_problems_are_counted_in_one_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_notes, "NOTE_LIMIT", 2)
    assert ("warning", "2 more notes on coverage are left out.") in notices(run_of(ReportView(content=CURRENT)))


def test_every_rule_has_help_and_the_score_of_its_worst_finding() -> None:
    rules = {rule["id"]: rule for rule in run_of(ReportView(content=COMPARISON))["tool"]["driver"]["rules"]}
    assert rules["secret-to-network"]["properties"]["security-severity"] == "9.5"
    assert rules["outbound-call"]["properties"]["security-severity"] == "8.0"
    assert rules["outbound-call"]["help"]["markdown"].startswith("## What it does")
    assert all(rule["help"]["text"] for rule in rules.values())


def test_rule_indexes_and_artifact_indexes_point_to_the_right_entry() -> None:
    run = run_of(ReportView(content=COMPARISON))
    rules, artifacts = run["tool"]["driver"]["rules"], run["artifacts"]
    for result in run["results"]:
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert artifacts[location["index"]]["location"]["uri"] == location["uri"]


def test_a_finding_of_every_severity_has_a_level_github_understands() -> None:
    findings = tuple(msgspec.structs.replace(DYNAMIC[0], severity=severity) for severity in Severity)
    run = run_of(ReportView(content=msgspec.structs.replace(CURRENT, findings=findings)))
    assert [item["level"] for item in run["results"]] == ["error", "error", "warning", "note", "note"]
