"""GitLab's code quality report: what is new, changed and undecided, for the widget of a merge request.

Source: GitLab documentation, "Code Quality report format": an array of description, check_name, fingerprint, severity,
location.path, location.lines.begin.
"""

from __future__ import annotations

from scanner.model.finding import Severity
from scanner.report import rows
from scanner.report.base import Format, ReportView
from scanner.report.encode import json_text
from scanner.report.escape import spell

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(view: ReportView) -> str:
    """An array; in a scan of all findings that nobody decided about."""
    return json_text(
        [_issue(entry, view) for entry in rows.entries(view) if entry.state in rows.COUNTED and not entry.decided]
    )


def _issue(entry: rows.Entry, view: ReportView) -> dict[str, object]:
    finding = entry.finding
    return {
        "description": spell(finding.message, 1_000),
        "check_name": finding.rule,
        "fingerprint": finding.identity,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": spell(view.located.get(finding.path, finding.path), 1_000),
            "lines": {"begin": max(1, finding.line), "end": max(1, finding.line, finding.end_line)},
        },
    }


FORMAT = Format("gitlab-codequality", "gl-codequality.json", "code quality report of GitLab", render)
