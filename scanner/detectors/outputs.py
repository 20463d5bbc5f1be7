"""Findings for secrets that are shown or stored: shared by the rules, which differ in where the secret goes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from scanner.analysis.named import PASSED_ON
from scanner.analysis.origins import (
    ALL_GLOBALS,
    ALL_SETTINGS,
    BY_REQUEST,
    DATABASE_FILE,
    DIGEST,
    FILE,
    MANY,
    ONE_SETTING,
    REQUEST_FIELD,
    is_broad,
    is_nameless,
)
from scanner.analysis.state import Output
from scanner.analysis.values import Trace, chain
from scanner.detectors.base import Scene, finding, printable, steps
from scanner.detectors.distance import distance, guessed, leaps, unasked
from scanner.detectors.file_places import is_output
from scanner.detectors.remarks import RISK
from scanner.detectors.targets import expected
from scanner.model.finding import Confidence, Finding, Rule, Severity, TraceStep
from scanner.model.signature import SecretOrigin

_LONG_WAY_OF_MANY = 5
"""Steps, wrappers included, from which on `$_SERVER` as a whole hardly is what arrives."""
_LONG_WAY_TO_HOST = 8
"""The same where the browser takes the output to another host."""
_LONGER_WAY = 12
"""The same where each step is a call."""
_TO_VISITOR = frozenset({"browser", "header", "cookie"})
_HARVESTED = {"file": Severity.HIGH, "log": Severity.MEDIUM}
_NEAR = 3
"""Steps, wrappers included, up to which nobody can have meant another value."""
_VERB = " reaches "
"""In the message, behind what it is that reaches something."""
_KEY = re.compile(r"password\Z|\Asalt\Z|ssl_key\Z", re.IGNORECASE)
"""Names in the site's own file that are a key, unlike its host names and accounts."""
_MANY_FILES = 6
"""Files of a release that the same value hardly reaches, from which on that is told once for all of them."""
_ANYWHERE = ("",)
"""Beginning of ways that begin wherever a wrapper is called."""
_PLACES = {"sql": "statement", "command": "command"}
"""What the place of an effect is, where it is no file."""


def output_findings(
    scene: Scene,
    rule: Rule,
    wanted: Callable[[Scene, Output], Severity | None],
    where: str,
    hosts: Callable[[Scene, Output], Collection[str]] = lambda _scene, _output: (),
) -> Iterable[Finding]:
    """One finding per secret and place. `wanted` gives the severity of a secret in an output, None for other rules'.

    `where`: how the message names the place, `a log`. `hosts`: to which others the browser takes what it gets.
    """
    found: list[tuple[Way, Finding]] = []
    for output in scene.result.outputs:
        severity = wanted(scene, output)
        if severity is None:
            continue
        for label, trace in output.labels:
            if scene.result.state.is_secret(label):
                taken = [name for name in hosts(scene, output) if not _meant(scene, label, name)]
                worse = Severity.HIGH if taken else severity
                item = _finding(scene, rule, output, label, trace, worse, where, taken)
                found.append((Way(label, output.inner, (*_origin(output, trace), *taken)), item))
    return _once_per_file(found)


def _once_per_file(found: Sequence[tuple[Way, Finding]]) -> Iterable[Finding]:
    """One finding per way, with the number of places that take the same one through a wrapper.

    Of those by which what stands for many values hardly arrives, one per source and file, and one for all files where
    there are many. Where several such values come to one call, they are told together.
    """
    vague: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    places: dict[Way, set[tuple[str, int]]] = defaultdict(set)
    for way, item in found:
        places[way].add((item.path, item.line))
    for way, one in shortest(found).items():
        others = len(places[way]) - 1 if way.source[:1] == _ANYWHERE else 0
        also = f"; {others} further ways lead there" if others else ""
        item = msgspec.structs.replace(one, message=one.message + also)
        hardly = item.severity is Severity.LOW and item.confidence is Confidence.POSSIBLE
        if hardly and not item.destinations and is_nameless(way.label):
            vague[way.label, way.source, item.path].append(item)
        else:
            yield item
    calls: dict[tuple[object, ...], list[tuple[Finding, int]]] = defaultdict(list)
    for items in _of_many_files(vague):
        first = min(items, key=_rank)
        calls[first.path, first.line, first.span, first.api].append((first, len(items) - 1))
    for group in calls.values():
        yield _together([item for item, _others in group], sum(others for _item, others in group))


