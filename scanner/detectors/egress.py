"""Findings for calls that leave the server: shared by the egress rules, which differ in the channels they name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from scanner.analysis.decisive import URL_ROLES
from scanner.analysis.destinations import LOCAL, OWN_SERVER, UNRESOLVED, USER_INPUT
from scanner.analysis.remote import FILE_KINDS
from scanner.analysis.summary import Hit
from scanner.detectors.base import Scene, Target, finding
from scanner.detectors.levels import Levels, levels_of, of_object, seen_by_callee, told_inside
from scanner.detectors.literals import stands_in_file
from scanner.detectors.targets import (
    MAIL_SERVER,
    is_host,
    is_public,
    known_host,
    leaves,
    possible_url,
    target,
    tls_details,
)
from scanner.model.finding import Confidence, Finding, Rule, Severity
from scanner.model.signature import Certainty

_UNKNOWN = re.compile(r"\{(?!config:|env:|user-input:|own-server:|secret:|param:)[^{}]*\}")
"""A piece that is not known, shown by its expression: locals in it would make a renaming look like a change."""
BY_CALLERS = ("destination", "decided by callers")
"""Detail of a sink in a wrapper: its callers have findings of their own."""
BY_OBJECT = ("destination", "decided by the object")
"""Detail of a call of an object that was told elsewhere where to go: one such call has a finding that counts."""
TOLD_INSIDE = ("destination", "decided by callers, as far as the wrapper does not")
"""Detail of a call that only passes on where to go to a wrapper, and knows nothing more of it than that does."""
ELSEWHERE = ("host", "named in another file")
"""Detail of a call that may go to one of some hosts or elsewhere, and none of these stands in its file."""
_CONNECTED = frozenset({"ftp", "ldap", "ssh", "socket"})
"""Channels that are opened first and used by other functions."""
_DATA_ROLES = ("payload", "header", "auth", "body", "query", "other")


def egress_findings(
    scene: Scene, rule: Rule, wanted: Callable[[Hit], bool], *, opened_once: bool = False
) -> Iterable[Finding]:
    """One finding per call of the wanted channels whose destination is decided at that call.

    `opened_once`: a connection that an object opens for itself is one finding, however many calls use the object.
    """
    hits = [hit for hit in scene.result.hits if wanted(hit)]
    levels = levels_of(scene, hits)
    lifted = {hit.inner for hit in hits if hit.via}
    calls: list[tuple[Hit, Finding]] = []
    users: dict[tuple[object, ...], list[tuple[Hit, Finding]]] = defaultdict(list)
    for hit in hits:
        found = _finding(scene, rule, hit, levels, lifted)
        if found is None:
            continue
        if of_object(hit, levels) and (opened_once or not _told_here(scene, hit, found.destinations)):
            key = (hit.signature.id, hit.inner, found.destinations, opened_once and target(scene, hit).shown)
            users[key].append((hit, found))
        else:
            calls.append((hit, found))
    for group in users.values():
        first, *others = sorted(group, key=_nearest)
        if opened_once:
            yield _told_once(first[1], len(others))
        else:
            calls += [first, *((hit, _quieted(found, BY_OBJECT)) for hit, found in others)]
    yield from _each_call_once(calls)


def _nearest(user: tuple[Hit, Finding]) -> tuple[int, str, int, int]:
    """Which of several calls stands for all of them: the one with the fewest wrappers, then the first by place."""
    hit, found = user
    return len(hit.via), found.path, found.line, hit.start


def _told_once(found: Finding, others: int) -> Finding:
    also = f", and so do {others} more calls that use such an object" if others else ""
    return msgspec.structs.replace(found, message=found.message + also)


def _quieted(found: Finding, reason: tuple[str, str]) -> Finding:
    """A call of which another finding tells where it goes."""
    return msgspec.structs.replace(
        found,
        severity=max(found.severity, Severity.LOW, key=lambda item: item.rank),
        message=f"{found.message} ({reason[1]})",
        details=tuple(sorted({*found.details, reason})),
    )


def _told_here(scene: Scene, hit: Hit, destinations: Iterable[str]) -> bool:
    """Whether the file of a call tells an object of another file where to go.

    In the file of the class itself, which host it begins with says nothing of a single call.
    """
    return scene.program.path(hit.function) != hit.inner[0] and _named_here(scene, hit, destinations)


def _named_here(scene: Scene, hit: Hit, destinations: Iterable[str]) -> bool:
    """Whether the file of a call names a host itself to which it goes."""
    return any(stands_in_file(scene, hit.function, _known_part(name)) for name in destinations if is_public(name))


def _known_part(host: str) -> str:
    return host.strip("*.").split(":")[0]


def _each_call_once(calls: Iterable[tuple[Hit, Finding]]) -> Iterable[Finding]:
    """What all say the same of one call is said once."""
    groups: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for hit, found in calls:
        told = (found.destinations, found.severity, found.confidence)
        sinks = () if hit.via and not any(map(is_public, found.destinations)) else (hit.inner, _method(hit))
        groups[hit.function, hit.start, found.line, hit.via[:1], sinks, *told].append(found)
    return (_of_call(group) for group in groups.values())


def _method(hit: Hit) -> str:
    """Name that is called: an object that may be of two classes is asked once (`HttpClient`, its interface)."""
    return hit.api.rpartition("::")[2].lower()


def _of_call(found: list[Finding]) -> Finding:
    """One finding for a call to an object of two classes, or a wrapper of several functions where no host is named."""
    first, *others = sorted(found, key=lambda item: (item.api, item.details, item.message))
    if not others:
        return first
    details = sorted({detail for item in found for detail in item.details})
    names = sum(key == "sink" for key, _value in details) - 1
    also = f", and so do {names} more functions in it" if names > 0 else ""
    return msgspec.structs.replace(first, details=tuple(details), message=first.message + also)


def _finding(scene: Scene, rule: Rule, hit: Hit, levels: Levels, lifted: set[tuple[str, int]]) -> Finding | None:
    place = target(scene, hit)
    outside = leaves(place.destinations)
    if _addresses_nothing(hit) and (hit.via or outside in ([], [UNRESOLVED]) or "command" in hit.roles):
        return None
    told = place.by_object and not hit.via and outside == [UNRESOLVED] and hit.inner in lifted
    if (place.by_caller and not outside) or told:
        return None if hit.via else _wrapper(scene, rule, hit, seen=hit.inner in lifted)
    if not outside or (hit.via and not _decided_here(hit, levels)):
        return None
    found = finding(
        scene,
        rule,
        hit,
        severity=severity(scene, hit, outside),
        confidence=_confidence(hit, outside),
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        callee=hit.via[0] if hit.via else "",
        message=_message(hit, place, outside),
        destinations=outside,
        details=[
            *details(hit),
            *_defaults(scene, outside),
            *_elsewhere(scene, hit, outside),
            *(("url", _UNKNOWN.sub("{?}", text)) for text in place.shown[:6]),
        ],
    )
    return _quieted(found, TOLD_INSIDE) if hit.via and told_inside(scene, hit, place, levels) else found


def _addresses_nothing(hit: Hit) -> bool:
    """A message for a log, or a write to an open handle: no argument says where to.

    What opened the handle, or set the log up, is the call that connects and has a finding of its own, in a wrapper as
    well; secrets that reach this one are found all the same.
    """
    return hit.signature.certainty is Certainty.IF_REMOTE and hit.roles.keys().isdisjoint(URL_ROLES)


def _decided_here(hit: Hit, levels: Levels) -> bool:
    """A lifted call is a finding only where each function inside of it, as far as its view is known, left it open."""
    views = [seen_by_callee(hit._replace(via=hit.via[depth:]), levels) for depth in range(len(hit.via))]
    views.append([level.place for level in levels[hit.signature.id, hit.inner, ()]])
    return all(any(place.by_caller or place.by_object for place in places) for places in views if places)


def _wrapper(scene: Scene, rule: Rule, hit: Hit, *, seen: bool) -> Finding:
    """The sink inside a wrapper: its callers decide where it goes."""
    return finding(
        scene,
        rule,
        hit,
        severity=Severity.INFO if seen or possible_url(hit) else Severity.LOW,
        confidence=Confidence.CERTAIN if hit.certain and not _of_file(hit) else Confidence.POSSIBLE,
        api=hit.api,
        message=f"{hit.api}() is called with a destination that the callers of this function decide",
        destinations=() if seen else (UNRESOLVED,),
        details=[*details(hit), BY_CALLERS],
    )


def _elsewhere(scene: Scene, hit: Hit, destinations: list[str]) -> Iterable[tuple[str, str]]:
    """Whether the hosts stand in other files, and the address may be anything else: values that stores joined."""
    hosts = [name for name in destinations if is_public(name)]
    if not hit.via or not hosts or UNRESOLVED not in destinations:
        return
    if not _named_here(scene, hit, hosts):
        yield ELSEWHERE


def _defaults(scene: Scene, destinations: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Where a setting leads on a site that never changed it."""
    for name in destinations:
        host = scene.default_hosts.get(name.removeprefix("config:"))
        if name.startswith("config:") and host is not None:
            yield "default-host", f"{name.removeprefix('config:')} = {host}"


