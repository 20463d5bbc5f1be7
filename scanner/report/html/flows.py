"""Who talks to whom: each destination with the features that contact it and the secrets that go there."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from pathlib import PurePosixPath

import msgspec

from scanner.model.finding import Category, Severity
from scanner.model.report import BaselineState
from scanner.report.document import Document, FindingRecord, Side

NETWORK = (Category.EGRESS, Category.EXFILTRATION)
_NAMED = ("unresolved", "user-input", "own-server", "local")
"""Destinations that are no name of a server."""
_ORDER: dict[BaselineState | None, int] = {None: 0} | {state: index for index, state in enumerate(BaselineState)}

State = BaselineState | None


class Party(msgspec.Struct, frozen=True):
    """A feature that contacts a destination, or a secret that goes there."""

    name: str
    state: State
    """Of the pair, not of the party alone: a known secret on a new way is new."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One destination and all that has to do with it."""

    host: str
    state: State
    severity: Severity
    """The worst of its findings; of those of the old release when it is gone."""
    findings: int
    callers: tuple[Party, ...]
    secrets: tuple[Party, ...]
    apis: tuple[str, ...]
    """Functions and wrappers that reach it, sorted."""

    @property
    def is_server(self) -> bool:
        """Whether the destination names a server, or a pattern of names."""
        return self.host not in _NAMED and not self.host.startswith("config:")


class _Gathered:
    """What is known of one destination while the findings are read: name -> releases that have it."""

    def __init__(self) -> None:
        self.callers: dict[str, set[str]] = {}
        self.secrets: dict[str, set[str]] = {}
        self.apis: set[str] = set()
        self.sides: set[str] = set()
        self.severities: dict[str, set[Severity]] = {"old": set(), "new": set()}
        self.findings = 0


def feature(side: Side, packages: Container[str]) -> str:
    """What a reviewer calls the place: bundled package (of those that have a version), class, function, or file."""
    if side.package in packages:
        return side.package
    owner = side.symbol.split("::")[0].rsplit("\\", 1)[-1]
    return owner if owner and not owner.startswith("{") else PurePosixPath(side.path).name or side.path


def flows(report: Document) -> list[Flow]:
    """Every destination of a call or of a secret, changed ones first, then by severity and name."""
    compared = report.baseline is not None
    packages = {row.name for row in report.packages if row.old or row.new}
    gathered: dict[str, _Gathered] = {}
    for record in report.findings:
        if record.category not in NETWORK:
            continue
        for release, side in sides(record):
            for host in side.destinations:
                _add(gathered.setdefault(host, _Gathered()), release, side, feature(side, packages))
        for host in record.destinations:
            gathered[host].findings += 1
    states = {row.host: row.state for row in report.destinations}
    found = [
        _flow(host, item, states.get(host, _state(item.sides, compared=compared)), compared=compared)
        for host, item in gathered.items()
    ]
    return sorted(found, key=lambda flow: (_ORDER[flow.state], flow.severity.rank, not flow.is_server, flow.host))


def sides(record: FindingRecord) -> Iterator[tuple[str, Side]]:
    """The finding as each release has it: `old`, `new`."""
    if record.state is not BaselineState.ABSENT:
        yield "new", record
    if record.baseline is not None:
        yield "old", record.baseline
    elif record.state in (BaselineState.ABSENT, BaselineState.UNCHANGED):
        yield "old", record


def _add(item: _Gathered, release: str, side: Side, caller: str) -> None:
    item.sides.add(release)
    item.callers.setdefault(caller, set()).add(release)
    item.severities[release].add(side.severity)
    if side.api:
        item.apis.add(side.api)
    if side.category is Category.EXFILTRATION:
        for name in side.secrets:
            item.secrets.setdefault(name, set()).add(release)


def _flow(host: str, item: _Gathered, state: State, *, compared: bool) -> Flow:
    severities = item.severities["new"] or item.severities["old"]
    return Flow(
        host=host,
        state=state,
        severity=min(severities, key=lambda severity: severity.rank),
        findings=item.findings,
        callers=_parties(item.callers.items(), compared=compared),
        secrets=_parties(item.secrets.items(), compared=compared),
        apis=tuple(sorted(item.apis)),
    )


def _parties(found: Iterable[tuple[str, set[str]]], *, compared: bool) -> tuple[Party, ...]:
    parties = [Party(name, _state(releases, compared=compared)) for name, releases in found]
    return tuple(sorted(parties, key=lambda party: (_ORDER[party.state], party.name)))


def _state(releases: set[str], *, compared: bool) -> State:
    if not compared:
        return None
    if len(releases) > 1:
        return BaselineState.UNCHANGED
    return BaselineState.NEW if "new" in releases else BaselineState.ABSENT
