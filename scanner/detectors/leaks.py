"""Findings for secrets in calls that leave the server: shared by the rules, which differ in the channels they name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from scanner.analysis.assumed import KIND as ASSUMED
from scanner.analysis.code import KIND as CODE
from scanner.analysis.destinations import LOCAL, OWN_SERVER, UNRESOLVED, USER_INPUT
from scanner.analysis.named import HELD
from scanner.analysis.origins import DIGEST, OF_EVERY_VISITOR, REQUEST_FIELD, RETURNED, is_broad, is_nameless
from scanner.analysis.sensitive import SETTING, WRITE
from scanner.analysis.sinks import sent_by_context
from scanner.analysis.summary import Hit
from scanner.analysis.values import Trace, all_labels, merge_labels
from scanner.detectors.base import Scene, finding, printable, steps
from scanner.detectors.commands import KINDS, command_lines, uses_network
from scanner.detectors.distance import distance, doubts, guessed, leaps, unasked
from scanner.detectors.egress import details
from scanner.detectors.literals import stands_in
from scanner.detectors.targets import expected, is_public, known_host, leaves, target
from scanner.model.finding import Confidence, Finding, Rule, Severity, TraceStep
from scanner.model.signature import Certainty, Secret, SecretOrigin

_IGNORED_ROLES = frozenset({"signing", "handle", "client", "callback", "middleware", "file-out", "document"})
_NO_CALL = frozenset({CODE, SETTING, WRITE})
"""Kinds of calls that do not leave the server themselves."""
UNNAMED = ("destination", "not named, and far from the secret")
"""Detail of a finding that is low for its long way alone: a single secret surely leaves, and nobody names a host."""
_REMOTE = re.compile(r"(?i)(?:https?|s?ftps?|wss?|ldaps?|tcp|udp|ssl|tls|ssh2\.\w+)://")
"""Beginning of an address that is none of this machine's files."""
_NO_ADDRESS = frozenset({"salt", "password", "private-key", "api-key", "db-credential"})
"""Kinds of secrets that are no addresses: where one of these stands for a host, a server of names gets it."""
_ASK = "stat"
"""Operation of functions that ask about a path: over HTTP PHP does not even try (its wrapper has no `url_stat`)."""
_SHORT_WAY = 8
_LONG_WAY_OF_MANY = 8
"""Steps, wrappers included, from which on `$_SERVER` as a whole hardly is what arrives."""
_LONGER_WAY = 14
"""The same where each step is a call, and for any secret where not each is."""
_MANY_DOUBTS = 2
_LONG_WAY_OF_VISITORS = 6
"""The same for what every visitor has."""


def _labels(scene: Scene, hit: Hit) -> Mapping[str, Trace]:
    labels: Mapping[str, Trace] = {}
    for role in sorted(hit.roles):
        written = role == HELD and hit.signature.kind in KINDS  # the write into the pipe has a finding of its own
        if role not in _IGNORED_ROLES and not role.startswith("tls:") and not written:
            labels = merge_labels(labels, all_labels(hit.roles[role]))
    return {label: trace for label, trace in labels.items() if scene.result.state.is_secret(label)}


def leak_findings(scene: Scene, rule_: Rule, wanted: Callable[[Hit], bool]) -> Iterable[Finding]:
    """One finding per secret and call of the wanted channels, shortest way first.

    What stands for many values and perhaps reaches a sink is one finding per sink, whichever functions lead there, and
    one for all of it that comes to one call: the environment, the session's id and the arguments of all callers go
    together wherever everything goes, into a log above all.
    """
    best: dict[tuple[object, ...], tuple[tuple[int, str, int], _Leak]] = {}
    ways: Counter[tuple[object, ...]] = Counter()
    for hit in scene.result.hits:
        labels = _labels(scene, hit) if hit.signature.kind not in _NO_CALL else {}
        if not labels or not wanted(hit) or _harmless(hit):
            continue
        place = target(scene, hit)
        outside = leaves(place.destinations)
        if not outside and not place.by_caller:
            continue
        for label in sorted(labels):
            leak = _leak(scene, hit, label, labels[label], outside)
            if label.startswith(REQUEST_FIELD) and leak.severity is Severity.INFO:
                continue  # what a visitor types goes to the service that checks it: nothing of the server's own leaves
            by_sink = leak.severity is Severity.LOW and _stands_for_many(scene, leak)
            key: tuple[object, ...] = (label, hit.inner, hit.signature.id, None if by_sink else hit.function, *outside)
            ways[key] += by_sink
            order = (leak.trace.length + len(hit.hops), scene.program.path(hit.function), hit.line)
            known = best.get(key)
            if known is None or order < known[0]:
                best[key] = (order, leak)
    together: dict[tuple[object, ...], list[tuple[_Leak, int]]] = {}
    for key, (_order, leak) in best.items():
        hit, others = leak.hit, max(ways[key] - 1, 0)
        call = (hit.function, hit.start, hit.inner, hit.via, hit.signature.id, *leak.outside)
        together.setdefault(call if ways[key] else key, []).append((leak, others))
    for group in together.values():
        leaks = sorted((leak for leak, _others in group), key=lambda leak: (leak.trace.length, leak.label))
        yield _finding(scene, rule_, leaks, others=sum(others for _leak, others in group))


