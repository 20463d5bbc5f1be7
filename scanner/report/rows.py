"""A scan and a comparison as the same kind of rows, sorted: what all report formats are written from.

In a scan nothing has a state: `state` is None in every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from scanner.errors import ExitCode
from scanner.model.decision import Judgement, Lowering, Notice, Triage
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import BaselineState, Comparison, EndpointSummary, Report
from scanner.report.base import ReportView

STATES = tuple(BaselineState)
_STATE_ORDER: dict[BaselineState | None, int] = {None: -1} | {state: index for index, state in enumerate(STATES)}
_NO_HOST = frozenset({"local", "own-server", "user-input"})
COUNTED = (None, BaselineState.NEW, BaselineState.UPDATED)
"""States of findings that can fail a run: in a comparison only what the current release brings."""


class Entry(msgspec.Struct, frozen=True):
    """A finding and its state. `finding` is the baseline's when the state is absent."""

    state: BaselineState | None
    finding: Finding
    baseline: Finding | None
    """The old side, for state updated only."""
    moved_from: str | None = None
    judgement: Judgement | None = None
    """What was decided about it, and whether that still counts."""
    lowered: Lowering | None = None
    """What the policy did to its severity."""

    @property
    def decided(self) -> bool:
        """Whether a decision in force is about it: it does not fail a run."""
        return self.judgement is not None and self.judgement.decides


class DestinationRow(msgspec.Struct, frozen=True):
    """One destination of outbound calls."""

    host: str
    state: BaselineState | None
    findings: int


class SecretRow(msgspec.Struct, frozen=True):
    """One secret that is used."""

    name: str
    state: BaselineState | None
    findings: int


class Way(msgspec.Struct, frozen=True, order=True):
    """A secret and a place that it goes to."""

    secret: str
    host: str
    possible: bool = False
    """Every finding that has it is only a possible one."""


class EndpointRow(msgspec.Struct, frozen=True):
    """One page and who may call it."""

    path: str
    auth: str
    state: BaselineState | None
    baseline_auth: str | None
    how: str
    effects: tuple[str, ...]
    gained: tuple[str, ...] = ()
    """Effects that the page has and had not in the baseline; none of a page that is new."""


class PackageRow(msgspec.Struct, frozen=True):
    """One bundled package: version of either side and what its code is able to do."""

    name: str
    old: str | None
    new: str | None
    capabilities: tuple[str, ...]
    state: BaselineState | None
    gained: tuple[str, ...]
    content_changed_without_version: bool
    old_capabilities: tuple[str, ...] = ()
    verified: bool = False
    """As published under this name and version, by `--verify-with`."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a run fails, and why."""

    fail_on: Severity | None
    failing: tuple[Entry, ...]
    """Entries at or above `fail_on`; in a comparison only new and updated ones."""
    complete: bool
    """False when a file of either release was not analysed whole within its limits."""
    decided: int = 0
    """Findings that would fail the run and do not, because a decision in force is about them."""
    alarms: tuple[Notice, ...] = ()
    """Signs that somebody tried to get past the review: they fail the run as findings do."""

    def exit_code(self, *, allow_incomplete: bool) -> ExitCode:
        """Findings win over an incomplete scan."""
        if self.failing or self.alarms:
            return ExitCode.FINDINGS
        return ExitCode.OK if self.complete or allow_incomplete else ExitCode.INCOMPLETE


def entries(view: ReportView) -> tuple[Entry, ...]:
    """Every finding once, sorted by state, severity, category, path, line, rule."""
    content = view.content
    if isinstance(content, Report):
        found = [Entry(None, finding, None) for finding in content.findings]
    else:
        found = [
            Entry(
                change.state,
                change.finding,
                change.baseline if change.state is BaselineState.UPDATED else None,
                change.moved_from,
            )
            for change in content.changes
        ]
    if view.triage is not None:
        found = [_triaged(entry, view.triage) for entry in found]
    return tuple(sorted(found, key=_order))


def _triaged(entry: Entry, triage: Triage) -> Entry:
    """The entry with its decision; what is gone from the release needs none."""
    key = (entry.finding.identity, entry.finding.evidence)
    if entry.state is BaselineState.ABSENT:
        return entry
    return msgspec.structs.replace(entry, judgement=triage.judgements.get(key), lowered=triage.lowered.get(key))


def not_compared(view: ReportView) -> list[Finding]:
    """Findings of a comparison in files that one side's archive does not hold, sorted; empty for a scan."""
    if not isinstance(view.content, Comparison):
        return []
    return [entry.finding for entry in sorted((Entry(None, f, None) for f in view.content.not_compared), key=_order)]


def worst_first(found: Iterable[Entry]) -> list[Entry]:
    """The same entries by severity, then by state; what the current release no longer has comes after all others."""
    gone = BaselineState.ABSENT
    return sorted(found, key=lambda entry: (entry.state is gone, entry.finding.severity.rank, _order(entry)))


