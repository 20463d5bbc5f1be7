"""GitLab's SAST report, for the security tab of a pipeline.

Source: gitlab-org/security-products/security-report-schemas, `sast-report-format.json`, version 15.2.1: required are
`version`, `scan` with analyzer, scanner, type, times and status, and `vulnerabilities` with id, location, identifiers.
Times are those of 1970: the same input gives the same report.
"""

from __future__ import annotations

import uuid
from typing import Any

from scanner.model.finding import Finding, Severity
from scanner.report import rows
from scanner.report.base import Format, ReportView
from scanner.report.encode import json_text
from scanner.report.escape import spell

VERSION = "15.2.1"
_MOMENT = "1970-01-01T00:00:00"
_SEVERITIES = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Info",
}
_NAMESPACE = uuid.UUID("6f1c1a52-5c53-5d0b-9a6e-2f2f8a3f4b11")


def render(view: ReportView) -> str:
    """A report with what is new, changed and undecided; in a scan with all findings that nobody decided about."""
    found = [entry.finding for entry in rows.entries(view) if entry.state in rows.COUNTED and not entry.decided]
    tool = {
        "id": "redcap-scanner",
        "name": "redcap-scanner",
        "vendor": {"name": "redcap-scanner"},
        "version": spell(view.current.tool_version, 60) or "0",
    }
    return json_text(
        {
            "version": VERSION,
            "scan": {
                "analyzer": tool,
                "scanner": tool,
                "type": "sast",
                "start_time": _MOMENT,
                "end_time": _MOMENT,
                "status": "success",
            },
            "vulnerabilities": [_vulnerability(finding, view) for finding in found],
        }
    )


def _vulnerability(finding: Finding, view: ReportView) -> dict[str, Any]:
    line = max(1, finding.line)
    location: dict[str, Any] = {
        "file": spell(view.located.get(finding.path, finding.path), 1_000),
        "start_line": line,
        "end_line": max(line, finding.end_line),
    }
    if finding.symbol:
        location["method"] = spell(finding.symbol, 255)
    return {
        "id": str(uuid.uuid5(_NAMESPACE, f"{finding.identity} {finding.evidence}")),
        "name": spell(f"{finding.rule}: {finding.api}", 255),
        "description": spell(finding.message, 10_000),
        "severity": _SEVERITIES[finding.severity],
        "location": location,
        "identifiers": [
            {
                "type": "redcap_scanner_rule",
                "name": spell(finding.rule, 255),
                "value": spell(finding.rule, 255) or "rule",
            }
        ],
    }


FORMAT = Format("gitlab-sast", "gl-sast.json", "SAST report of GitLab", render)
