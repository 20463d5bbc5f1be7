"""PHP's functions that keep some elements of an array: those that a test likes, or that others have or have not.

Each gives exactly what PHP gives where arrays and verdicts are known. Else what may be kept is kept, under its key, and
nobody can count on its place. What is surely dropped is dropped, with the secrets in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from scanner.analysis import ordering, patterns
from scanner.analysis.arithmetic import truth
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_of_value, handles, is_callable, labels_of
from scanner.analysis.listed import (
    Pair,
    any_element,
    array,
    flag,
    in_any_order,
    is_complete,
    is_list,
    is_null,
    labelled,
    number_of,
    numbered,
    one_text,
    pairs,
    perhaps,
    write_back,
)
from scanner.analysis.open_lists import is_open, listed
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, join_all, text_value
from scanner.model.facts import Call, Const, Index, Var

_MAX_TESTED = 100
"""Elements of which a function of the program says which are kept."""
_MAX_PAIRS = 40_000
"""Comparisons of the elements of two arrays."""
_MAX_KEYS = 100
"""Keys that are taken from an array one by one."""
_BY_KEY, _BY_BOTH = 2, 1
_INVERTED = 1
_OFFSET, _LENGTH, _PUT = 1, 2, 3
_FAR = 1_000
Test = Callable[[Val, Val], bool | None]
"""Whether two values are the same; None where that is not known."""


def _kept(of: Val, verdicts: Iterable[tuple[Pair, bool | None]]) -> Val:
    """The elements that may be kept: of `None` nobody knows."""
    found = list(verdicts)
    left = [pair for pair, verdict in found if verdict is not False]
    if is_complete(of) and all(verdict is not None for _pair, verdict in found):
        return array(left, of)
    items = dict(left) if of.items is not None else None
    return perhaps(of).replaced(items=items)


@handles("array_filter")
def _filter(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Elements that a function likes, or that are true."""
    if not args:
        return NOTHING
    found = pairs(args[0])
    if len(args) == 1 or is_null(node, args, 1):
        return _kept(args[0], ((pair, truth(pair[1])) for pair in found))
    mode = number_of(evaluator, args, 2, 0)
    if mode not in (0, _BY_KEY, _BY_BOTH) or not is_callable(evaluator, args[1]) or len(found) > _MAX_TESTED:
        return perhaps(args[0])
    return _kept(args[0], ((pair, _liked(evaluator, node, args[1], pair, mode)) for pair in found))


def _liked(evaluator: Evaluator, node: Call, callback: Val, pair: Pair, mode: int) -> bool | None:
    """What a function says of one element; None where that is not known."""
    key, item = text_value(pair[0]), pair[1]
    given = {0: [item], _BY_KEY: [key], _BY_BOTH: [item, key]}[mode]
    if len(item.texts) > 1 and mode != _BY_KEY:
        return None
    before, evaluator.concrete = evaluator.concrete, True
    result = evaluator.state.interpreter.call_value(evaluator, call_of_value(node, len(given)), callback, given)
    evaluator.concrete = before
    return truth(result)


