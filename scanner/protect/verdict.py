"""Did a request reach a protected script? Decided from the answer alone: reached, blocked, or cannot tell.

Reached: the answer has a marker (text that only the scripts' own answers have), or it is the page that the script gave
with the secret. Blocked: a refusal (4xx, or 501 and 505 that servers give themselves), or the very page that the server
gives for a name that does not exist or for the base path, or, when every marker was seen in an answer with the secret,
a full answer without one. Everything else cannot be told: a script can fail with 5xx after it ran, can redirect, and
says nothing to HEAD.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from scanner.model.protection import RequestSpelling
from scanner.protect.wire import Response

_REFUSALS = frozenset({501, 505})
_CLIENT_ERROR = 4
_SUCCESS = 2
_LEGITIMATE_REFUSALS = frozenset({401, 403, 406, 429})
_CHANGING = re.compile(rb"[A-Za-z0-9+/_=-]{24,}|[0-9a-fA-F]{16,}|\d+|\s+")
"""Tokens, hashes, numbers, blanks."""
_SHORTEST_SHAPE = 8
"""Bytes; shorter pages look like too many others."""
_ACTING = re.compile(rb"(?:^|[?&;])\W*(?:auto|download_file|sql)\b", re.IGNORECASE)
_SAFE = frozenset({b"GET", b"HEAD"})


class Verdict(StrEnum):
    """What an answer shows."""

    REACHED = "reached"
    BLOCKED = "blocked"
    UNKNOWN = "cannot tell"


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the server before the corpus is sent."""

    markers: tuple[str, ...] = ()
    """Texts of the protected scripts' answers."""
    confirmed: bool = False
    """A marker was seen in the answer to every script with the secret."""
    shapes: tuple[bytes, ...] = ()
    """What the protected scripts answer with the secret, as `shape` gives it."""
    ordinary: tuple[bytes, ...] = ()
    """What the server answers to a name that does not exist and to the base path, as `shape` gives it."""


class Outcome(msgspec.Struct, frozen=True):
    """One request and what it showed."""

    spelling: RequestSpelling
    verdict: Verdict
    status: int


def decide(spelling: RequestSpelling, response: Response, known: Knowledge) -> Verdict:
    """Verdict on an answer to a request that asks for a protected script."""
    text = b"\n".join((*(f"{name}: {value}".encode("latin-1") for name, value in response.headers), response.body))
    if any(marker.encode() in text for marker in known.markers):
        return Verdict.REACHED
    if known.shapes and response.status // 100 == _SUCCESS and shape(response.body) in known.shapes:
        return Verdict.REACHED
    if response.status // 100 == _CLIENT_ERROR or response.status in _REFUSALS:
        return Verdict.BLOCKED
    if response.status == 0:
        return Verdict.UNKNOWN
    if spelling.method == b"HEAD":  # no body, where the marker would stand
        return Verdict.UNKNOWN
    if known.confirmed and response.status // 100 in {2, 3}:
        return Verdict.BLOCKED
    same = response.status // 100 == _SUCCESS and shape(response.body) in known.ordinary
    return Verdict.BLOCKED if same else Verdict.UNKNOWN


def decide_legitimate(spelling: RequestSpelling, response: Response) -> Verdict:
    """Verdict on an answer to a request that must pass.

    A 404 is no refusal: not every site has every file. Neither is a 403 for a folder: servers do not list them.
    """
    if spelling.target.endswith(b"/"):
        return Verdict.REACHED if response.status else Verdict.UNKNOWN
    if response.status == 0:
        return Verdict.UNKNOWN
    return Verdict.BLOCKED if response.status in _LEGITIMATE_REFUSALS else Verdict.REACHED


def shape(body: bytes) -> bytes:
    """A page without what changes from one request to the next; "" for a page too short to be known again."""
    found = _CHANGING.sub(b"", body)
    return found if len(found) >= _SHORTEST_SHAPE else b""


def harmless(spelling: RequestSpelling, methods: Iterable[bytes] = _SAFE) -> bool:
    """The request may be sent to a server in use: an allowed method, and no argument that makes a script act.

    `upgrade.php?auto=1` runs the upgrade, so no spelling of such an argument is sent, in the target or in the body.
    """
    if spelling.method not in {*methods, *_SAFE}:
        return False
    _, _, query = spelling.target.partition(b"?")
    text = b"?" + _decoded(query) + b"&" + _decoded(spelling.body)
    return not _ACTING.search(text)


def _decoded(text: bytes) -> bytes:
    for _ in range(3):
        text = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text)
    return text


def sample(spellings: list[RequestSpelling], limit: int | None) -> list[RequestSpelling]:
    """At most `limit` of them, the same ones each time, evenly over their order."""
    if limit is None or len(spellings) <= limit:
        return spellings
    return [spellings[index * len(spellings) // limit] for index in range(limit)]
