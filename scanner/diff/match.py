"""Pairs the findings of two releases: new, updated, absent, unchanged.

The pairs come from a list of joins, from the surest to the weakest. A join pairs findings whose keys are equal, each
finding once, in the order of their place. So the work grows with the number of findings, however many are equal,
and the pairs are the same when the two releases change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.diff.join import Key, join
from scanner.diff.moves import Files, moved_files, moved_functions, renamed_units
from scanner.findings.collect import file_order, report_order
from scanner.findings.fingerprint import fingerprint, group_of
from scanner.model.finding import Finding
from scanner.model.report import BaselineState, FindingChange

_STATE_ORDER = (BaselineState.NEW, BaselineState.UPDATED, BaselineState.ABSENT, BaselineState.UNCHANGED)

_SAME: tuple[Key[Finding], ...] = (
    lambda finding: (group_of(finding), finding.evidence, finding.severity, finding.code, finding.excerpt),
    lambda finding: (group_of(finding), finding.evidence, finding.severity, finding.code),
    lambda finding: (group_of(finding), finding.evidence, finding.severity),
)
"""Same place, same evidence. Among findings that equal each other in evidence, the same text is preferred."""

_UPDATED: tuple[Key[Finding], ...] = (
    lambda finding: (group_of(finding), finding.evidence),
    lambda finding: (group_of(finding), finding.destinations, finding.secrets, finding.details),
    lambda finding: (group_of(finding), finding.code) if finding.code else None,
    lambda finding: (group_of(finding), finding.destinations) if finding.destinations else None,
    group_of,
)
"""Same place, something else differs: what is most alike first, at last by order in the file."""


def match(
    baseline: Iterable[Finding],
    current: Iterable[Finding],
    baseline_files: Mapping[str, str] | None = None,
    current_files: Mapping[str, str] | None = None,
) -> tuple[FindingChange, ...]:
    """Every finding of both sides exactly once, sorted by state (new, updated, absent, unchanged), worst first.

    `unchanged` means equal evidence and equal severity at the same place, or in code that moved as a whole.
    Anything less is `updated`, or `new` and `absent`. `match(b, a)` gives the same pairs as `match(a, b)`.

    Shape: the optional mappings give path -> digest of all files of a release, and help to recognise moved files.
    """
    pairing = _Pairing(_prepared(baseline), _prepared(current))
    files = Files.of(pairing.baseline, pairing.current, baseline_files, current_files)
    for key in _SAME:
        pairing.join(BaselineState.UNCHANGED, key, key)
    for move in moved_files(files):
        pairing.join(move.state, move.baseline_key, move.current_key)
    for key in _UPDATED:
        pairing.join(BaselineState.UPDATED, key, key)
    for move in moved_functions(pairing.baseline, pairing.current, files):
        pairing.join(move.state, move.baseline_key, move.current_key)
    move = renamed_units(pairing.baseline, pairing.current, files)
    pairing.join(move.state, move.baseline_key, move.current_key)
    return tuple(sorted(pairing.all_changes(), key=_change_order))


class _Pairing:
    """Findings that wait for a counterpart, in order of place, and the pairs made so far."""

    def __init__(self, baseline: list[Finding], current: list[Finding]) -> None:
        self.baseline = baseline
        self.current = current
        self.changes: list[FindingChange] = []

    def join(self, state: BaselineState, baseline_key: Key[Finding], current_key: Key[Finding]) -> None:
        """Pair what has equal keys; the rest goes on waiting."""
        if self.baseline and self.current:
            pairs, self.baseline, self.current = join(self.baseline, self.current, baseline_key, current_key)
            self.changes.extend(_pair(state, old, new) for old, new in pairs)

    def all_changes(self) -> Iterable[FindingChange]:
        """The pairs, and one change for each finding that found none."""
        yield from self.changes
        for finding in self.baseline:
            yield FindingChange(BaselineState.ABSENT, finding, None)
        for finding in self.current:
            yield FindingChange(BaselineState.NEW, None, finding)


def _pair(state: BaselineState, baseline: Finding, current: Finding) -> FindingChange:
    """A pair, with the old path if the code stands elsewhere now: in another file or under another symbol."""
    stays = baseline.path == current.path and baseline.symbol == current.symbol
    return FindingChange(state, baseline, current, None if stays else baseline.path)


def _prepared(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in order of place, with fingerprints."""
    found = tuple(findings)
    if not all(finding.evidence and finding.moved_key for finding in found):
        found = fingerprint(found)
    return sorted(found, key=file_order)


def _change_order(change: FindingChange) -> tuple[Any, ...]:
    """Sort key of a comparison."""
    finding = change.finding
    rank, _, *rest = report_order(finding)
    return (_STATE_ORDER.index(change.state), rank, *rest)
