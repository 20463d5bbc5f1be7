"""Findings for data of another machine that becomes code or a file: shared by the rules, which differ in the effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from scanner.analysis.destinations import OWN_SERVER, UNRESOLVED
from scanner.analysis.remote import REQUEST, RESPONSE, UPLOAD, host_of, is_open
from scanner.analysis.state import Output
from scanner.analysis.summary import Hit
from scanner.analysis.values import Trace
from scanner.detectors.base import Scene, finding, steps
from scanner.detectors.distance import distance, leaps
from scanner.detectors.outputs import Way, details, last_steps, shortest, source
from scanner.detectors.targets import is_public, known_host, leaves, possible_url, target
from scanner.model.finding import Confidence, Finding, Rule, Severity

_LONG_WAY_OF_REQUEST = 2
"""The same for a field of the request, which reaches most of an application's code."""
_LONG_WAY = 6
"""Steps from which on a flow is only possible: each call on the way is one where data may have been changed."""


class Weights(NamedTuple):
    """Severity of an effect by where its data comes from."""

    foreign: Severity
    """A host that the code names, and that is none of the product's documented services."""
    other: Severity
    """A documented service, a setting of the site, a place that could not be resolved, or no host at all."""


Weigh = Callable[[Scene, Output], Weights | None]
"""Severities of an effect, None for what is none of the rule's."""


def payload_findings(
    scene: Scene,
    rule: Rule,
    sources: Callable[[str], bool],
    weigh: Weigh,
    verb: str,
    verbs: Mapping[str, str] | None = None,
) -> Iterable[Finding]:
    """One finding per source and effect. `sources`: labels that count; `verb`: what happens to the data, `is run`.

    `verbs`: the same for some effects, where it is something else.
    """
    found: list[tuple[Way, Finding]] = []
    lifted = {output.inner for output in scene.result.outputs if output.via}
    calls, vague = _calls(scene), _vague(scene)
    for output in scene.result.outputs:
        labels = {label: trace for label, trace in output.labels if sources(label)}
        weights = weigh(scene, output) if labels else None
        if weights is None:
            continue
        end = scene.program.path(output.function)
        for label, trace in sorted(labels.items()):
            if is_open(label) and output.inner in lifted:
                continue  # callers decide where the answer comes from: their calls are findings of their own
            hosts = _hosts(label, trace, calls)
            foreign = any(_is_foreign(scene, name) for name in hosts)
            length = trace.length if label == REQUEST else distance(scene, trace, end) + len(output.via)
            if (foreign or OWN_SERVER in hosts) and source(trace) in vague:
                length += _LONG_WAY
            severity = _at_distance(
                length,
                weights.foreign if foreign else weights.other,
                _LONG_WAY if label != REQUEST else _LONG_WAY_OF_REQUEST,
                foreign=foreign,
                guessed=label != REQUEST and leaps(scene, trace, end) > 0,
            )
            happens = (verbs or {}).get(output.effect, verb)
            item = _finding(scene, rule, output, label, trace, hosts, (severity, length), happens)
            found.append((Way(label, output.inner, source(trace)), item))
    return shortest(found).values()


def _at_distance(length: int, severity: Severity, long_way: int, *, foreign: bool, guessed: bool) -> Severity:
    """A long way counts less: every call on it is one that is only assumed to pass the data on unchanged.

    `guessed`: the data was put down in one file and taken up in another (see `leaps`).
    """
    if length < long_way:
        return severity
    if not foreign:
        least = Severity.LOW
    elif severity is Severity.CRITICAL and length < 2 * long_way and not guessed:
        least = Severity.HIGH
    else:
        least = Severity.MEDIUM
    return max(severity, least, key=lambda item: item.rank)


def by_effect(table: Mapping[str, Weights]) -> Weigh:
    """Severities that depend on the effect alone."""
    return lambda _scene, output: table.get(output.effect)


def responses(label: str) -> bool:
    """Answers of outbound calls."""
    return label.startswith(RESPONSE)


def uploads(label: str) -> bool:
    """Uploads and whole bodies of requests."""
    return label == UPLOAD


def requests(label: str) -> bool:
    """Fields of the request."""
    return label == REQUEST


def _calls(scene: Scene) -> dict[tuple[str, int], tuple[str, ...]]:
    """Destinations of outbound calls by place: of the calls themselves, and of those that decide a wrapper's."""
    known = scene.targets.by_place
    if known is None:
        found: dict[tuple[str, int], set[str]] = {}
        for hit in scene.result.hits:
            place = (scene.program.path(hit.function), hit.line)
            found.setdefault(place, set()).update(_named(scene, hit))
        known = scene.targets.by_place = {place: tuple(sorted(names)) for place, names in found.items()}
    return known


def _vague(scene: Scene) -> frozenset[tuple[str, int]]:
    """Calls of file functions that may get one of several hosts or anything else: values of settings that were joined.

    What such a call reads counts as if it had come a long way.
    """
    return frozenset(
        (scene.program.path(hit.function), hit.line)
        for hit in scene.result.hits
        if possible_url(hit) and UNRESOLVED in (names := leaves(target(scene, hit).destinations)) and _several(names)
    )


def _several(names: Iterable[str]) -> bool:
    """Whether they are what settings hold that were joined: more than one host, or the own server or anything else."""
    found = list(names)
    return sum(is_public(name) for name in found) > 1 or OWN_SERVER in found


def _named(scene: Scene, hit: Hit) -> list[str]:
    return [name for name in leaves(target(scene, hit).destinations) if name != UNRESOLVED]


def _hosts(label: str, trace: Trace, calls: Mapping[tuple[str, int], tuple[str, ...]]) -> tuple[str, ...]:
    """Where an answer came from: what its label says, or the first call on its way that says it."""
    host = host_of(label)
    if host != UNRESOLVED:
        return (host,) if host else ()
    places: list[tuple[str, int]] = []
    current: Trace | None = trace
    while current is not None:
        places.append((current.path, current.line))
        current = current.previous
    for place in reversed(places):
        if calls.get(place):
            return calls[place]
    return (UNRESOLVED,)


def _is_foreign(scene: Scene, name: str) -> bool:
    return name != OWN_SERVER and is_public(name) and not known_host(scene, name)


def _finding(
    scene: Scene,
    rule: Rule,
    output: Output,
    label: str,
    trace: Trace,
    hosts: tuple[str, ...],
    weight: tuple[Severity, int],
    verb: str,
) -> Finding:
    what = {UPLOAD: "an upload or the body of a request", REQUEST: "data of the request"}.get(label)
    what = what or f"the answer of {' or '.join(hosts)}"
    through = f" through {output.via[0]}()" if output.via else ""
    return finding(
        scene,
        rule,
        output,
        severity=weight[0],
        confidence=Confidence.LIKELY if weight[1] < _LONG_WAY else Confidence.POSSIBLE,
        api=output.api if not output.via else f"{output.via[0]} ({output.api})",
        callee=output.via[0] if output.via else "",
        message=f"{what} {verb} by {output.api}{through}",
        destinations=hosts,
        details=[("source", "response" if hosts else label.lstrip("~")), *details(scene, output)],
        trace=(*steps(trace), *last_steps(scene, output)),
    )