def details(hit: Hit) -> list[tuple[str, str]]:
    """Evidence of a call beyond its destination."""
    found = [("channel", hit.signature.kind), *tls_details(hit)]
    sends = sorted({role for role in _DATA_ROLES if role in hit.roles})
    if sends:
        found.append(("sends", " ".join(sends)))
    if hit.via:
        found += [("via", " > ".join(hit.via)), ("sink", hit.api)]
    return found


def severity(scene: Scene, hit: Hit, destinations: Iterable[str]) -> Severity:
    """Severity of a call by the least expected of its destinations (table in docs/severity.md)."""
    return min((_one(scene, hit, name) for name in destinations), key=lambda item: item.rank)


def _one(scene: Scene, hit: Hit, name: str) -> Severity:
    if name in (LOCAL, OWN_SERVER):
        return Severity.INFO
    if name == UNRESOLVED:
        return Severity.LOW
    if name == MAIL_SERVER:
        return Severity.LOW
    if name == USER_INPUT:
        return Severity.MEDIUM
    if name.startswith(("config:", "env:")):
        return Severity.INFO if possible_url(hit) else Severity.LOW
    if is_host(name) and known_host(scene, name):
        return Severity.INFO
    return Severity.MEDIUM


def _of_file(hit: Hit) -> bool:
    """Whether the call is one of a file function, or writes to a handle that may be of a file."""
    return possible_url(hit) or hit.signature.kind in FILE_KINDS