def _stands_for_many(scene: Scene, leak: _Leak) -> bool:
    """Whether a label says little about what is sent: by itself, or because nobody sees how it came there."""
    if is_broad(leak.label) or guessed(leak.trace):
        return True
    end = scene.program.path(leak.hit.function)
    return is_nameless(leak.label) and doubts(scene, leak.trace) + leaps(scene, leak.trace, end) > 0


class _Leak(NamedTuple):
    """A secret at a call, and how grave that is."""

    hit: Hit
    label: str
    trace: Trace
    outside: list[str]
    severity: Severity
    confidence: Confidence
    unnamed: bool = False
    """See `UNNAMED`."""


def _harmless(hit: Hit) -> bool:
    """Local database work and file functions on local paths do not send."""
    if hit.signature.certainty is Certainty.IF_URL:
        return not any(role in hit.roles for role in ("url", "host", "xml"))
    return False


def _leak(scene: Scene, hit: Hit, label: str, trace: Trace, outside: list[str]) -> _Leak:
    plain = label.removeprefix(DIGEST)
    secret = scene.result.state.origins.by_label.get(plain)
    severity = loud = _severity(scene, secret, outside, hashed=label.startswith(DIGEST))
    if severity in (Severity.HIGH, Severity.MEDIUM) and not _literal(outside):
        severity = _without_host(scene, hit, label, trace, severity)
    if _opens(hit) and secret is not None and secret.kind == "db-credential" and not _chosen(outside):
        severity = Severity.INFO  # credentials are made to open the configured connection
    quieted = severity is Severity.LOW and loud is Severity.HIGH
    severity, confidence = _by_distance(scene, hit, plain, trace, severity, outside)
    severity = max(severity, _most_assumed(scene, hit, trace, outside), key=lambda item: item.rank)
    confidence = confidence if hit.certain else Confidence.POSSIBLE
    if _strays(scene, hit, label, trace, outside):
        severity, confidence = max(severity, Severity.MEDIUM, key=lambda item: item.rank), Confidence.POSSIBLE
    unnamed = quieted and confidence is Confidence.LIKELY and _surely_leaves(hit, label)
    return _Leak(hit, label, trace, outside, severity, confidence, unnamed)


def _strays(scene: Scene, hit: Hit, label: str, trace: Trace, outside: list[str]) -> bool:
    """Whether the secret comes out of a store of values where another was asked for, most likely.

    Where a host is named and the call surely sends, it counts in full: whoever wants it to leave says so there.
    """
    sure = _literal(outside) and hit.certain
    return not sure and not is_broad(label) and unasked(scene, trace, label.removeprefix(DIGEST))


def _opens(hit: Hit) -> bool:
    """Whether a call opens a connection to a database."""
    return hit.signature.kind == "db" and hit.signature.phase in ("connect", "construct")


def _chosen(outside: list[str]) -> bool:
    """Whether the code names a host itself, whoever calls the page does, or nobody can tell who does."""
    return _literal(outside) or USER_INPUT in outside or set(outside) == {UNRESOLVED}


def _surely_leaves(hit: Hit, label: str) -> bool:
    """Whether one secret of the site is given to a call that is a network call for sure, or is part of an address."""
    nameless = is_nameless(label) or label.startswith(DIGEST)
    return not nameless and (_sends(hit) or bool(_in_address(hit, label)))


