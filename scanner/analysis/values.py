"""Abstract values: what an expression may be, and which labels it carries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from scanner.analysis.templates import FIRST_PRIVATE, PARAMETERS

MAX_TEXTS = 24
"""Different strings kept per value; more become one unknown hole."""
MAX_ITEMS = 120
"""Elements kept apart per array; of those beyond, which say least are merged into `rest`."""
MAX_WEIGHT = 300
"""Values kept apart inside one value."""
MAX_HEIGHT = 16
"""Levels of elements inside one value."""
_MAX_PASSED_WEIGHT = 100
"""The same for one that callers decide, where it is nested so deeply:"""
_NESTED = 3
"""levels of elements."""
_PLAIN = 16
"""Plain texts of a long list that weigh as much as one value: obfuscated code keeps its characters in such lists."""
MAX_LABELS = 24
MAX_SITES = 32
CUT_SITES = 1 << 60
"""Stands for the handles and objects of a value beyond `MAX_SITES`: nothing is known of them."""


class Trace(NamedTuple):
    """Steps from a source, newest first; shared tails make it cheap to extend."""

    path: str
    line: int
    text: str
    previous: Trace | None
    length: int


_MAX_STEPS = 1 << 17
"""Steps that are remembered; then remembering begins anew."""
_steps: dict[tuple[str, int, str, int], Trace] = {}
"""By path, line, text and the identity of the trace before, which its extension keeps alive."""


def stepped(trace: Trace, path: str, line: int, text: str) -> Trace:
    """A trace with one more step. The same way is the same object: what is compared most is alike most often."""
    if len(_steps) > _MAX_STEPS:
        _steps.clear()
    if trace.previous is None:
        trace = _steps.setdefault((trace.path, trace.line, trace.text, -trace.length), trace)
    key = (path, line, text, id(trace))
    known = _steps.get(key)
    if known is None:
        known = _steps[key] = Trace(path, line, text, trace, trace.length + 1)
    return known


def chain(trace: Trace) -> list[tuple[str, int, str]]:
    """Steps of a trace, newest first: (path, line, text)."""
    steps: list[tuple[str, int, str]] = []
    step: Trace | None = trace
    while step is not None:
        steps.append(step[:3])
        step = step.previous
    return steps


class FunctionRef(NamedTuple):
    """A callable value: a function of the program, with the object or class it is bound to."""

    function: int
    bound: str
    """Lower-case class name of `$this`, or ``."""


_NO_LABELS: Mapping[str, Trace] = {}


class Val:
    """One abstract value. Immutable by convention: an operation that changes nothing returns the value itself.

    `texts` are templates (see `templates`); an empty set means "not a string that matters" (number, bool, object).
    """

    __slots__ = (
        "closed", "face", "flowing", "height", "items", "labels", "leaving", "loose", "open_part", "places", "refs",
        "rest", "scalar", "secret", "sites", "symbolic", "texts", "types", "weight", "within",
    )  # fmt: skip

    def __init__(
        self,
        texts: frozenset[str] = frozenset(),
        labels: Mapping[str, Trace] | None = None,
        types: frozenset[str] = frozenset(),
        refs: frozenset[FunctionRef] = frozenset(),
        sites: frozenset[int] = frozenset(),
        items: Mapping[str, Val] | None = None,
        rest: Val | None = None,
        scalar: str = "",
        loose: bool = False,  # noqa: FBT001, FBT002  one more field of a value
    ) -> None:
        self.texts = texts
        self.labels = labels or _NO_LABELS
        self.types = types
        self.refs = refs
        self.sites = sites
        self.items = items
        self.rest = rest
        self.scalar = scalar
        """Kind of the texts, where all are surely of the same (see `scalars`); nothing where there are none."""
        self.loose = loose
        """Whether some of the elements may be missing, or stand in another order: nobody can count on their places."""
        self.weight = 1
        """Values in it, itself included."""
        self.height = 0
        """Levels of elements below it."""
        self.leaving: Mapping[str, Trace] | None = None
        """Labels of the value and of all in it; worked out when first asked (see `all_labels`)."""
        if items or rest is not None:
            self._bound()
        self.closed: Val | None = None
        """The value without properties of callers' objects; worked out when first asked (see `summary.closed`)."""
        self.open_part: Val | None = None
        """The value without labels of its own; worked out when first asked (see `summary.parameters_only`)."""
        self.symbolic: bool | None = None
        """Whether a parameter is in it; found out when first asked."""
        self.secret: bool | None = None
        """Whether a secret with a name is in it; found out when first asked (see `kinds`)."""
        self.within: frozenset[int] | None = None
        """Handles and objects in it; worked out when first asked (see `all_sites`)."""
        self.flowing: Val | None = None
        """What of it can flow to stores far from here; worked out when first asked (see `flows`)."""
        self.face: frozenset[object] | None = None
        """What of it can change what a reader reports; worked out when first asked (see `faces`)."""
        self.places: frozenset[object] | None = None
        """Addresses, objects and handles in it; worked out when first asked (see `faces`)."""

    def _bound(self) -> None:
        """Give up the structure of what has grown too large: generated parsers nest arrays without end."""
        weight, below = 1, 0
        if self.items:
            for item in self.items.values():
                weight += item.weight
                below = max(below, item.height)
            if weight - 1 == len(self.items) > MAX_ITEMS:
                weight = 1 + len(self.items) // _PLAIN
        if self.rest is not None:
            weight += self.rest.weight
            below = max(below, self.rest.height)
        self.weight, self.height = weight, below + 1
        if weight > MAX_WEIGHT or below >= MAX_HEIGHT:
            labels = all_labels(self)
            self.items, self.rest, self.weight, self.height = None, Val(labels=labels), 2, 1

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Val)
            and self.texts == other.texts
            and self.labels.keys() == other.labels.keys()
            and self.types == other.types
            and self.refs == other.refs
            and self.sites == other.sites
            and self.items == other.items
            and self.rest == other.rest
            and self.scalar == other.scalar
            and self.loose == other.loose
        )

    __hash__ = None  # type: ignore[assignment]  # values are compared, never keys

    def replaced(self, **changes: object) -> Val:
        """Copy with some fields changed; other texts are of no known kind, unless that is said."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        if "texts" in changes:
            fields["scalar"] = ""
        if "items" in changes or "rest" in changes:
            return Val(**{**fields, "items": self.items, "rest": self.rest, **changes})
        return Val(**{**fields, **changes}).holding(self)

    def holding(self, other: Val) -> Val:
        """The value itself, which has no elements, with those of another one, whose weight is known."""
        self.items, self.rest, self.weight, self.height = other.items, other.rest, other.weight, other.height
        return self


_FIELDS = ("labels", "loose", "refs", "scalar", "sites", "texts", "types")
"""Fields of a value, besides its elements."""
NOTHING = Val()


def text_value(*texts: str) -> Val:
    """Value that is one of some strings."""
    return _one_text(texts[0]) if len(texts) == 1 else Val(frozenset(texts))


@lru_cache(maxsize=1 << 14)
def _one_text(text: str) -> Val:
    """The same text is the same value: joins with it are free."""
    return Val(frozenset([text]))


@lru_cache(maxsize=1 << 14)
def typed(text: str, kind: str) -> Val:
    """Value that is one text of a known kind (see `scalars`)."""
    return Val(frozenset([text]), scalar=kind)


_MAX_JOINS = 1 << 14
_joins: dict[tuple[int, int, str], tuple[Val, Val, Val]] = {}
"""What two arrays were joined to, by both and with both, so that no other object gets their numbers meanwhile.