def _on_connection(hit: Hit) -> bool:
    """Whether a call works on a connection that another call opened, which has a finding of its own."""
    roles = {argument.role for argument in hit.signature.arguments}
    return hit.signature.kind in _CONNECTED and "handle" in roles and roles.isdisjoint(URL_ROLES)


def _confidence(hit: Hit, destinations: list[str]) -> Confidence:
    hosts = sum(is_host(name) for name in destinations)
    if destinations == [UNRESOLVED] and _on_connection(hit):
        return Confidence.POSSIBLE
    if _of_file(hit) and (not hosts or (hosts > 1 and UNRESOLVED in destinations)):
        return Confidence.POSSIBLE  # several hosts and anything else: values of many settings that were joined
    return Confidence.CERTAIN if hit.certain else Confidence.POSSIBLE


def _message(hit: Hit, place: Target, outside: list[str]) -> str:
    where = ", ".join(outside[:4]) + (" and others" if len(outside) > 4 else "")  # noqa: PLR2004  short sentence
    through = f" through {hit.via[0]}()" if hit.via else ""
    if outside == [UNRESOLVED]:
        shown = f": {place.shown[0]}" if place.shown else ""
        return f"{hit.api}(){through} goes to a destination that could not be resolved{shown}"
    return f"{hit.api}(){through} goes to {where}"