def _sends(hit: Hit) -> bool:
    """Whether a call surely leaves: by what it is, by its command, by its handle's host, or by its address's scheme."""
    if hit.signature.certainty is Certainty.ALWAYS or any(uses_network(line) for line in command_lines(hit)):
        return True
    if hit.signature.certainty is Certainty.IF_REMOTE and ("host" in hit.roles or "dsn" in hit.roles):
        return True
    addresses = [hit.roles[role] for role in ("url", "host") if role in hit.roles]
    return any(map(_REMOTE.match, (text for value in addresses for text in value.texts)))


def _finding(scene: Scene, rule_: Rule, leaks: Sequence[_Leak], *, others: int) -> Finding:
    """Finding of one leak, or of several at one call, nearest first; it is as sure as the surest of them.

    `others`: ways to the same sink beside these that are no findings of their own.
    """
    leak = leaks[0]
    hit, outside = leak.hit, leak.outside
    names = dict.fromkeys(_named(one.label) for one in leaks)
    reaches, goes, whose = ("reach", "go", "them") if len(names) > 1 else ("reaches", "goes", "it")
    where = ", ".join(outside) if outside else "a destination that callers decide"
    api = hit.api if not hit.via else f"{hit.via[0]} ({hit.api})"
    also = f"; {others} further ways lead there" if others else ""
    verdict = "as expected" if leak.severity is Severity.INFO else f"which is not a known destination of {whose}"
    return finding(
        scene,
        rule_,
        hit,
        severity=leak.severity,
        confidence=min((one.confidence for one in leaks), key=lambda item: item.rank),
        api=api,
        callee=hit.via[0] if hit.via else "",
        message=f"{_listed(list(names))} {reaches} {hit.api}(){_through(hit)} and {goes} to {where}, {verdict}{also}",
        destinations=outside,
        secrets=sorted({one.label.removeprefix(DIGEST) for one in leaks}),
        details=[*details(hit), *([UNNAMED] if leak.unnamed else [])],
        trace=(*steps(leak.trace), *_last_steps(scene, hit, leak.trace, where)),
    )


def _named(label: str) -> str:
    plain = label.removeprefix(DIGEST)
    return f"a digest of {plain}" if label.startswith(DIGEST) else plain


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _last_steps(scene: Scene, hit: Hit, trace: Trace, where: str) -> Iterable[TraceStep]:
    """The end of a way: the deciding call, those between it and the sink, and the sink."""
    path = scene.program.path(hit.function)
    passed = f"passed to {hit.via[0]}()" if hit.via else ""
    if passed and (trace.path, trace.line, trace.text) != (path, hit.line, passed):
        yield TraceStep(path, hit.line, printable(passed))
    yield from (TraceStep(place, line, printable(text)) for place, line, text in hit.hops)
    path, line = hit.inner if hit.via else (path, hit.line)
    yield TraceStep(path, line, printable(f"sent by {hit.api} to {where}"))


def _through(hit: Hit) -> str:
    return f" through {hit.via[0]}()" if hit.via else ""


def _severity(scene: Scene, secret: Secret | None, outside: list[str], *, hashed: bool) -> Severity:
    if secret is not None and secret.severity_floor == "info":
        return Severity.INFO
    if secret is not None and outside and all(_expected(secret, name) for name in outside):
        return Severity.INFO
    if hashed and secret is not None and outside and all(name in secret.digest_destinations for name in outside):
        return Severity.INFO
    hashed = hashed or (secret is not None and secret.severity_floor == "digest")
    if (
        secret is not None
        and secret.origin is SecretOrigin.FUNCTION
        and all(known_host(scene, name) for name in outside)
    ):
        return Severity.MEDIUM  # which secret it is cannot be told, but the host is one of the product's own services
    if secret is not None and outside and all(expected(secret, name.removesuffix("*")) for name in outside):
        return Severity.MEDIUM  # the host is right so far as it is known, but more text follows it
    worst = Severity.CRITICAL if _literal(outside) else Severity.HIGH
    if not hashed:
        return worst
    return Severity.HIGH if worst is Severity.CRITICAL else Severity.MEDIUM


def _expected(secret: Secret, name: str) -> bool:
    """A secret may go where it is meant to, and to the destination that it names itself."""
    itself = f"config:{secret.name}" if secret.kind not in _NO_ADDRESS else ""
    return name in (LOCAL, OWN_SERVER, itself) or expected(secret, name)


