"""Abstract values: what an expression may be, and which labels it carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis.templates import FIRST_PRIVATE, PARAMETERS

MAX_TEXTS = 24
"""Different strings kept per value; more become one unknown hole."""
MAX_ITEMS = 120
"""Elements kept apart per array; more are merged into `rest`."""
MAX_WEIGHT = 300
"""Values kept apart inside one value."""
_PLAIN = 16
"""Plain texts of a long list that weigh as much as one value: obfuscated code keeps its characters in such lists."""
MAX_LABELS = 24
MAX_SITES = 12


class Trace(NamedTuple):
    """Steps from a source, newest first; shared tails make it cheap to extend."""

    path: str
    line: int
    text: str
    previous: Trace | None
    length: int


class FunctionRef(NamedTuple):
    """A callable value: a function of the program, with the object or class it is bound to."""

    function: int
    bound: str
    """Lower-case class name of `$this`, or ``."""


class Val:
    """One abstract value. Immutable by convention; all operations return new values.

    `texts` are templates (see `templates`); an empty set means "not a string that matters" (number, bool, object).
    """

    __slots__ = ("face", "items", "labels", "refs", "rest", "sites", "symbolic", "texts", "types", "weight")

    def __init__(
        self,
        texts: frozenset[str] = frozenset(),
        labels: Mapping[str, Trace] | None = None,
        types: frozenset[str] = frozenset(),
        refs: frozenset[FunctionRef] = frozenset(),
        sites: frozenset[int] = frozenset(),
        items: Mapping[str, Val] | None = None,
        rest: Val | None = None,
    ) -> None:
        self.texts = texts
        self.labels = labels or {}
        self.types = types
        self.refs = refs
        self.sites = sites
        self.items = items
        self.rest = rest
        self.weight = 1
        """Values in it, itself included."""
        if items or rest is not None:
            self._bound()
        self.symbolic: bool | None = None
        """Whether a parameter is in it; found out when first asked."""
        self.face: frozenset[object] | None = None
        """What of it can change what a reader reports; worked out when first asked (see `faces`)."""

    def _bound(self) -> None:
        """Give up the structure of what has grown too large: generated parsers nest arrays without end."""
        items, rest = self.items, self.rest
        if items:
            weight = sum(item.weight for item in items.values())
            self.weight += weight // _PLAIN if weight == len(items) > MAX_ITEMS else weight
        self.weight += rest.weight if rest is not None else 0
        if self.weight > MAX_WEIGHT:
            labels = all_labels(self)
            self.items, self.rest, self.weight = None, Val(labels=labels), 2

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Val)
            and self.texts == other.texts
            and self.labels.keys() == other.labels.keys()
            and self.types == other.types
            and self.refs == other.refs
            and self.sites == other.sites
            and self.items == other.items
            and self.rest == other.rest
        )

    __hash__ = None  # type: ignore[assignment]  # values are compared, never keys

    def replaced(self, **changes: object) -> Val:
        """Copy with some fields changed."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        fields.update(changes)
        return Val(**fields)


_FIELDS = ("items", "labels", "refs", "rest", "sites", "texts", "types")
NOTHING = Val()


def text_value(*texts: str) -> Val:
    """Value that is one of some strings."""
    return Val(frozenset(texts))


def merge_labels(first: Mapping[str, Trace], second: Mapping[str, Trace]) -> Mapping[str, Trace]:
    """Union of labels; of two traces for one label the shorter (then smaller) stays: independent of order."""
    if not second or first is second:
        return first
    if not first:
        return second
    merged = dict(first)
    for label, trace in second.items():
        known = merged.get(label)
        if known is None or _before(trace, known):
            merged[label] = trace
    if len(merged) > MAX_LABELS:
        merged = {label: merged[label] for label in sorted(merged)[:MAX_LABELS]}
    return merged


def _before(first: Trace, second: Trace) -> bool:
    return (first.length, first.path, first.line, first.text) < (second.length, second.path, second.line, second.text)


def merge_texts(first: frozenset[str], second: frozenset[str], overflow: str) -> frozenset[str]:
    """Union of template sets; beyond `MAX_TEXTS` the most telling stay and `overflow` is added."""
    if not second or first == second:
        return first
    if not first:
        return second
    merged = first | second
    return bounded_texts(merged, overflow)


def bounded_texts(texts: AbstractSet[str], overflow: str, limit: int = MAX_TEXTS) -> frozenset[str]:
    """At most `limit` templates: addresses and parameters before other text, what is unknown last."""
    if len(texts) <= limit:
        return frozenset(texts)
    kept = sorted(texts - {overflow}, key=lambda text: (_vagueness(text), len(text), text))[: limit - 1]
    return frozenset([*kept, overflow])


def _vagueness(text: str) -> int:
    if "://" in text or PARAMETERS.match(text):
        return 0
    return 1 if text and min(text) < FIRST_PRIVATE else 2


def join(first: Val, second: Val, overflow: str) -> Val:
    """Least upper bound of two values, bounded."""
    if first is second or second is NOTHING:
        return first
    if first is NOTHING:
        return second
    return Val(
        merge_texts(first.texts, second.texts, overflow),
        merge_labels(first.labels, second.labels),
        first.types | second.types,
        first.refs | second.refs,
        _bounded(first.sites | second.sites),
        _merge_items(first, second, overflow),
        _merge_optional(first.rest, second.rest, overflow),
    )


def join_all(values: Iterable[Val], overflow: str) -> Val:
    """Join of any number of values."""
    result = NOTHING
    for value in values:
        result = join(result, value, overflow)
    return result


def _bounded(sites: frozenset[int]) -> frozenset[int]:
    return sites if len(sites) <= MAX_SITES else frozenset(sorted(sites)[:MAX_SITES])


def _merge_optional(first: Val | None, second: Val | None, overflow: str) -> Val | None:
    if first is None:
        return second
    return first if second is None else join(first, second, overflow)


def _merge_items(first: Val, second: Val, overflow: str) -> Mapping[str, Val] | None:
    one, two = first.items, second.items
    if one is None or two is None or one is two:
        return one if two is None else two
    merged = dict(one)
    for key, value in two.items():
        known = merged.get(key)
        merged[key] = value if known is None else join(known, value, overflow)
    if len(merged) > MAX_ITEMS:
        merged = {key: merged[key] for key in sorted(merged)[:MAX_ITEMS]}
    return merged


def all_labels(value: Val, depth: int = 6) -> Mapping[str, Trace]:
    """Labels of a value and of everything in it: what leaves when the whole value is sent."""
    labels = value.labels
    if depth and value.items:
        for item in value.items.values():
            labels = merge_labels(labels, all_labels(item, depth - 1))
    if depth and value.rest is not None:
        labels = merge_labels(labels, all_labels(value.rest, depth - 1))
    return labels


def all_sites(value: Val, depth: int = 4) -> frozenset[int]:
    """Handles and objects in a value and in its elements."""
    found = value.sites
    if depth and value.items:
        for item in value.items.values():
            found |= all_sites(item, depth - 1)
    if depth and value.rest is not None:
        found |= all_sites(value.rest, depth - 1)
    return found