def _of_many_files(vague: Mapping[tuple[object, ...], list[Finding]]) -> list[list[Finding]]:
    """Findings by secret, source and file; by secret and source alone where they are all over the release."""
    wide: dict[tuple[object, ...], list[list[Finding]]] = defaultdict(list)
    for key, items in vague.items():
        wide[key[:2]].append(items)
    return [
        group
        for lists in wide.values()
        for group in (lists if len(lists) < _MANY_FILES else [[item for items in lists for item in items]])
    ]


def _together(found: Sequence[Finding], others: int) -> Finding:
    """Findings that differ in the secret alone as one. `others`: places that are not told."""
    first = min(found, key=_rank)
    names = sorted({item.message.partition(_VERB)[0] for item in found})
    message = first.message
    if len(names) > 1:
        rest = message.partition(_VERB)[2].replace(": it is given to ", ": they are given to ", 1)
        message = f"{', '.join(names[:-1])} and {names[-1]} reach {rest}"
    also = f"; {others} more places are reached in such ways" if others else ""
    secrets = tuple(sorted({secret for item in found for secret in item.secrets}))
    return msgspec.structs.replace(first, secrets=secrets, message=message + also)


class Way(NamedTuple):
    """What makes two findings one: the same data from the same place into the same effect."""

    label: str
    effect: tuple[str, int]
    source: tuple[object, ...]


def shortest(found: Iterable[tuple[Way, Finding]]) -> dict[Way, Finding]:
    """One finding per way: the shortest, then the first by place."""
    best: dict[Way, Finding] = {}
    for way, item in found:
        known = best.get(way)
        if known is None or _rank(item) < _rank(known):
            best[way] = item
    return best


def _rank(item: Finding) -> tuple[int, str, int]:
    return len(item.trace), item.path, item.line


def _origin(output: Output, trace: Trace) -> tuple[object, ...]:
    """Where a way begins.

    A wrapper that is given all globals takes one of them for each of its callers alike, from the object that it is a
    method of, mostly: that way is told once for the places that it leads to.
    """
    path, line, text = chain(trace)[-1]
    if output.via and PASSED_ON in text and (path, line) == (trace.path, output.line):
        return (*_ANYWHERE, *sorted(output.places))
    return path, line


def source(trace: Trace) -> tuple[str, int]:
    """Path and line of a way's first step."""
    while trace.previous is not None:
        trace = trace.previous
    return trace.path, trace.line


def _finding(
    scene: Scene,
    rule: Rule,
    output: Output,
    label: str,
    trace: Trace,
    severity: Severity,
    where: str,
    taken: Collection[str],
) -> Finding:
    plain = label.removeprefix(DIGEST)
    digest = "a digest of " if plain != label else ""
    through = f" through {output.via[0]}()" if output.via else ""
    far = hardly_arrives(scene, output, label, trace, to_host=bool(taken))
    least = Severity.MEDIUM if taken else Severity.LOW
    whole = _shows_all(scene, output, label, trace)
    by_request = chain(trace)[-1][2].endswith(BY_REQUEST)
    settings = whole and label != ALL_GLOBALS
    most = Severity.LOW if by_request and not _is_shown(output) else Severity.CRITICAL
    strayed = not is_broad(plain) and not taken and unasked(scene, trace, plain)
    harvested = _harvests(scene, output, label, trace)
    further = f", and the browser takes it to {', '.join(taken)}" if taken else ""
    return finding(
        scene,
        rule,
        output,
        severity=max(
            _HARVESTED[output.effect]
            if harvested
            else _severity(
                scene,
                label,
                Severity.HIGH if settings else severity,
                taken=bool(taken) or whole,
                one_file=not by_request,
            ),
            least if far else Severity.MEDIUM if strayed else most,
            key=lambda item: item.rank,
        ),
        confidence=Confidence.POSSIBLE if far or strayed else Confidence.LIKELY,
        api=output.api if not output.via else f"{output.via[0]} ({output.api})",
        callee=output.via[0] if output.via else "",
        message=f"{digest}{plain}{_VERB}{where}: it is given to {output.api}{through}{further}",
        destinations=taken,
        secrets=[plain],
        details=[
            *details(scene, output),
            *([RISK] if (whole or by_request or _opens_all(scene, output, label)) and not (far or strayed) else []),
        ],
        trace=(*steps(trace), *last_steps(scene, output)),
    )


