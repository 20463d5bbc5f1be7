"""What the changes add up to: destinations, secrets, endpoints and bundled packages, each old against new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from scanner.detectors.temper import names_hosts
from scanner.diff.join import Joined, Key, join
from scanner.model.finding import Category, Finding
from scanner.model.report import (
    BaselineState,
    DestinationChange,
    EndpointChange,
    EndpointSummary,
    FindingChange,
    PackageChange,
    PackageSummary,
    SecretChange,
)

_S = TypeVar("_S", EndpointSummary, PackageSummary)

_OUTBOUND = frozenset((Category.EGRESS, Category.EXFILTRATION))
_STATE_ORDER = (BaselineState.NEW, BaselineState.UPDATED, BaselineState.ABSENT, BaselineState.UNCHANGED)


def destinations(changes: Iterable[FindingChange]) -> tuple[DestinationChange, ...]:
    """Hosts that the outbound calls of either release name, sorted by state and host.

    `updated`: both releases reach the host, and a call that names it on either side is new, gone or changed.
    """
    return tuple(
        DestinationChange(state, host, count)
        for state, host, count in _names(
            changes,
            lambda found: found.destinations if found.category in _OUTBOUND and names_hosts(found) else (),
        )
    )


def with_hosts(rows: tuple[DestinationChange, ...], changes: Iterable[FindingChange]) -> tuple[DestinationChange, ...]:
    """The destinations, and those that only a comparison finds: hosts that a list of addresses gained."""
    counts = Counter(host for change in changes for host in change.finding.destinations)
    if not counts:
        return rows
    known = {row.host for row in rows}
    counted = [msgspec.structs.replace(row, findings=row.findings + counts.pop(row.host, 0)) for row in rows]
    gained = [DestinationChange(BaselineState.NEW, host, count) for host, count in counts.items() if host not in known]
    return tuple(sorted((*counted, *gained), key=lambda row: (_STATE_ORDER.index(row.state), row.host)))


def secrets(changes: Iterable[FindingChange]) -> tuple[SecretChange, ...]:
    """Secrets that the findings of either release name; states as for destinations."""
    return tuple(SecretChange(state, name, count) for state, name, count in _names(changes, lambda f: f.secrets))


def _names(
    changes: Iterable[FindingChange], names_of: Callable[[Finding], tuple[str, ...]]
) -> list[tuple[BaselineState, str, int]]:
    """State, name and number of findings for each name, sorted by state and name."""
    old: Counter[str] = Counter()
    new: Counter[str] = Counter()
    touched: set[str] = set()
    for change in changes:
        before = frozenset(names_of(change.baseline)) if change.baseline else frozenset()
        after = frozenset(names_of(change.current)) if change.current else frozenset()
        old.update(before)
        new.update(after)
        if change.state is not BaselineState.UNCHANGED:
            touched |= before | after
    rows = [
        *((BaselineState.NEW, name, new[name]) for name in new.keys() - old.keys()),
        *((BaselineState.ABSENT, name, old[name]) for name in old.keys() - new.keys()),
        *((_kept(changed=name in touched), name, new[name]) for name in old.keys() & new.keys()),
    ]
    return sorted(rows, key=lambda row: (_STATE_ORDER.index(row[0]), row[1]))


def endpoints(baseline: Iterable[EndpointSummary], current: Iterable[EndpointSummary]) -> tuple[EndpointChange, ...]:
    """Pages by path. `updated`: other access class or other effects; why the class was given does not count."""
    joined = _join_by(
        baseline,
        current,
        lambda item: (item.path, item.auth, item.effects),
        lambda item: (item.path, item.auth),
        lambda item: item.path,
    )
    rows = [
        *(EndpointChange(BaselineState.NEW, item.path, item.auth) for item in joined.current),
        *(EndpointChange(BaselineState.ABSENT, item.path, item.auth, item.auth) for item in joined.baseline),
        *(
            EndpointChange(
                _kept(changed=(old.auth, old.effects) != (new.auth, new.effects)), new.path, new.auth, old.auth
            )
            for old, new in joined.pairs
        ),
    ]
    return tuple(
        sorted(rows, key=lambda row: (_STATE_ORDER.index(row.state), row.path, row.auth, row.baseline_auth or ""))
    )


def packages(baseline: Iterable[PackageSummary], current: Iterable[PackageSummary]) -> tuple[PackageChange, ...]:
    """Bundled packages by name; copies of one package are paired by version, then by content.

    A package that is new has gained all its capabilities. Where no version is known, "changed without a version
    change" cannot be said; such a package is `updated`.
    """
    joined = _join_by(
        baseline,
        current,
        lambda item: (item.name, item.version, item.digest),
        lambda item: (item.name, item.version),
        lambda item: (item.name, item.digest),
        lambda item: item.name,
    )
    rows = [
        *(
            PackageChange(
                BaselineState.NEW,
                item.name,
                None,
                item.version,
                item.capabilities,
                item.capabilities,
                verified=item.verified,
            )
            for item in joined.current
        ),
        *(
            PackageChange(
                BaselineState.ABSENT,
                item.name,
                item.version,
                None,
                item.capabilities,
                old_capabilities=item.capabilities,
            )
            for item in joined.baseline
        ),
        *(_package_change(old, new) for old, new in joined.pairs),
    ]
    return tuple(sorted(rows, key=lambda row: (_STATE_ORDER.index(row.state), row.name, row.old or "", row.new or "")))


def _package_change(old: PackageSummary, new: PackageSummary) -> PackageChange:
    """A package that both releases have."""
    content = old.digest != new.digest
    changed = content or old.version != new.version or set(old.capabilities) != set(new.capabilities)
    return PackageChange(
        _kept(changed=changed),
        new.name,
        old.version,
        new.version,
        new.capabilities,
        gained=tuple(sorted(set(new.capabilities) - set(old.capabilities))),
        content_changed_without_version=content and old.version == new.version != "",
        old_capabilities=old.capabilities,
        verified=new.verified,
    )


def _kept(*, changed: bool) -> BaselineState:
    """State of something that both sides have."""
    return BaselineState.UPDATED if changed else BaselineState.UNCHANGED


def _join_by(baseline: Iterable[_S], current: Iterable[_S], *keys: Key[_S]) -> Joined[_S]:
    """Pairs by the first key; what is left by the next one, and so on."""
    pairs: list[tuple[_S, _S]] = []
    old, new = sorted(baseline), sorted(current)
    for key in keys:
        joined = join(old, new, key, key)
        pairs += joined.pairs
        old, new = joined.baseline, joined.current
    return Joined(pairs, old, new)
