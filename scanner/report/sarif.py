"""SARIF 2.1.0 report, within the limits of GitHub code scanning.

Source: OASIS SARIF 2.1.0; GitHub "SARIF support for code scanning" (25,000 results in a run, 1,000 thread flow
locations shown). What is cut for them is said in a notification. Regions are whole lines: no columns are given,
`columnKind` is stated because the format asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.model.decision import Standing
from scanner.model.finding import Finding, Rule, Severity
from scanner.model.report import ReleaseInfo
from scanner.report import rows
from scanner.report.base import Format, ReportView
from scanner.report.encode import json_text
from scanner.report.escape import clip, relative_uri, sarif_message
from scanner.report.sarif_notes import Note, cut_notes, notes

RESULT_LIMIT = 25_000
STEP_LIMIT = 1_000
FINGERPRINT = "redcapScanner/v1"
_BASE = "%SRCROOT%"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.5",
}
"""GitHub reads `security-severity` as: over 9 critical, from 7 high, from 4 medium, else low."""
_STATUS = {Standing.IN_FORCE: "accepted", Standing.WAITING: "underReview"}

Node = dict[str, Any]


def render(view: ReportView) -> str:
    """One run: results sorted like the JSON report, rules sorted by id."""
    found = rows.entries(view)
    kept = _most_severe(found)
    rules = _rules(view, found)
    artifacts = _Artifacts(view.located)
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    results = [_result(entry, view, index, artifacts) for entry in kept]
    complete = rows.verdict(view, found).complete
    said = [*notes(view), *cut_notes(len(found) - len(kept), sum(_step_overrun(e) for e in kept), STEP_LIMIT)]
    run: Node = {
        "tool": {"driver": _driver(view, rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "Root of the release, version folder redcap_v@."}}},
        "invocations": [
            {
                "executionSuccessful": complete,
                "toolExecutionNotifications": [_notification(note, artifacts) for note in said],
            }
        ],
        "artifacts": [],
        "results": results,
        "properties": {
            "current": _release(view.current.release),
            "baseline": _release(view.baseline.release) if view.baseline else None,
            "complete": complete,
        },
    }
    run["artifacts"] = artifacts.listed()
    return json_text({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


class _Artifacts:
    """URIs in order of first use, each with its index."""

    def __init__(self, located: Mapping[str, str]) -> None:
        self._indexes: dict[str, int] = {}
        self._located = located

    def location(self, path: str) -> Node:
        uri = relative_uri(self._located.get(path, path))
        return {"uri": uri, "uriBaseId": _BASE, "index": self._indexes.setdefault(uri, len(self._indexes))}

    def listed(self) -> list[Node]:
        return [{"location": {"uri": uri, "uriBaseId": _BASE}} for uri in self._indexes]


def _most_severe(found: tuple[rows.Entry, ...]) -> list[rows.Entry]:
    """All entries, or the most severe ones in the same order."""
    if len(found) <= RESULT_LIMIT:
        return list(found)
    ranked = sorted(range(len(found)), key=lambda at: (found[at].finding.severity.rank, at))
    return [found[at] for at in sorted(ranked[:RESULT_LIMIT])]


def _driver(view: ReportView, rules: list[Node]) -> Node:
    return {
        "name": "redcap-scanner",
        "version": view.current.tool_version,
        "rules": rules,
        "notifications": [
            {"id": "coverage", "shortDescription": {"text": "What was not analysed whole."}},
            {"id": "cut", "shortDescription": {"text": "What this file leaves out to keep within limits."}},
        ],
    }


def _rules(view: ReportView, found: tuple[rows.Entry, ...]) -> list[Node]:
    """A descriptor for every rule that ran or is named by a finding; its score is that of its worst finding."""
    known = {rule.id: rule for side in (view.baseline, view.current) if side for rule in side.rules}
    worst: dict[str, Severity] = {}
    for entry in rows.worst_first(found):
        finding = entry.finding
        worst.setdefault(finding.rule, finding.severity)
        known.setdefault(finding.rule, Rule(finding.rule, finding.category, finding.rule))
    return [_rule(rule, worst.get(rule_id, Severity.INFO)) for rule_id, rule in sorted(known.items())]


def _rule(rule: Rule, worst: Severity) -> Node:
    help_text = rule.help or rule.title
    return {
        "id": rule.id,
        "shortDescription": {"text": sarif_message(rule.title)},
        "fullDescription": {"text": sarif_message(clip(rule.title, 1_000))},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": ["security", rule.category.value], "security-severity": _SCORES[worst]},
    }


def _result(entry: rows.Entry, view: ReportView, rule_index: dict[str, int], artifacts: _Artifacts) -> Node:
    finding = entry.finding
    result: Node = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index[finding.rule],
        "kind": "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": sarif_message(finding.message)},
        "locations": [_location(finding, view, artifacts)],
        "partialFingerprints": {FINGERPRINT: finding.identity},
        "suppressions": _suppressions(entry),
        "properties": _properties(entry),
    }
    if finding.trace:
        result["codeFlows"] = [_code_flow(finding, artifacts)]
    if entry.state is not None:
        result["baselineState"] = entry.state.value
    return result


def _suppressions(entry: rows.Entry) -> list[Node]:
    """The decision about a finding, whatever has become of it. Only `accepted` suppresses."""
    judged = entry.judgement
    if judged is None:
        return []
    suppression: Node = {
        "kind": "external",
        "status": _STATUS.get(judged.standing, "rejected"),
        "justification": sarif_message(judged.decision.reason),
        "properties": {
            "verdict": judged.decision.verdict.value,
            "standing": judged.standing.value,
            "why": sarif_message(judged.why),
            "reviewer": judged.decision.reviewer,
            "date": judged.decision.date,
        },
    }
    return [suppression]


def _location(finding: Finding, view: ReportView, artifacts: _Artifacts) -> Node:
    region = _region(finding.line, finding.end_line)
    if view.excerpts and finding.excerpt:
        region["snippet"] = {"text": "\n".join(finding.excerpt)}
    location: Node = {"physicalLocation": {"artifactLocation": artifacts.location(finding.path), "region": region}}
    if finding.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.symbol, "kind": "function"}]
    return location


def _region(line: int, end_line: int) -> Node:
    start = max(1, line)
    return {"startLine": start, "endLine": max(start, end_line)}


def _code_flow(finding: Finding, artifacts: _Artifacts) -> Node:
    steps = finding.trace
    if len(steps) > STEP_LIMIT:  # source and sink tell most: the middle goes
        steps = (*steps[: STEP_LIMIT // 2], *steps[-STEP_LIMIT // 2 :])
    locations = [
        {
            "location": {
                "physicalLocation": {
                    "artifactLocation": artifacts.location(step.path),
                    "region": _region(step.line, step.line),
                },
                "message": {"text": sarif_message(step.text)},
            }
        }
        for step in steps
    ]
    return {"threadFlows": [{"locations": locations}]}


def _step_overrun(entry: rows.Entry) -> int:
    return int(len(entry.finding.trace) > STEP_LIMIT)


def _properties(entry: rows.Entry) -> Node:
    properties = _evidence(entry.finding)
    if entry.lowered is not None:
        properties["lowered"] = {"severity": entry.lowered.severity.value, "why": sarif_message(entry.lowered.why)}
    if entry.moved_from is not None:
        properties["movedFrom"] = entry.moved_from
    if entry.baseline is not None:
        properties["baseline"] = _evidence(entry.baseline) | {
            "path": entry.baseline.path,
            "line": entry.baseline.line,
            "message": sarif_message(entry.baseline.message),
        }
    return properties


def _evidence(finding: Finding) -> Node:
    return {
        "severity": finding.severity.value,
        "security-severity": _SCORES[finding.severity],
        "confidence": finding.confidence.value,
        "category": finding.category.value,
        "api": finding.api,
        "destinations": finding.destinations,
        "secrets": finding.secrets,
        "details": [{"name": name, "value": value} for name, value in finding.details],
        "package": finding.package,
        "evidence": finding.evidence,
    }


def _release(info: ReleaseInfo) -> Node:
    return {"name": info.name, "version": info.version, "files": info.files}


def _notification(note: Note, artifacts: _Artifacts) -> Node:
    notification: Node = {
        "descriptor": {"id": note.kind},
        "level": note.level,
        "message": {"text": sarif_message(note.text)},
    }
    if note.path:
        physical: Node = {"artifactLocation": artifacts.location(note.path)}
        if note.line > 0:
            physical["region"] = {"startLine": note.line}
        notification["locations"] = [{"physicalLocation": physical}]
    return notification


FORMAT = Format("sarif", "sarif", "SARIF 2.1.0 for code scanning", render)
