"""A deployed list against what a release needs."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

import msgspec

from scanner.model.egress import (
    Deployed,
    EgressCheck,
    EgressGap,
    EgressList,
    EgressRule,
    EgressTarget,
    Host,
    HostKind,
    Service,
    WideEntry,
)
from scanner.protect.egress.entries import allows
from scanner.protect.egress.hosts import overlaps, reverse_key
from scanner.protect.egress.suffixes import strangers


def check(
    found: EgressList,
    deployed: tuple[Deployed, ...],
    target: EgressTarget,
    baseline: EgressList | None = None,
    accepted: Iterable[str] = (),
) -> EgressCheck:
    """What is missing, unused and too wide in a deployed list; against a baseline, what is new.

    A rule that is held back is not missing; a deployed entry that allows it all the same is named.
    """
    needed = [rule for rule in found.rules if not rule.held and not target.enforces(rule)]
    held = tuple(rule for rule in found.rules if rule.held)
    return EgressCheck(
        target=target.name,
        entries=len(deployed),
        missing=tuple(part for rule in needed for part in _missing(rule, deployed, target)),
        unused=tuple(item for item in deployed if not _is_used(item, found.rules)),
        wide=tuple(sorted(_wide(deployed, needed, frozenset(accepted)), key=lambda item: reverse_key(item.entry.host))),
        held=held,
        allowed=tuple(rule.host.text for rule in held if _suspect(rule) and _allowed(rule, deployed, target)),
        other=tuple(rule for rule in found.rules if not rule.held and target.enforces(rule)),
        new=_new(found, baseline) if baseline else (),
        gone=_new(baseline, found) if baseline else (),
        new_gaps=_new_gaps(found, baseline) if baseline else (),
        baseline=baseline.release if baseline else "",
    )


def leave_out(found: EgressList, what: Iterable[str]) -> EgressList:
    """A list without `optional` or `unused` rules, or without hosts that match a pattern."""
    wanted = tuple(what)
    kept = tuple(rule for rule in found.rules if not any(_matches(rule, item) for item in wanted))
    return msgspec.structs.replace(found, rules=kept)


def _matches(rule: EgressRule, what: str) -> bool:
    if what == "unused":
        return rule.unused
    return what == rule.need.value or fnmatch.fnmatchcase(rule.host.text, what.lower())


def _missing(rule: EgressRule, deployed: tuple[Deployed, ...], target: EgressTarget) -> Iterable[EgressRule]:
    """The rule with those of its services that no entry allows."""
    lacking = [item for item in rule.services if not _open(rule.host, item.port, deployed, target)]
    return (
        [msgspec.structs.replace(rule, services=tuple(lacking))] if lacking and _counts(rule, lacking, target) else []
    )


def _counts(rule: EgressRule, lacking: list[Service], target: EgressTarget) -> bool:
    """Whether the product could write what is lacking: a mail port of a host that also has a web page it could not."""
    return any(not target.enforces(msgspec.structs.replace(rule, services=(item,))) for item in lacking)


def _open(host: Host, port: int, deployed: tuple[Deployed, ...], target: EgressTarget) -> bool:
    wanted = [port] if target.ports and port else []
    return any(allows(item, host, wanted) and (port or not item.ports or not target.ports) for item in deployed)


def _allowed(rule: EgressRule, deployed: tuple[Deployed, ...], target: EgressTarget) -> bool:
    return any(_open(rule.host, item.port, deployed, target) for item in rule.services)


def _suspect(rule: EgressRule) -> bool:
    """Held back for what the code does, not for the width of a wildcard."""
    return rule.held.startswith("look")


def _is_used(item: Deployed, rules: tuple[EgressRule, ...]) -> bool:
    return any(overlaps(item.host, rule.host) or (item.apex and rule.host.text == item.host.base) for rule in rules)


def _wide(deployed: tuple[Deployed, ...], needed: list[EgressRule], accepted: frozenset[str]) -> Iterable[WideEntry]:
    for item in deployed:
        if item.host.text in accepted:
            continue
        below = tuple(rule.host.text for rule in needed if allows(item, rule.host) and rule.host != item.host)
        if item.host.kind is HostKind.ANY:
            yield WideEntry(item, "it allows every host", severe=True, instead=below)
        elif item.host.kind is HostKind.WILDCARD:
            why = strangers(item.host.base)
            if item.apex and below == (item.host.base,):
                continue  # the product allows names below a name whatever is written
            if why:
                yield WideEntry(item, why, severe=True, instead=below)
            elif below:
                why = f"the release needs {len(below)} below it, by name"
                yield WideEntry(item, why, severe=False, instead=below)


def _new(found: EgressList, baseline: EgressList) -> tuple[EgressRule, ...]:
    known = {rule.host for rule in baseline.rules}
    return tuple(rule for rule in found.rules if rule.host not in known)


def _new_gaps(found: EgressList, baseline: EgressList) -> tuple[EgressGap, ...]:
    known = {(gap.kind, gap.subject) for gap in baseline.gaps}
    return tuple(gap for gap in found.gaps if (gap.kind, gap.subject) not in known)
