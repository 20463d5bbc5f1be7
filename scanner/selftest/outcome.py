"""Which of the planted tricks a comparison shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from scanner.model.finding import Finding
from scanner.model.report import BaselineState, Comparison
from scanner.selftest.plant import Planted

_CHANGED = (BaselineState.NEW, BaselineState.UPDATED)


class Outcome(NamedTuple):
    """One trick, and the best finding that shows it."""

    planted: Planted
    finding: Finding | None


def outcomes(comparison: Comparison, planted: Iterable[Planted]) -> tuple[Outcome, ...]:
    """One outcome per trick, in their order."""
    found: dict[str, list[Finding]] = {}
    for change in comparison.changes:
        if change.state in _CHANGED:
            found.setdefault(change.finding.path, []).append(change.finding)
    return tuple(
        Outcome(item, next((finding for finding in found.get(item.path, ()) if shows(finding, item)), None))
        for item in planted
    )


def shows(finding: Finding, planted: Planted) -> bool:
    """Whether a finding in the planted text is what the trick expects."""
    expect = planted.trick.expect
    if finding.line < planted.line or finding.category not in expect.category:
        return False
    if finding.severity.rank > expect.severity.rank:
        return False
    details = (value for _, value in finding.details)
    shown = "\n".join((finding.rule, finding.api, finding.message, *finding.destinations, *finding.secrets, *details))
    return all(name.lower() in shown.lower() for name in expect.names)


def by_kind(found: Iterable[Outcome]) -> dict[str, tuple[int, int]]:
    """Kind -> tricks found, and all of them; in the order of the kinds."""
    every, hits = Counter[str](), Counter[str]()
    for item in found:
        every[item.planted.trick.kind] += 1
        hits[item.planted.trick.kind] += item.finding is not None
    return {kind: (hits[kind], count) for kind, count in every.items()}