def _without_host(scene: Scene, hit: Hit, label: str, trace: Trace, severity: Severity) -> Severity:
    """No host is named: what counts is how sure the way is.

    A secret that takes a short way inside one file to a call that surely is a network call keeps its severity, and so
    does one that is part of the address, for a file of the server has no such name. A long way through other files and
    through calls that are only assumed to pass data on does not.
    """
    if label.startswith(REQUEST_FIELD):
        return Severity.INFO  # what a visitor types reaches most of an application's code
    ways = _in_address(hit, label)  # another role may have it by a way that is no longer, but less sure
    if _sends(hit):
        ways = [trace, *ways]
    sure = hit.certain and any(_is_near(scene, hit, way) or _is_plain(scene, hit, label, way) for way in ways)
    return severity if sure else Severity.LOW


def _is_near(scene: Scene, hit: Hit, trace: Trace) -> bool:
    """Whether a way is short and stays in the file of the call."""
    path = scene.program.path(hit.function)
    current: Trace | None = trace
    while current is not None and current.path == path:
        current = current.previous
    return current is None and trace.length <= _SHORT_WAY and len(hit.via) <= 1


def _is_plain(scene: Scene, hit: Hit, label: str, trace: Trace) -> bool:
    """Whether what opens the site's database takes a short way of plain calls, whichever files they stand in."""
    if label not in scene.result.state.origins.of_database_file:
        return False
    end = scene.program.path(hit.function)
    sure = not (doubts(scene, trace) or leaps(scene, trace, end))
    return sure and distance(scene, trace, end) + len(hit.via) <= _SHORT_WAY


def _in_address(hit: Hit, label: str) -> list[Trace]:
    """Ways of a single secret of the site into an address, or into what goes there with a request for it.

    In the name of a local file, and in a header beside one, it has no business.
    """
    if is_broad(label) or label.startswith(DIGEST) or hit.signature.operation == _ASK:
        return []
    held = (all_labels(hit.roles[role]) for role in ("url", "host", *sent_by_context(hit)) if role in hit.roles)
    return [labels[label] for labels in held if label in labels]


def _by_distance(
    scene: Scene, hit: Hit, plain: str, trace: Trace, severity: Severity, outside: list[str]
) -> tuple[Severity, Confidence]:
    """Less where the way is a guess: a named secret stays loud, what stands for many values does not.

    Where the call may go elsewhere as well, the guess is about what is sent and about where to.
    """
    doubtful = doubts(scene, trace) >= _MANY_DOUBTS
    end = scene.program.path(hit.function)
    general = is_broad(plain) or guessed(trace)
    unsure = doubtful or leaps(scene, trace, end) > 0
    most_steps = _LONG_WAY_OF_VISITORS if plain in OF_EVERY_VISITOR else _LONG_WAY_OF_MANY
    far = distance(scene, trace, end) + len(hit.via) >= (most_steps if unsure and general else _LONGER_WAY)
    vague = guessed(trace) and (unsure or not hit.certain)
    if not doubtful and not vague and not (far and (unsure or general)):
        return severity, Confidence.LIKELY
    nameless = plain.startswith(RETURNED)  # whatever `decrypt()` gave back: which secret that is, nobody knows
    both = far and unsure and not hit.certain  # what is sent is a guess, and that the call sends as well
    most = Severity.MEDIUM if general or nameless or both else Severity.HIGH
    if general and unsure and far and (UNRESOLVED in outside or not hit.certain):
        most = Severity.LOW
    return max(severity, most, key=lambda item: item.rank), Confidence.POSSIBLE


def _most_assumed(scene: Scene, hit: Hit, trace: Trace, outside: list[str]) -> Severity:
    """How grave a call can be that is only assumed to send, because it is given an address and a secret.

    Where the secret was taken out of what other files filled, it is there by chance, most likely; and so is the host
    that the file does not name.
    """
    if hit.signature.kind != ASSUMED or not leaps(scene, trace, scene.program.path(hit.function)):
        return Severity.CRITICAL
    named = any(stands_in(scene, hit.inner[0], name.strip("*.").split(":")[0]) for name in outside if is_public(name))
    return Severity.HIGH if named else Severity.MEDIUM


def _literal(outside: list[str]) -> bool:
    return any(_foreign(name) for name in outside)


def _foreign(name: str) -> bool:
    """A destination that the code names itself, unlike one that a setting names or that is unknown."""
    return is_public(name)