def _order(entry: Entry) -> tuple[int, int, str, str, int, str, tuple[str, ...]]:
    finding = entry.finding
    return (
        _STATE_ORDER[entry.state],
        finding.severity.rank,
        finding.category.value,
        finding.path,
        finding.line,
        finding.rule,
        (finding.identity, finding.evidence, finding.api, finding.symbol, finding.message, entry.moved_from or ""),
    )


def verdict(view: ReportView, found: Iterable[Entry]) -> Verdict:
    """Findings that fail the run, worst first, and whether the scan was complete."""
    threshold = view.fail_on
    counted: list[Entry] = []
    if threshold is not None:
        counted = [e for e in found if e.state in COUNTED and e.finding.severity.rank <= threshold.rank]
    failing = [entry for entry in counted if not entry.decided]
    sides = [view.current] if view.baseline is None else [view.current, view.baseline]
    complete = not any(side.coverage.incomplete for side in sides)
    alarms = view.triage.alarms if view.triage is not None else ()
    return Verdict(threshold, tuple(worst_first(failing)), complete, len(counted) - len(failing), alarms)


def count_by(found: Iterable[Entry]) -> Counter[tuple[BaselineState | None, Severity]]:
    """Number of entries by state and severity."""
    return Counter((entry.state, entry.finding.severity) for entry in found)


def destinations(view: ReportView) -> list[DestinationRow]:
    """Destinations by state and name."""
    content = view.content
    if isinstance(content, Comparison):
        rows = [DestinationRow(item.host, item.state, item.findings) for item in content.destinations]
    else:
        rows = [DestinationRow(item.host, None, item.findings) for item in content.destinations]
    return sorted(rows, key=lambda row: (_STATE_ORDER[row.state], row.host, row.findings))


def secrets(view: ReportView) -> list[SecretRow]:
    """Used secrets by state and name."""
    content = view.content
    if isinstance(content, Comparison):
        rows = [SecretRow(item.name, item.state, item.findings) for item in content.secrets]
    else:
        rows = [SecretRow(item.name, None, item.findings) for item in content.secrets]
    return sorted(rows, key=lambda row: (_STATE_ORDER[row.state], row.name, row.findings))


def new_ways(view: ReportView, found: Iterable[Entry]) -> list[Way]:
    """Ways of secrets to other machines that the baseline had nowhere, those of the worst findings first.

    Those that are only possible come after all others.
    """
    if view.baseline is None:
        return []
    known = {way for finding in view.baseline.findings for way in _ways(finding)}
    fresh = [entry for entry in found if entry.state in (BaselineState.NEW, BaselineState.UPDATED)]
    sure = {way for e in fresh if e.finding.confidence is not Confidence.POSSIBLE for way in _ways(e.finding)}
    ways = dict.fromkeys(way for entry in worst_first(fresh) for way in sorted(_ways(entry.finding)))
    rows = [Way(way.secret, way.host, way not in sure) for way in ways if way not in known]
    return sorted(rows, key=lambda way: way.possible)


def _ways(finding: Finding) -> set[Way]:
    """Of a flow to the network: not to the browser, a log, or a place that is not named."""
    if finding.category is not Category.EXFILTRATION:
        return set()
    hosts = [host for host in finding.destinations if host not in _NO_HOST]
    return {Way(secret, host) for secret in finding.secrets for host in hosts}


def endpoints(view: ReportView) -> list[EndpointRow]:
    """Pages by state and path; reasons and effects come from the release that has the page."""
    content = view.content
    if isinstance(content, Report):
        rows = [_endpoint(item.path, item.auth, None, None, item) for item in content.endpoints]
    else:
        old, new = ({item.path: item for item in side.endpoints} for side in (content.baseline, content.current))
        rows = [
            _endpoint(
                item.path, item.auth, item.state, item.baseline_auth, new.get(item.path) or old.get(item.path),
                old.get(item.path),
            )
            for item in content.endpoints
        ]  # fmt: skip
    return sorted(rows, key=lambda row: (_STATE_ORDER[row.state], row.path, row.auth, row.how))


def _endpoint(
    path: str,
    auth: str,
    state: BaselineState | None,
    old: str | None,
    summary: EndpointSummary | None,
    before: EndpointSummary | None = None,
) -> EndpointRow:
    how, effects = (summary.how, summary.effects) if summary else ("", ())
    gained = tuple(item for item in effects if before and item not in before.effects)
    return EndpointRow(path, auth, state, old, how, effects, gained)


def packages(view: ReportView) -> list[PackageRow]:
    """Bundled packages by state and name."""
    content = view.content
    if isinstance(content, Report):
        rows = [
            PackageRow(i.name, None, i.version, i.capabilities, None, (), False, verified=i.verified)
            for i in content.packages
        ]
    else:
        rows = [
            PackageRow(
                i.name,
                i.old,
                i.new,
                i.capabilities,
                i.state,
                i.gained,
                i.content_changed_without_version,
                i.old_capabilities,
                i.verified,
            )
            for i in content.packages
        ]
    return sorted(rows, key=lambda row: (_STATE_ORDER[row.state], row.name, row.old or "", row.new or ""))
