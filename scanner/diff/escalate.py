"""Severity of change: what is new weighs more than what was there.

A destination that the baseline never named makes a new or changed call `high`; the table is in docs/severity.md.
"""

from __future__ import annotations

import msgspec

from scanner.model.finding import Category, Finding, Severity
from scanner.model.report import BaselineState, Comparison, FindingChange

_NAMELESS = frozenset({"unresolved", "user-input", "own-server", "local", "local-mail-server"})


def escalate(comparison: Comparison) -> Comparison:
    """The comparison with severities raised where the change is what matters."""
    known = {
        host
        for finding in comparison.baseline.findings
        if finding.category in (Category.EGRESS, Category.EXFILTRATION)
        for host in finding.destinations
    }
    old_pages = {endpoint.path: endpoint.auth for endpoint in comparison.baseline.endpoints}
    changes = tuple(_raised(change, known, old_pages) for change in comparison.changes)
    return msgspec.structs.replace(comparison, changes=tuple(sorted(changes, key=_order)))


def _raised(change: FindingChange, known: set[str], old_pages: dict[str, str]) -> FindingChange:
    finding = change.current
    if finding is None or change.state not in (BaselineState.NEW, BaselineState.UPDATED):
        return change
    severity = _severity(finding, known, old_pages)
    if severity.rank >= finding.severity.rank:
        return change
    return msgspec.structs.replace(change, current=msgspec.structs.replace(finding, severity=severity))


def _severity(finding: Finding, known: set[str], old_pages: dict[str, str]) -> Severity:
    if finding.category is Category.EGRESS:
        news = [host for host in finding.destinations if host not in known and host not in _NAMELESS]
        if any(":" not in host for host in news):
            return Severity.HIGH
        if news:
            return Severity.MEDIUM
        if dict(finding.details).keys() & {"tls-verify"}:
            return Severity.MEDIUM
    if finding.category is Category.ENDPOINT and finding.api == "none" and old_pages.get(finding.path) != "none":
        return Severity.HIGH
    return finding.severity


_STATES = [BaselineState.NEW, BaselineState.UPDATED, BaselineState.ABSENT, BaselineState.UNCHANGED]


def _order(change: FindingChange) -> tuple[int, int, str, int, str, str]:
    finding = change.finding
    return (
        _STATES.index(change.state), finding.severity.rank, finding.path, finding.line, finding.rule, finding.identity,
    )  # fmt: skip
