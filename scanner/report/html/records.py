"""Findings as the page's script reads them: short records, bounded in number and size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from scanner.model.finding import Severity
from scanner.model.report import BaselineState
from scanner.report.base import ReportView
from scanner.report.document import Decision, Document, FindingRecord, LoweredRecord, Side, Step
from scanner.report.escape import well_formed
from scanner.report.html.colours import Line, coloured
from scanner.report.html.text import LONG, script_json, shown
from scanner.report.rows import entries

FULL_BYTES = 8_000_000
"""Size of the findings from which on further ones come without code and trace."""
ALL_BYTES = 11_000_000
"""Size from which on further ones are counted only."""
VALUES = 40
"""Destinations, secrets or details of one finding; the rest is counted."""
STEPS = 24
"""Steps of a trace; the middle of a longer one is left out."""
NOT_COMPARED = "not-compared"
"""State of findings in files that an upgrade archive does not hold."""


class SideData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding as one release has it. Every text is spelled; a default is left out."""

    severity: str
    confidence: str
    path: str
    line: int
    end: int
    message: str
    symbol: str = ""
    api: str = ""
    to: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    trace: tuple[tuple[str, int, str], ...] = ()
    """(path, line, what happens); line -1 for steps that are left out."""
    code: tuple[Line, ...] = ()
    above: int = 0
    """Lines of `code` before those of the finding."""
    below: int = 0
    """Lines of `code` after those of the finding."""
    package: str = ""


class FindingData(SideData, frozen=True, kw_only=True, omit_defaults=True):
    """A finding of the page."""

    id: str
    evidence: str
    rule: str
    category: str
    state: str = ""
    old: SideData | None = None
    moved: str = ""
    decision: dict[str, str] = {}
    lowered: dict[str, str] = {}
    """What the policy did to the severity."""
    raw: tuple[str, str] | None = None
    """Path and symbol for a decision, when they are not what is shown."""
    short: bool = False
    """Code and trace were left out: the page would have grown too large."""


class Findings(msgspec.Struct, frozen=True):
    """The findings of a page."""

    records: tuple[FindingData, ...]
    short: int
    """Records without code and trace."""
    left_out: int
    """Findings without a record."""


Around = Mapping[tuple[str, str, str, int], tuple[tuple[str, ...], tuple[str, ...]]]
"""Lines above and below an excerpt, by `_key` of its finding."""


def findings(report: Document, view: ReportView) -> Findings:
    """Records in the order of the report: new ones first, each state worst first."""
    around = _around(view)
    records: list[FindingData] = []
    size = short = 0
    rows: list[tuple[str, Side]] = [(row.state.value if row.state else "", row) for row in report.findings]
    rows += [(NOT_COMPARED, row) for row in report.not_compared]
    for state, row in rows:
        if size > ALL_BYTES:
            break
        record = _finding(row, state, around, full=size <= FULL_BYTES)
        short += record.short
        size += len(script_json(record))
        records.append(record)
    return Findings(tuple(records), short, len(rows) - len(records))


def _around(view: ReportView) -> Around:
    """Context of the findings that a reviewer decides about: what changed, or in a scan is medium and worse.

    The others do without: they are many.
    """
    if not view.excerpts:
        return {}
    wanted = [
        side
        for entry in entries(view)
        if entry.state is not BaselineState.UNCHANGED
        if entry.state is not None or entry.finding.severity.rank <= Severity.MEDIUM.rank
        for side in (entry.finding, entry.baseline)
        if side is not None
    ]
    return {(side.identity, side.evidence, side.path, side.line): (side.before, side.after) for side in wanted}


def _finding(row: Side, state: str, around: Around, *, full: bool) -> FindingData:
    extra: dict[str, Any] = {}
    if isinstance(row, FindingRecord):
        extra = {
            "old": SideData(**_values(row.baseline, around, full=full)) if row.baseline else None,
            "moved": shown(row.moved_from) if row.moved_from else "",
            "decision": _decision(row.decision),
            "lowered": _decision(row.lowered),
        }
    raw = (well_formed(row.path), well_formed(row.symbol))
    return FindingData(
        **_values(row, around, full=full),
        **extra,
        id=shown(row.identity),
        evidence=shown(row.evidence),
        rule=shown(row.rule),
        category=row.category.value,
        state=state,
        raw=raw if raw != (shown(row.path), shown(row.symbol)) else None,
        short=not full and bool(row.excerpt or row.trace),
    )


def _values(row: Side, around: Around, *, full: bool) -> dict[str, Any]:
    above, below = around.get((row.identity, row.evidence, row.path, row.line), ((), ())) if row.excerpt else ((), ())
    return {
        "severity": row.severity.value,
        "confidence": row.confidence.value,
        "path": shown(row.path),
        "line": row.line,
        "end": row.end_line,
        "message": shown(row.message, LONG),
        "symbol": shown(row.symbol),
        "api": shown(row.api),
        "to": _names(row.destinations),
        "secrets": _names(row.secrets),
        "details": _details(row),
        "trace": tuple(_trace(row.trace)) if full else (),
        "code": tuple(coloured((*above, *row.excerpt, *below), row.path)) if full else (),
        "above": len(above) if full else 0,
        "below": len(below) if full else 0,
        "package": shown(row.package),
    }


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    rest = len(values) - VALUES
    return tuple(shown(value) for value in values[:VALUES]) + ((f"and {rest:,} more",) if rest > 0 else ())


def _details(row: Side) -> tuple[tuple[str, str], ...]:
    rest = len(row.details) - VALUES
    kept = tuple((shown(item.name, 60), shown(item.value, LONG)) for item in row.details[:VALUES])
    return kept + ((("more", f"{rest:,} left out"),) if rest > 0 else ())


def _trace(steps: tuple[Step, ...]) -> Iterable[tuple[str, int, str]]:
    """Source and sink tell most: the middle of a long trace goes."""
    left = len(steps) - STEPS
    head = steps if left <= 0 else steps[: STEPS // 2]
    yield from ((shown(step.path), step.line, shown(step.text)) for step in head)
    if left > 0:
        yield "", -1, f"{left:,} steps between"
        yield from ((shown(step.path), step.line, shown(step.text)) for step in steps[-STEPS // 2 :])


def _decision(decision: Decision | LoweredRecord | None) -> dict[str, str]:
    """Every part of a decision that is a text or a number, by name; `{}` without one."""
    if decision is None:
        return {}
    parts = msgspec.to_builtins(decision)
    return {name: shown(str(value), LONG) for name, value in parts.items() if value not in ("", None)}