def hardly_arrives(scene: Scene, output: Output, label: str, trace: Trace, *, to_host: bool) -> bool:
    """Whether what stands for many values has come so far that it hardly is what arrives.

    `to_host`: the browser takes the output to another host.
    """
    plain = label.removeprefix(DIGEST)
    if not (is_nameless(plain) or guessed(trace)) or plain == FILE + DATABASE_FILE:
        return False
    end = scene.program.path(output.function)
    steps_away = distance(scene, trace, end) + len(output.via)
    limit = _LONG_WAY_TO_HOST if to_host or plain not in MANY else _LONG_WAY_OF_MANY
    return steps_away >= (limit if steps_away < limit or leaps(scene, trace, end) else _LONGER_WAY)


def _opens_all(scene: Scene, output: Output, label: str) -> bool:
    """Whether what opens the database, or every encrypted value, is shown or written down: no product does that."""
    secret = scene.result.state.origins.by_label.get(label)
    grave = secret is not None and secret.origin is SecretOrigin.DATABASE_PHP and secret.severity_floor == ""
    told = _is_shown(output) or output.effect in _HARVESTED
    return grave and told and secret is not None and _KEY.search(secret.name) is not None


def _is_shown(output: Output) -> bool:
    """Whether a visitor gets what reaches an effect; what is written to `php://output` is printed."""
    return output.effect in _TO_VISITOR or (output.effect == "file" and is_output(output.places))


def _shows_all(scene: Scene, output: Output, label: str, trace: Trace) -> bool:
    """Whether a visitor gets all settings or variables of the site, from the place that reads them and no further away.

    Or one of them of which nobody knows the name.
    """
    secret = scene.result.state.origins.by_label.get(label)
    bulk = label == ALL_GLOBALS or (secret is not None and secret.name.lower() in scene.result.state.origins.bulk)
    way = chain(trace)
    bulk = bulk or (way[-1][2].startswith(ALL_SETTINGS) and not any(text == ONE_SETTING for _path, _line, text in way))
    near = bulk and _is_shown(output) and trace.length + len(output.via) <= _NEAR
    return near and not leaps(scene, trace, scene.program.path(output.function))


def _harvests(scene: Scene, output: Output, label: str, trace: Trace) -> bool:
    """Whether the password that a visitor types is written down nearby: code that collects them does little else."""
    near = label.startswith(REQUEST_FIELD) and output.effect in _HARVESTED and trace.length + len(output.via) <= _NEAR
    return near and not leaps(scene, trace, scene.program.path(output.function))


def _meant(scene: Scene, label: str, host: str) -> bool:
    """Whether the product's own features show a secret to a host: keys of maps and the like."""
    secret = scene.result.state.origins.by_label.get(label.removeprefix(DIGEST))
    return secret is not None and (secret.severity_floor == "info" or expected(secret, host))


def _severity(scene: Scene, label: str, severity: Severity, *, taken: bool, one_file: bool) -> Severity:
    """Less for digests and for what has no name of its own; nothing for what is public by design.

    The session's number belongs into the visitor's own browser, and nowhere else (`taken`).
    """
    plain = label.removeprefix(DIGEST)
    secret = scene.result.state.origins.by_label.get(plain)
    if (secret is not None and secret.severity_floor == "info") or label.startswith(REQUEST_FIELD):
        return Severity.INFO
    if plain == FILE + DATABASE_FILE and severity is Severity.MEDIUM and one_file:
        return Severity.HIGH  # all of the credentials, not one value
    bulk = secret is not None and secret.name.lower() in scene.result.state.origins.bulk
    if bulk and plain == label and (severity is Severity.HIGH or taken):
        return severity
    nameless = secret is not None and secret.origin is SecretOrigin.FUNCTION
    if plain != label or (nameless and not (taken and secret is not None and secret.kind == "session")):
        return max(Severity.LOW, severity, key=lambda item: item.rank)
    return severity


def last_steps(scene: Scene, output: Output) -> Iterable[TraceStep]:
    """The end of a way: calls between the deciding one and the effect, and the effect itself."""
    yield from (TraceStep(path, line, printable(text)) for path, line, text in output.hops)
    path, line = output.inner if output.via else (scene.program.path(output.function), output.line)
    yield TraceStep(path, line, printable(f"given to {output.api}"))


def details(scene: Scene, output: Output) -> list[tuple[str, str]]:
    """Evidence of an output beyond the secret: the file, and the functions on the way."""
    key = _PLACES.get(output.effect, "file")
    if output.effect in ("browser", "header", "cookie"):
        return [("via", " > ".join(output.via)), ("sink", output.api)] if output.via else []
    found = [(key, scene.result.state.holes.show(text[:200])) for text in output.places[:4]]
    if output.via:
        found += [("via", " > ".join(output.via)), ("sink", output.api)]
    return found
