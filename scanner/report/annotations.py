"""The worst findings as workflow commands, which GitHub shows beside the changed lines.

Source: GitHub's documentation of workflow commands, and `toCommandValue` and `escapeProperty` in actions/toolkit: `%`,
carriage return and line feed are escaped everywhere, `:` and `,` in properties too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scanner.model.finding import Severity
from scanner.report import rows
from scanner.report.base import ReportView
from scanner.report.escape import spell

LIMIT: Final = 10
"""GitHub shows ten annotations of each kind for a step."""
_COMMANDS: Final = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}


def annotations_of(view: ReportView) -> str:
    """One line for each alarm and for each of the ten worst findings that are new, changed and undecided."""
    found = rows.entries(view)
    judged = rows.verdict(view, found)
    lines = [_command("error", {"title": "redcap-scanner"}, notice.text) for notice in judged.alarms]
    open_ = [
        entry
        for entry in rows.worst_first(found)
        if entry.state in rows.COUNTED and not entry.decided and entry.finding.severity in _COMMANDS
    ]
    for entry in open_[: max(0, LIMIT - len(lines))]:
        finding = entry.finding
        state = f" ({entry.state.value})" if entry.state else ""
        properties = {
            "file": view.located.get(finding.path, finding.path),
            "line": str(max(1, finding.line)),
            "endLine": str(max(1, finding.line, finding.end_line)),
            "title": f"{finding.rule}{state}",
        }
        lines.append(_command(_COMMANDS[finding.severity], properties, finding.message))
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    values = ",".join(f"{key}={_property(spell(value, 300))}" for key, value in properties.items())
    return f"::{name} {values}::{_data(spell(message, 600))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