A property that holds arrays of arrays is read at each step of `$this->info['a']['b']['c'] = ...`: nearly all of it is
as it was.
"""


def merge_labels(first: Mapping[str, Trace], second: Mapping[str, Trace]) -> Mapping[str, Trace]:
    """Union of labels; of two traces for one label the shorter (then smaller) stays: independent of order."""
    if not second or first is second:
        return first
    if not first:
        return second
    merged: dict[str, Trace] | None = None
    least = None
    for label, trace in second.items():
        known = first.get(label)
        if known is None and len(first) >= MAX_LABELS:
            least = least or max(map(_worth, first))
            if _worth(label) > least:
                continue  # it would be cut again
        if known is not trace and (known is None or _before(trace, known)):
            if merged is None:
                merged = dict(first)
            merged[label] = trace
    if merged is None:
        return first
    return merged if len(merged) <= MAX_LABELS else _cut(merged, first)


def _cut(merged: Mapping[str, Trace], first: Mapping[str, Trace]) -> Mapping[str, Trace]:
    """As many labels as are kept; where that is what was there before, the very same: what is full does not grow."""
    kept = {label: merged[label] for label in sorted(merged, key=_worth)[:MAX_LABELS]}
    same = len(kept) == len(first) and all(first.get(label) is trace for label, trace in kept.items())
    return first if same else kept


@lru_cache(maxsize=1 << 16)
def _worth(label: str) -> tuple[int, str]:
    """Sorts secrets first: where not all labels are kept, what has no name of its own must not push them out."""
    return (2 if label.startswith(("~", "env.")) else 1 if label.startswith("param:") else 0, label)


def _before(first: Trace, second: Trace) -> bool:
    """A total order, so that which trace stays does not depend on which came first."""
    if first.length != second.length:
        return first.length < second.length
    one: Trace | None = first
    two: Trace | None = second
    while one is not None and two is not None and one is not two:
        if one.line != two.line or one.path != two.path or one.text != two.text:
            return one[:3] < two[:3]
        one, two = one.previous, two.previous
    return False


def passed_on(value: Val) -> Val:
    """What a summary tells callers of a value: of arrays in arrays in arrays only so many elements are kept apart.

    A library that draws keeps colours of colours: each call would put all of them into each again.
    """
    if value.weight <= _MAX_PASSED_WEIGHT or value.height < _NESTED:
        return value
    return value.replaced(items=None, rest=Val(labels=all_labels(value)))


def merge_texts(first: frozenset[str], second: frozenset[str], overflow: str) -> frozenset[str]:
    """Union of template sets; beyond `MAX_TEXTS` the most telling stay and `overflow` is added."""
    if first is second or not second:
        return first
    if not first:
        return second
    merged = first | second
    size = len(merged)
    if size == len(first):
        return first
    if size == len(second):
        return second
    if size <= MAX_TEXTS:
        return same_texts(merged)
    bounded = bounded_texts(merged, overflow)
    return first if bounded == first else bounded


@lru_cache(maxsize=1 << 13)
def same_texts(texts: frozenset[str]) -> frozenset[str]:
    """The very same set for equal ones: summaries hold each many times, and joins of the same are free."""
    return texts


def bounded_texts(texts: AbstractSet[str], overflow: str, limit: int = MAX_TEXTS) -> frozenset[str]:
    """At most `limit` templates: addresses and parameters before other text, what is unknown last."""
    return frozenset(texts) if len(texts) <= limit else _most_telling(frozenset(texts), overflow, limit)


@lru_cache(maxsize=1 << 10)
def _most_telling(texts: frozenset[str], overflow: str, limit: int) -> frozenset[str]:
    kept = sorted(texts - {overflow}, key=_rank)[: limit - 1]
    return frozenset([*kept, overflow])


@lru_cache(maxsize=1 << 16)
def _rank(text: str) -> tuple[int, int, str]:
    """Sorts the most telling texts first."""
    return (_vagueness(text), len(text), text)


def _vagueness(text: str) -> int:
    if "://" in text or PARAMETERS.match(text):
        return 0
    return 1 if text and min(text) < FIRST_PRIVATE else 2


def join(first: Val, second: Val, overflow: str) -> Val:
    """Least upper bound of two values, bounded; the first itself where the second adds nothing."""
    if first is second or second is NOTHING:
        return first
    if first is NOTHING:
        return second
    if not (first.height and second.height):
        return _joined(first, second, overflow)
    key = (id(first), id(second), overflow)
    known = _joins.get(key)
    if known is None:
        if len(_joins) >= _MAX_JOINS:
            _joins.clear()
        known = _joins[key] = (first, second, _joined(first, second, overflow))
    return known[2]


def _joined(first: Val, second: Val, overflow: str) -> Val:
    texts = merge_texts(first.texts, second.texts, overflow)
    labels = merge_labels(first.labels, second.labels)
    types, refs, sites = first.types, first.refs, first.sites
    if second.types and second.types is not types and not second.types <= types:
        types = types | second.types if types else second.types
    if second.refs and not second.refs <= refs:
        refs = refs | second.refs if refs else second.refs
    if second.sites and second.sites is not sites and not second.sites <= sites:
        sites = _bounded(sites | second.sites) if sites else second.sites
    items, rest, loose = first.items, first.rest, first.loose or second.loose
    if second.items is not None and second.items is not items:
        loose = loose or (items is not None and not _in_order(items, second.items))
        items, rest = (second.items, rest) if items is None else _merge_items(items, second.items, rest, overflow)
    if second.rest is not None and second.rest is not rest:
        rest = second.rest if rest is None else join(rest, second.rest, overflow)
    scalar = first.scalar if first.scalar == second.scalar else _kind(first, second)
    for whole in (first, second):
        if (
            texts is whole.texts
            and scalar == whole.scalar
            and labels is whole.labels
            and types is whole.types
            and refs is whole.refs
            and sites is whole.sites
            and items is whole.items
            and rest is whole.rest
            and loose is whole.loose
        ):
            return whole
    return Val(texts, labels, types, refs, sites, items, rest, scalar, loose)


def _in_order(one: Mapping[str, Val], two: Mapping[str, Val]) -> bool:
    """Whether two arrays have the same keys in the same order."""
    return len(one) == len(two) and all(first == second for first, second in zip(one, two, strict=True))


def _kind(first: Val, second: Val) -> str:
    """Kind of the texts of two values of different kinds: a value without text has none."""
    if not second.texts:
        return first.scalar
    return "" if first.texts else second.scalar


def join_all(values: Iterable[Val], overflow: str) -> Val:
    """Join of any number of values."""
    result = NOTHING
    for value in values:
        result = join(result, value, overflow)
    return result


def _bounded(sites: frozenset[int]) -> frozenset[int]:
    return sites if len(sites) <= MAX_SITES else frozenset([*sorted(sites)[: MAX_SITES - 1], CUT_SITES])


def _merge_items(
    one: Mapping[str, Val], two: Mapping[str, Val], rest: Val | None, overflow: str
) -> tuple[Mapping[str, Val], Val | None]:
    """Elements of two arrays, bounded; what is too much is part of the rest."""
    merged: dict[str, Val] | None = None
    done: dict[tuple[int, int], Val] = {}
    for key, value in two.items():
        known = one.get(key)
        if known is value:
            continue
        if known is None:
            joined = value
        elif (both := (id(known), id(value))) in done:
            joined = done[both]
        else:
            joined = done[both] = join(known, value, overflow)
        if joined is not known:
            if merged is None:
                merged = dict(one)
            merged[key] = joined
    if merged is None:
        return one, rest
    return (merged, rest) if len(merged) <= MAX_ITEMS else _bounded_items(merged, rest, overflow)


def _bounded_items(items: Mapping[str, Val], rest: Val | None, overflow: str) -> tuple[Mapping[str, Val], Val]:
    """The most telling elements apart, all others as one."""
    ranked = sorted(items, key=lambda key: (_says_little(items[key]), key))
    others = join_all((items[key] for key in ranked[MAX_ITEMS:]), overflow)
    kept = {key: items[key] for key in sorted(ranked[:MAX_ITEMS])}
    return kept, others if rest is None else join(rest, others, overflow)


def _says_little(value: Val) -> bool:
    return not (value.labels or value.height or value.refs or value.types or any("://" in t for t in value.texts))


def parts(value: Val) -> list[Val]:
    """Elements of a value: those that are told apart, and the rest of them as one."""
    found = list(value.items.values()) if value.items else []
    if value.rest is not None:
        found.append(value.rest)
    return found


def all_labels(value: Val) -> Mapping[str, Trace]:
    """Labels of a value and of everything in it: what leaves when the whole value is sent."""
    if not value.height:
        return value.labels
    if value.leaving is None:
        labels = value.labels
        for item in (value.items or {}).values():
            if item.height or item.labels:
                labels = merge_labels(labels, all_labels(item))
        if value.rest is not None:
            labels = merge_labels(labels, all_labels(value.rest))
        value.leaving = labels
    return value.leaving


def all_sites(value: Val) -> frozenset[int]:
    """Handles and objects in a value and in its elements."""
    if not value.height:
        return value.sites
    if value.within is None:
        found = value.sites
        for item in parts(value):
            if item.sites or item.height:
                found |= all_sites(item)
        value.within = found
    return value.within