@handles("preg_grep")
def _grep(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Elements in which a pattern is found."""
    if len(args) < 2:  # noqa: PLR2004  pattern and array
        return NOTHING
    pattern, mode = one_text(evaluator, args, 0), number_of(evaluator, args, 2, 0)
    if pattern is None or mode not in (0, _INVERTED):
        return perhaps(args[1])
    return _kept(args[1], ((pair, _matches(pattern, pair[1], mode)) for pair in pairs(args[1])))


def _matches(pattern: str, item: Val, mode: int) -> bool | None:
    text = _only_text(item)
    groups = patterns.first(pattern, text) if text is not None else None
    return None if groups is None else bool(groups) != (mode == _INVERTED)


@handles("array_unique")
def _unique(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """The first of each text."""
    if not args:
        return NOTHING
    texts = [_only_text(item) for _key, item in pairs(args[0])]
    if len(args) > 1 or not is_complete(args[0]) or None in texts:
        return perhaps(args[0])
    seen: dict[str | None, Pair] = {}
    for text, pair in zip(texts, pairs(args[0]), strict=True):
        seen.setdefault(text, pair)
    return array(seen.values(), args[0])


def _only_text(item: Val) -> str | None:
    """The one text that an element is; None where it may be another, or is no text."""
    if len(item.texts) != 1 or item.items is not None or item.rest is not None or item.types:
        return None
    (text,) = item.texts
    return text if is_known(text) else None


# -- what other arrays have ------------------------------------------------------------------------------------------


class _Kind(NamedTuple):
    """How elements are compared: `plain` as PHP does, `user` by a function, `` not at all."""

    shared: bool
    """Whether those are kept that all others have; else those that none has."""
    value: str
    key: str


_KINDS = {
    f"array_{user}{what}{how}": _Kind(what == "intersect", value, key)
    for what in ("diff", "intersect")
    for user, how, value, key in (
        ("", "", "plain", ""),
        ("", "_assoc", "plain", "plain"),
        ("", "_key", "", "plain"),
        ("", "_ukey", "", "user"),
        ("", "_uassoc", "plain", "user"),
        ("u", "", "user", ""),
        ("u", "_assoc", "user", "plain"),
        ("u", "_uassoc", "user", "user"),
    )
}


@handles(*sorted(_KINDS))
def _compared(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Elements of the first array that all of the others have, or that none of them has."""
    kind = _KINDS[node.short_name.lower()]
    functions = [kind.value, kind.key].count("user")
    arrays, callbacks = args[: len(args) - functions], args[len(args) - functions :]
    if not arrays:
        return NOTHING
    first, others = arrays[0], arrays[1:]
    by_name = kind == _KINDS["array_intersect_key"] and len(others) == 1 and is_complete(others[0])
    if by_name and not _has_no_more(first):
        return _named(evaluator, node, first, others[0])
    if any(arg.spread for arg in node.args) or len(pairs(first)) * sum(len(pairs(one)) for one in others) > _MAX_PAIRS:
        return labelled(evaluator, perhaps(first), [Val(labels=labels_of(evaluator, others))])
    same_value = _same(evaluator, node, kind.value, callbacks[:1])
    same_key = _same(evaluator, node, kind.key, callbacks[-1:])

    def has(other: Val, pair: Pair) -> bool | None:
        found = [
            _all_true(same_key(text_value(pair[0]), text_value(key)), same_value, pair[1], item)
            for key, item in pairs(other)
        ]
        if all(one is False for one in found):
            return False if _has_no_more(other) else None
        return True if True in found and is_complete(other) else None

    def verdict(pair: Pair) -> bool | None:
        found = [has(other, pair) for other in others]
        if kind.shared:
            return False if False in found else None if None in found else True
        return False if True in found else None if None in found else True

    kept = _kept(first, ((pair, verdict(pair)) for pair in pairs(first)))
    return labelled(evaluator, kept, [Val(labels=labels_of(evaluator, others))] if kind.value else others)


def _named(evaluator: Evaluator, node: Call, first: Val, wanted: Val) -> Val:
    """Elements of known keys of an array of which not all is known: of all globals, or of what a caller passes."""
    base = node.args[0].value if node.args else Var("array")
    keys = [key for key, _item in pairs(wanted)][:_MAX_KEYS]
    return Val(items={key: evaluator.element(first, [key], Index(base, Const(key))) for key in keys}, loose=True)


def _has_no_more(other: Val) -> bool:
    """Whether an array has no other elements than those that are told apart, of which some may be missing."""
    return other.items is not None and other.rest is None and not other.texts and not other.types


def _all_true(same_key: bool | None, same_value: Test, one: Val, two: Val) -> bool | None:  # noqa: FBT001
    """Whether key and value are the same; values are looked at only where the keys may be."""
    if same_key is False:
        return False
    told = same_value(one, two)
    return told if same_key or told is False else None


def _same(evaluator: Evaluator, node: Call, how: str, callback: list[Val]) -> Test:
    """A function that tells whether two values are the same."""
    if not how:
        return _anything
    if how == "plain":
        return _alike
    compare = ordering.by_callback(evaluator, node, callback[0]) if callback else _unknown
    return lambda one, two: None if (sign := compare(one, two)) is None else sign == 0


def _anything(_one: Val, _two: Val) -> bool | None:
    return True


def _unknown(_one: Val, _two: Val) -> int | None:
    return None


def _alike(one: Val, two: Val) -> bool | None:
    first, second = _only_text(one), _only_text(two)
    return None if first is None or second is None else first == second


# -- pieces of an array ----------------------------------------------------------------------------------------------


@handles("array_slice")
def _slice(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Elements from one place on, so many or up to another."""
    if len(args) < 2:  # noqa: PLR2004  array and offset
        return NOTHING
    cut, keeps = _cut(evaluator, node, args), flag(evaluator, node, args, 3)
    if cut is not None and keeps is not None and is_complete(args[0]):
        chosen = pairs(args[0])[cut]
        return labelled(evaluator, array(chosen if keeps else numbered(chosen, named=True), args[0]), args[1:])
    start = number_of(evaluator, args, _OFFSET, None)
    if start and start > 0 and is_open(evaluator, args[0]):
        return listed(evaluator, args[0], min(start, _FAR))
    from_start = start == 0 and (is_open(evaluator, args[0]) or (is_list(args[0]) and not args[0].texts))
    piece = perhaps(args[0]) if from_start or keeps else in_any_order(evaluator, args[0], named=True)
    return labelled(evaluator, piece, args[1:])


def _cut(evaluator: Evaluator, node: Call, args: list[Val]) -> slice | None:
    """Which elements a piece has; None where that is not known."""
    start = number_of(evaluator, args, _OFFSET, None)
    if is_null(node, args, _LENGTH) or len(args) <= _LENGTH:
        return None if start is None else slice(start, None)
    length = number_of(evaluator, args, _LENGTH, None)
    size = len(pairs(args[0]))
    if start is None or length is None:
        return None
    first = min(start, size) if start >= 0 else max(0, size + start)
    if start < 0 and not is_complete(args[0]):
        return None
    return slice(start if start >= 0 else first, first + length if length >= 0 else max(first, size + length))


@handles("array_splice")
def _splice(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """A piece that is cut out, and what is put in its place."""
    if len(args) < 2:  # noqa: PLR2004  array and offset
        return NOTHING
    put = args[_PUT] if len(args) > _PUT else Val(items={})
    put = put if put.items is not None or put.rest is not None or not put.texts else Val(items={"0": put})
    cut = _cut(evaluator, node, args)
    if cut is None or not is_complete(args[0]) or not is_complete(put):
        added = () if is_complete(put) and not put.items else (any_element(evaluator, put),)
        write_back(evaluator, node, in_any_order(evaluator, args[0], *added, named=True))
        return labelled(evaluator, in_any_order(evaluator, args[0], named=True), args[1:_PUT])
    all_of = pairs(args[0])
    first, end, _step = cut.indices(len(all_of))
    end = max(first, end)
    left = [*all_of[:first], *(("0", item) for _key, item in pairs(put)), *all_of[end:]]
    write_back(evaluator, node, array(numbered(left, named=True), args[0]))
    return array(numbered(all_of[first:end], named=True), args[0])


@handles("array_keys")
def _keys(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Keys; with a second argument those under which it stands."""
    if not args:
        return NOTHING
    labels = labelled(evaluator, evaluator.keys_of(args[0], node), args[1:])
    found = [(pair, _is_wanted(args[1:], pair[1])) for pair in pairs(args[0])]
    left = [(str(place), text_value(pair[0])) for place, (pair, verdict) in enumerate(found) if verdict is not False]
    if is_complete(args[0]) and None not in (verdict for _pair, verdict in found):
        return array(numbered(left), Val(labels=labels.labels))
    keys = join_all((key for _place, key in left), evaluator.state.overflow)
    some = evaluator.join(keys, Val(labels=labels.labels)) if _has_no_more(args[0]) else labels
    return Val(rest=some, labels=labels.labels)


def _is_wanted(wanted: list[Val], item: Val) -> bool | None:
    """Whether `array_keys` looks for an element; numbers in different spellings may be the same."""
    if not wanted:
        return True
    if (same := _alike(item, wanted[0])) is not False:
        return same
    numeric = [ordering.is_numeric(text) for one in (item, wanted[0]) for text in one.texts]
    return None if any(numeric) or not all(text for one in (item, wanted[0]) for text in one.texts) else False


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""
