"""What of a value or summary can change what those who use it report.

Functions are evaluated again when a store or a summary that they used has changed since. Most changes do not matter:
one more column name, one more request field. Compared are therefore secrets, parameters that pass through, classes
and callables; objects, handles and text that can be part of an address matter to who calls a sink.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from scanner.analysis.destinations import host_in
from scanner.analysis.summary import PARAM, Hit, Summary, depends_on_caller
from scanner.analysis.templates import is_known
from scanner.analysis.values import FunctionRef, Trace, Val, all_labels

Face = frozenset[object]
Decides = Callable[[str, Trace], bool]
"""Whether a label is worth another round (`State.is_decisive`)."""
_CLASS = "\\"
_MAX_WORD = 40
_MAX_ADDRESS = 300
_PASSING = frozenset({"site", "printed", "thrown"})
_ADDRESSES = frozenset({"dsn", "host", "path", "url", "url-extra"})
"""Roles of what names where a call goes."""
_OF_ADDRESSES = frozenset("./:@")
_NOT_IN_ADDRESSES = frozenset(" \n\t<>\"'(){}")


def face(value: Val, decides: Decides) -> Face:
    """What of a value matters to whoever reads it."""
    if value.face is not None:
        return value.face
    found: set[object] = {
        label for label, trace in value.labels.items() if label.startswith(PARAM) or decides(label, trace)
    }
    found |= _as_classes(value.types)
    found |= value.refs
    for key, item in (value.items or {}).items():
        found.update((key, part) for part in face(item, decides))
    if value.rest is not None:
        found.update(("*", part) for part in face(value.rest, decides))
    value.face = frozenset(found)
    return value.face


@lru_cache(maxsize=1 << 14)
def _as_classes(types: frozenset[str]) -> frozenset[str]:
    """Names of classes, as no label looks like."""
    return frozenset(_CLASS + name for name in types)


def is_of_code(part: str) -> bool:
    """Whether the innermost part of a face is a class, a callable, or what a caller passes, and no other label."""
    return not part or part.startswith((_CLASS, PARAM))


def innermost(part: object) -> str:
    """Label of a part of a face, in whatever element it is; of what is no label, its name."""
    while isinstance(part, tuple) and not isinstance(part, FunctionRef):
        part = part[1]
    return part if isinstance(part, str) else ""


def places(value: Val) -> frozenset[object]:
    """Texts of a value and of its elements that can be part of an address, and the objects and handles in it."""
    if value.places is None:
        found: set[object] = set(filter(_may_be_address, value.texts))
        found |= value.sites
        for item in (value.items or {}).values():
            found |= places(item)
        if value.rest is not None:
            found |= places(value.rest)
        value.places = frozenset(found)
    return value.places


def words(value: Val) -> frozenset[str]:
    """Known short texts of a value: it may be a key, or be compared with one."""
    return frozenset(text for text in value.texts if len(text) <= _MAX_WORD and is_known(text))


class SummaryFace(NamedTuple):
    """What of a summary matters to callers."""

    returned: frozenset[str]
    """Labels of secrets that come out."""
    hits: frozenset[object]
    writes: frozenset[object]
    exported: frozenset[tuple[str, str]]
    """Variables of a file's scope, and labels of secrets in each."""


def summary_face(
    summary: Summary, decides: Decides, specific: Callable[[str], bool], growing: AbstractSet[str] = frozenset()
) -> SummaryFace:
    """What of a summary matters to callers: secrets that come out, and sinks and writes that callers decide.

    Left out: text and classes that a function returns, what it prints and what it throws. They change often, as long
    as stores fill, and hardly ever in a way that a caller would report. Of what it puts into an object that a caller
    passes, the secrets count. `growing`: see `growing`.
    """
    put = {
        (effect.key, label)
        for effect in summary.effects
        if effect.target == "site" and effect.key[0] < 0
        for label in filter(specific, all_labels(effect.value))
    }
    exported = {(name, label) for name, value in summary.exports.items() for label in _secrets(value, decides)}
    return SummaryFace(
        _secrets(summary.returns, decides),
        frozenset(_hit_face(hit, specific, growing) for hit in summary.hits),
        frozenset((effect.target, effect.key) for effect in summary.effects if effect.target not in _PASSING) | put,
        frozenset(exported),
    )


def _secrets(value: Val, decides: Decides) -> frozenset[str]:
    return frozenset(label for label, trace in all_labels(value).items() if decides(label, trace))


def _hit_face(hit: Hit, specific: Callable[[str], bool], growing: AbstractSet[str]) -> object:
    """Sinks that callers decide, by the roles that they decide; where that is the address, with the secrets sent."""
    roles = tuple(sorted(role for role, value in hit.roles.items() if depends_on_caller(value)))
    if _ADDRESSES.isdisjoint(roles):
        return (hit.signature.id, hit.inner, roles) if roles or any(site < 0 for site in hit.sites) else ()
    secrets = frozenset(label for value in hit.roles.values() for label in all_labels(value) if specific(label))
    added = (text for value in hit.roles.values() for text in value.texts) if growing else ()
    return (
        hit.signature.id,
        hit.inner,
        roles,
        secrets,
        frozenset(hole for text in added for hole in text if hole in growing),
    )


@lru_cache(maxsize=1 << 16)
def names_host(part: object) -> bool:
    """Whether a text, or a part of a face, is known and names a host."""
    return isinstance(part, str) and len(part) <= _MAX_ADDRESS and is_known(part) and bool(host_in(part))


@lru_cache(maxsize=1 << 16)
def _may_be_address(text: str) -> bool:
    return len(text) <= _MAX_ADDRESS and not _OF_ADDRESSES.isdisjoint(text) and _NOT_IN_ADDRESSES.isdisjoint(text)
