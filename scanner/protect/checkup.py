"""The corpus at a server that the user named: what is sent, in which order, and what it showed.

What sends is given, so nothing here reaches the network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from scanner.model.protection import Mode, ProtectedScript, Protection, RequestSpelling
from scanner.protect.spellings import addresses, attacks, legitimate, mutations
from scanner.protect.verdict import (
    Knowledge,
    Outcome,
    Verdict,
    decide,
    decide_legitimate,
    harmless,
    sample,
    shape,
)
from scanner.protect.wire import Response

Send = Callable[[RequestSpelling], Response]
_ABSENT = "redcap-scanner-asks-for-a-page-that-does-not-exist.php"
_ALL_METHODS = frozenset(
    {b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"FOO", b"get", b"PROPFIND", b"QUERY", b"TRACE"}
)
_SEED = 1
_SUCCESS = 2


class Requests(msgspec.Struct, frozen=True):
    """What is going to be sent."""

    attacks: list[RequestSpelling]
    legitimate: list[RequestSpelling]
    left_out: int
    """Not sent: other methods, or arguments that make a script act."""


class Checkup(msgspec.Struct, frozen=True):
    """What the server showed."""

    known: Knowledge
    refused_secret: tuple[str, ...]
    """Scripts that refused the right secret."""
    attacks: tuple[Outcome, ...]
    legitimate: tuple[Outcome, ...]

    def count(self, verdict: Verdict) -> int:
        """Attacks with this verdict."""
        return sum(outcome.verdict is verdict for outcome in self.attacks)

    @property
    def lost(self) -> tuple[Outcome, ...]:
        """Legitimate requests that were refused or not answered."""
        return tuple(outcome for outcome in self.legitimate if outcome.verdict is not Verdict.REACHED)

    @property
    def verdict(self) -> str:
        """`fail`, `cannot tell` (which is no pass), or `pass`."""
        if (
            self.count(Verdict.REACHED)
            or self.refused_secret
            or any(outcome.verdict is Verdict.BLOCKED for outcome in self.legitimate)
        ):
            return "fail"
        return "cannot tell" if self.count(Verdict.UNKNOWN) or self.lost or not self.attacks else "pass"

    def families(self) -> list[tuple[str, Counter[Verdict]]]:
        """Verdicts on the attacks by family, sorted by name."""
        found: dict[str, Counter[Verdict]] = {}
        for outcome in self.attacks:
            found.setdefault(outcome.spelling.family, Counter())[outcome.verdict] += 1
        return sorted(found.items())


def prepare(
    protection: Protection,
    *,
    versions: Sequence[str],
    random: int,
    limit: int | None,
    all_methods: bool,
    with_legitimate: bool,
) -> Requests:
    """Requests that may be sent at a server in use. The same arguments give the same requests."""
    methods = _ALL_METHODS if all_methods else frozenset[bytes]()
    wrong = [
        *attacks(protection, versions=versions),
        *mutations(protection, seed=_SEED, count=random, versions=versions),
    ]
    right = list(legitimate((), protection, versions=versions)) if with_legitimate else []
    kept = [request for request in wrong if harmless(request, methods)]
    kept_right = [request for request in right if harmless(request, methods)]
    left_out = len(wrong) - len(kept) + len(right) - len(kept_right)
    return Requests(sample(kept, limit), sample(kept_right, limit), left_out)


def learn(
    protection: Protection, send: Send, *, versions: Sequence[str], markers: Sequence[str], secret: str | None
) -> tuple[Knowledge, tuple[str, ...]]:
    """Ask for ordinary pages, and with the secret once for each script; names of scripts that refuse it."""
    ordinary = _shapes(send(_get(f"{protection.base_path}{name}".encode())) for name in ("", _ABSENT))
    opened = [
        (script, send(_get(addresses(script, protection.base_path, versions)[0], _secret(protection, script, secret))))
        for script in protection.scripts
        if secret is not None and script.mode is not Mode.BLOCK
    ]
    plain = Knowledge(markers=tuple(markers), ordinary=tuple(sorted(ordinary)))
    refused = tuple(script.name for script, answer in opened if decide(_get(b"/"), answer, plain) is Verdict.BLOCKED)
    seen = [any(marker.encode() in answer.body for marker in markers) for _, answer in opened]
    shapes = _shapes(answer for _, answer in opened)
    known = Knowledge(
        markers=tuple(markers),
        confirmed=bool(seen) and all(seen) and len(opened) == len(protection.scripts),
        shapes=tuple(sorted(shapes - ordinary)),
        ordinary=tuple(sorted(ordinary)),
    )
    return known, refused


def _shapes(answers: Iterable[Response]) -> set[bytes]:
    return {shape(answer.body) for answer in answers if answer.status // 100 == _SUCCESS} - {b""}


def _get(target: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> RequestSpelling:
    return RequestSpelling(method=b"GET", target=target, headers=headers, family="plain", script="", legitimate=True)


def _secret(protection: Protection, script: ProtectedScript, value: str | None) -> tuple[tuple[bytes, bytes], ...]:
    text = (value or "").encode()
    if script.mode is Mode.COOKIE:
        return ((b"Cookie", protection.cookie.encode() + b"=" + text),)
    return ((protection.header.encode(), text),)


def examine(requests: Requests, known: Knowledge, send: Send) -> Iterator[tuple[bool, Outcome]]:
    """Send everything; for each request whether it was an attack, and what it showed."""
    for spelling in requests.attacks:
        answer = send(spelling)
        yield True, Outcome(spelling, decide(spelling, answer, known), answer.status)
    for spelling in requests.legitimate:
        answer = send(spelling)
        yield False, Outcome(spelling, decide_legitimate(spelling, answer), answer.status)
