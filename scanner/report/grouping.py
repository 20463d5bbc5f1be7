"""The same finding in many places, shown once; and what a report for people leaves out by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from scanner.model.finding import Finding, Severity
from scanner.model.report import BaselineState
from scanner.report.base import ReportView
from scanner.report.rows import Entry, worst_first
from scanner.report.summary import count

_DECIDED = "decided"
_CALLS = frozenset({"outbound-call", "url-capable-call"})
_OF_ONE_CALL = frozenset({"url", "via", "sends", "channel"})
"""Details in which calls of one wrapper to one destination may differ."""


class Group(msgspec.Struct, frozen=True):
    """Entries that differ only in their place; never empty."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The one that is shown in full."""
        return self.entries[0]


class Selection(msgspec.Struct, frozen=True):
    """What is shown and what is only counted."""

    groups: tuple[Group, ...]
    hidden: tuple[tuple[str, int], ...]
    """(`low`, 37), (`unchanged`, 812): words and positive numbers."""

    @property
    def hidden_words(self) -> str:
        """`37 low, 812 unchanged findings`; empty when everything is shown."""
        if not self.hidden:
            return ""
        parts = [f"{number:,} {word}" for word, number in self.hidden]
        total = sum(number for _, number in self.hidden)
        return f"{', '.join(parts)} {'finding' if total == 1 else 'findings'}"


def select(view: ReportView, found: Iterable[Entry]) -> Selection:
    """Groups worst first: all of them, or what has changed and is medium or worse."""
    shown: list[Entry] = []
    hidden: Counter[str] = Counter()
    for entry in worst_first(found):
        reason = "" if view.show_all else _reason_to_hide(entry)
        if reason:
            hidden[reason] += 1
        else:
            shown.append(entry)
    order = [_DECIDED, *(severity.value for severity in Severity), BaselineState.UNCHANGED.value]
    return Selection(tuple(group(shown)), tuple((word, hidden[word]) for word in order if hidden[word]))


def group(found: Iterable[Entry]) -> list[Group]:
    """Entries with the same rule, state, severity, API, destinations, secrets and details, in the given order.

    Calls that leave the server and are of medium severity at most are one group for each wrapper and destination:
    their addresses and what they send may differ.
    """
    members: dict[object, list[Entry]] = {}
    for entry in found:
        members.setdefault(_key(entry), []).append(entry)
    return [Group(tuple(entries)) for entries in members.values()]


def places(members: Iterable[Entry], limit: int | None) -> tuple[list[Entry], str]:
    """The first `limit` of the places, and words for the rest."""
    every = list(members)
    if limit is None or len(every) <= limit:
        return every, ""
    return every[:limit], f"and {count(len(every) - limit, 'more place')}"


def _reason_to_hide(entry: Entry) -> str:
    if entry.state is BaselineState.UNCHANGED:
        return BaselineState.UNCHANGED.value
    if entry.decided:
        return _DECIDED
    severity = entry.finding.severity
    return severity.value if severity.rank > Severity.MEDIUM.rank else ""


def _key(entry: Entry) -> object:
    finding = entry.finding
    folded = finding.rule in _CALLS and finding.severity.rank >= Severity.MEDIUM.rank
    old = _evidence(entry.baseline, folded=folded) if entry.baseline else None
    confidence = None if folded else finding.confidence
    new = _evidence(finding, folded=folded)
    return (entry.state, finding.rule, finding.severity, confidence, new, old, entry.judgement, entry.lowered)


def _evidence(finding: Finding, *, folded: bool) -> object:
    details = finding.details
    if folded:
        details = tuple(item for item in details if item[0] not in _OF_ONE_CALL)
    return (finding.api, finding.destinations, finding.secrets, details)
