"""The first screen's question: what can this release do that the last could not? In a scan: what can it do?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from scanner.model.finding import Category, Severity
from scanner.model.report import BaselineState
from scanner.report.document import Document, FindingRecord
from scanner.report.html.flows import Flow
from scanner.report.html.text import fragment
from scanner.report.rows import EndpointRow, PackageRow
from scanner.report.summary import CLOSED_AUTH, count, is_less_open, is_news

LINES = 6
"""Lines of one card."""
_CHANGED = (BaselineState.NEW, BaselineState.UPDATED)
_CHANGED_WORDS = ",".join(_CHANGED)
_RUNS_CODE = (Category.PAYLOAD, Category.CONCEALMENT)
_WEAKER = (Category.WEAKENING, Category.INTEGRITY)


class Line(msgspec.Struct, frozen=True):
    """One thing the release can do."""

    name: str
    note: str
    link: str
    """Fragment of the page that shows it."""
    alarm: bool = False
    findings: int = 1


class Card(msgspec.Struct, frozen=True):
    """A kind of ability and its lines; without lines it says that there are none."""

    title: str
    lines: tuple[Line, ...]
    total: int
    """What the card counts: its lines, or the findings behind them."""
    rest: int
    """Lines that are not shown."""
    more: str
    """Fragment with all of them."""
    alarm: bool


def news(report: Document, found: Sequence[Flow]) -> list[Card]:
    """Cards in a fixed order, whether empty or not: "none" is an answer too."""
    return _changes(report, found) if report.baseline else _inventory(report, found)


def _changes(report: Document, found: Sequence[Flow]) -> list[Card]:
    fresh = [row for row in report.findings if row.state in _CHANGED]
    fresh_pages = [r for r in report.endpoints if r.state is BaselineState.NEW and r.auth not in CLOSED_AUTH]
    opened = [*fresh_pages, *(r for r in report.endpoints if is_news(r))]
    closed = [r for r in report.endpoints if is_less_open(r)]
    packages = [row for row in report.packages if row.gained or row.content_changed_without_version]
    return [
        _card("Contacts new destinations", [_host(flow) for flow in found if flow.state is BaselineState.NEW]),
        _card("Sends secrets on new ways", list(_pairs(found, BaselineState.NEW))),
        _card("Opens pages without login", [_page(row) for row in (*opened, *closed)], "#pages"),
        _card("Runs or hides code", _rules(fresh, _RUNS_CODE, _CHANGED_WORDS), "#findings"),
        _card("Changes inside bundled packages", [_package(row) for row in packages], "#packages"),
        _card("Weakens protection, or is not what it seems", _rules(fresh, _WEAKER, _CHANGED_WORDS), "#findings"),
        _card("Does what could not be resolved", _rules(fresh, (Category.BLIND_SPOT,), _CHANGED_WORDS), "#findings"),
        _card("No longer contacts", [_host(flow) for flow in found if flow.state is BaselineState.ABSENT]),
    ]


def _inventory(report: Document, found: Sequence[Flow]) -> list[Card]:
    pages = [row for row in report.endpoints if row.auth not in CLOSED_AUTH]
    able = [row for row in report.packages if row.capabilities]
    return [
        _card("Contacts destinations", [_host(flow) for flow in found if flow.is_server], "#destinations"),
        _card("Sends secrets", list(_pairs(found, None)), "#secrets"),
        _card("Has pages without login", [_page(row) for row in pages], "#pages"),
        _card("Runs or hides code", _rules(report.findings, _RUNS_CODE), "#findings"),
        _card("Bundles packages", [_package(row) for row in able], "#packages"),
        _card("Weakens protection, or is not what it seems", _rules(report.findings, _WEAKER), "#findings"),
        _card("Does what could not be resolved", _rules(report.findings, (Category.BLIND_SPOT,)), "#findings"),
    ]


def _card(title: str, lines: Sequence[Line], more: str = "#destinations") -> Card:
    total = sum(line.findings for line in lines)
    rest = max(0, len(lines) - LINES)
    return Card(title, tuple(lines[:LINES]), total, rest, more, any(line.alarm for line in lines))


def _host(flow: Flow) -> Line:
    secrets = [party.name for party in flow.secrets]
    words = f"gets {_some(secrets)}" if secrets else "from " + _some([party.name for party in flow.callers])
    alarm = bool(secrets) and flow.state is BaselineState.NEW
    return Line(flow.host, words, fragment(host=flow.host), alarm)


def _pairs(found: Iterable[Flow], state: BaselineState | None) -> Iterable[Line]:
    for flow in found:
        for party in flow.secrets:
            if party.state is state:
                alarm = state is not None and flow.severity.rank <= Severity.HIGH.rank
                yield Line(party.name, f"to {flow.host}", fragment(secret=party.name, host=flow.host), alarm)


def _page(row: EndpointRow) -> Line:
    was = f"{row.baseline_auth} → {row.auth}" if row.baseline_auth not in (None, row.auth) else row.auth
    note = f"login: {was}" + (f"; new: {', '.join(row.gained)}" if row.gained else "")
    note += f"; {', '.join(row.effects)}" if row.effects and not row.gained else ""
    opens = row.state is BaselineState.NEW or row.baseline_auth in CLOSED_AUTH
    return Line(row.path, note, fragment(q=row.path), opens and row.auth not in CLOSED_AUTH and row.state is not None)


def _package(row: PackageRow) -> Line:
    notes = []
    if row.content_changed_without_version:
        notes.append(f"changed, still {row.new or 'unknown version'}")
    if row.gained:
        notes.append("gains " + ", ".join(row.gained))
    if row.state is None:
        notes.append("able to: " + ", ".join(row.capabilities))
    return Line(row.name, "; ".join(notes), fragment(package=row.name), row.content_changed_without_version)


def _rules(rows: Iterable[FindingRecord], categories: Sequence[Category], states: str = "") -> list[Line]:
    """One line per rule: how many, and where first."""
    by_rule: dict[str, list[FindingRecord]] = {}
    for row in rows:
        if row.category in categories:
            by_rule.setdefault(row.rule, []).append(row)

    def line(rule: str, found: list[FindingRecord]) -> Line:
        worst = min(row.severity.rank for row in found)
        places = Counter(row.path for row in found)
        where = min(places, key=lambda path: (-places[path], path))
        rest = f" and {count(len(places) - 1, 'more file')}" if len(places) > 1 else ""
        link = f"{fragment(rule=rule)}&state={states}" if states else fragment(rule=rule)
        note = f"{count(len(found), 'finding')} in {where}{rest}"
        return Line(rule, note, link, worst <= Severity.HIGH.rank, len(found))

    return [line(rule, by_rule[rule]) for rule in sorted(by_rule, key=_worst_first(by_rule))]


def _worst_first(by_rule: dict[str, list[FindingRecord]]) -> Callable[[str], tuple[int, str]]:
    return lambda rule: (min(row.severity.rank for row in by_rule[rule]), rule)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown  # noqa: PLR2004  three fit a line
