"""PHP's functions that make an array of others: filled, padded, cut in pieces, flipped, put side by side, or merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scanner.analysis import enums, relisting
from scanner.analysis.arithmetic import number
from scanner.analysis.array_keys import is_number
from scanner.analysis.destinations import stays_here
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import contents, handles, labels_of
from scanner.analysis.listed import (
    Pair,
    any_element,
    array,
    flag,
    in_any_order,
    is_complete,
    is_null,
    number_of,
    numbered,
    pairs,
    perhaps,
)
from scanner.analysis.summary import ANY, opened
from scanner.analysis.templates import OF_OBJECT
from scanner.analysis.values import NOTHING, Val, join_all, parts, text_value
from scanner.model.facts import Call, Const, Index, Unknown, Var

_MAX_ELEMENTS = 4_000
_MAX_KEYS = 100
"""Keys that are taken from an array one by one."""
_MAX_DEPTH = 8
Merge = Callable[[list[Val]], Val]


# -- one value many times --------------------------------------------------------------------------------------------


@handles("array_fill")
def _fill(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """So many times the same value, from one key on."""
    start, count = number_of(evaluator, args, 0, None), number_of(evaluator, args, 1, None)
    value = args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004  start, number, value
    if start is None or start < 0 or count is None or not 0 <= count <= _MAX_ELEMENTS:
        return Val(rest=value, loose=True)
    return array((str(start + place), value) for place in range(count))


@handles("array_fill_keys")
def _fill_keys(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """The same value under each of the keys that are an array's elements."""
    value = args[1] if len(args) > 1 else NOTHING
    names = _texts(evaluator, args[0]) if args else None
    if names is not None:
        return array(((name, value) for name in names), args[0])
    return Val(rest=value, labels=labels_of(evaluator, args[:1]), loose=True)


def _texts(evaluator: Evaluator, value: Val) -> list[str] | None:
    """Elements of an array that are all one known text each; None of any other."""
    if not is_complete(value):
        return None
    known = [evaluator.known_texts(item) for _key, item in pairs(value)]
    certain = all(len(texts) == len(item.texts) == 1 for texts, (_key, item) in zip(known, pairs(value), strict=True))
    return [texts[0] for texts in known] if certain else None


@handles("array_pad")
def _pad(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """The array, and behind or in front of it a value as often as it takes."""
    if len(args) < 3:  # noqa: PLR2004  array, length, value
        return NOTHING
    size = number_of(evaluator, args, 1, None)
    if size is None or not is_complete(args[0]) or abs(size) > _MAX_ELEMENTS:
        return in_any_order(evaluator, args[0], args[2], named=True)
    known = pairs(args[0])
    added = [("0", args[2])] * (abs(size) - len(known))
    return array(numbered([*known, *added] if size > 0 else [*added, *known], named=True), args[0])


# -- in another shape ------------------------------------------------------------------------------------------------


@handles("array_chunk")
def _chunk(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Arrays of so many elements each, where these are known."""
    value = args[0] if args else NOTHING
    size, keeps = number_of(evaluator, args, 1, None), flag(evaluator, node, args, 2)
    if not is_complete(value) or not size or size < 1 or keeps is None:
        inner = perhaps(value) if keeps else in_any_order(evaluator, value)
        return Val(rest=inner, labels=value.labels, loose=True)
    known = pairs(value)
    pieces = [known[start : start + size] for start in range(0, len(known), size)]
    made = [array(piece if keeps else numbered(piece)) for piece in pieces]
    return array(((str(place), piece) for place, piece in enumerate(made)), value)


@handles("array_column")
def _column(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """One element of each row, or all of it, under another element of it."""
    rows = args[0] if args else NOTHING
    listed = parts(rows)
    whole = is_null(node, args, 1)
    columns = evaluator.known_texts(args[1]) if len(args) > 1 else []
    names = evaluator.known_texts(args[2]) if len(args) > 2 and not is_null(node, args, 2) else []  # noqa: PLR2004
    by_name = len(args) > 2 and not is_null(node, args, 2)  # noqa: PLR2004  rows, column, key
    if (len(columns) != 1 and not whole) or not listed or (by_name and len(names) != 1):
        inner = contents(evaluator, rows)
        return Val(rest=inner if whole else contents(evaluator, inner), labels=rows.labels, loose=True)
    items: dict[str, Val] = {}
    certain = is_complete(rows)
    for row in listed[:_MAX_KEYS]:
        if not whole and columns[0] not in (row.items or {}) and is_complete(row):
            continue  # PHP leaves it out
        certain = certain and (whole or is_complete(row) or _is_case(evaluator, row))
        key = _own_key(evaluator, row, names[0]) if by_name else None
        certain = certain and not (by_name and key is None)
        items[str(len(items)) if key is None else key] = row if whole else _of_row(evaluator, row, columns)
    every = join_all(items.values(), evaluator.state.overflow)
    unsure = rows.rest is not None or len(listed) > _MAX_KEYS
    return Val(items=items, rest=every if unsure else None, labels=rows.labels, loose=not certain)


def _own_key(evaluator: Evaluator, row: Val, name: str) -> str | None:
    value = _of_row(evaluator, row, [name]) if row.types else (row.items or {}).get(name, NOTHING)
    known = evaluator.known_texts(value)
    return known[0] if len(known) == 1 else None


def _is_case(evaluator: Evaluator, row: Val) -> bool:
    """Whether a row is a case of an enum, which has a name, and a value where all of them have."""
    return bool(row.types) and row.items is None and enums.is_enum(evaluator.state, row.types)


def _of_row(evaluator: Evaluator, row: Val, columns: list[str]) -> Val:
    """Element of a row, or property of an object."""
    if _is_case(evaluator, row):
        return evaluator.read_property(row, columns[0], Unknown(columns[0]))
    if row.types and not row.items:
        known = evaluator.held(row, sorted(row.types), columns[0])
        return evaluator.join(evaluator.project(row, OF_OBJECT + columns[0]), known)
    return evaluator.element(row, columns, Index(Var("row"), None))


@handles("array_flip")
def _flip(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Values become keys: what they carry is the array's."""
    if not args:
        return NOTHING
    labels = labels_of(evaluator, args)
    names = _texts(evaluator, args[0])
    if names is not None:
        return Val(items={name: text_value(key) for name, (key, _item) in zip(names, pairs(args[0]), strict=True)},
                   labels=labels)  # fmt: skip
    return Val(rest=evaluator.keys_of(args[0], node), labels=labels, loose=True)


@handles("array_count_values")
def _count_values(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """How often each value stands in an array, under the value."""
    if not args:
        return NOTHING
    names = _texts(evaluator, args[0])
    if names is None:
        return Val(rest=evaluator.unknown(node), labels=labels_of(evaluator, args), loose=True)
    return Val(items={name: text_value(str(names.count(name))) for name in names}, labels=labels_of(evaluator, args))


@handles("array_combine")
def _combine(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Elements of one array under those of another."""
    if len(args) < 2:  # noqa: PLR2004  keys and values
        return NOTHING
    names = _texts(evaluator, args[0])
    if names is not None and is_complete(args[1]) and len(names) == len(args[1].items or ()):
        return array(zip(names, (args[1].items or {}).values(), strict=True), args[1])
    labels = labels_of(evaluator, args)
    if args[0].items and args[1].items:  # in this order, as far as they are known; perhaps in another
        known = [evaluator.known_texts(item) for item in args[0].items.values()]
        if all(len(texts) == 1 for texts in known):
            items = dict(zip((texts[0] for texts in known), args[1].items.values(), strict=False))
            if is_complete(args[0]) or is_complete(args[1]):
                return Val(items=items, rest=any_element(evaluator, args[1]), labels=labels, loose=True)
    return Val(rest=evaluator.join(any_element(evaluator, args[1]), Val(labels=labels)), loose=True)


@handles("array_change_key_case")
def _change_case(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Keys in lower case, or in upper case."""
    case = number_of(evaluator, args, 1, 0)
    if not args or case not in (0, 1):
        return in_any_order(evaluator, args[0]) if args else NOTHING
    lower = "".maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    upper = {small: large for large, small in lower.items()}
    items = {key.translate(upper if case else lower): item for key, item in pairs(args[0])}
    return args[0].replaced(items=items if args[0].items is not None else None)


@handles("array_product")
def _product(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The product of whole numbers."""
    texts = _texts(evaluator, args[0]) if args else None
    found = [number(text) for text in texts] if texts is not None else [None]
    labels = labels_of(evaluator, args)
    result = 1
    for one in found:
        if one is None or abs(result * one) >= 1 << 62:
            return Val(evaluator.unknown(node).texts, labels)
        result *= one
    return Val(frozenset([str(result)]), labels)


# -- several arrays --------------------------------------------------------------------------------------------------


@handles("array_merge", "array_replace", "array_merge_recursive", "array_replace_recursive", "wp_parse_args")
def _array_merge(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Later arrays win; of one that is not known, each element that stays on this machine may be another."""
    name = node.short_name.lower()
    if args and name in _EXACT and all(map(is_complete, args)) and not any(arg.spread for arg in node.args):
        labels = join_all((Val(labels=arg.labels) for arg in args), evaluator.state.overflow)
        return array(_EXACT[name](args), labels)
    if name.startswith("array_merge") and not node.args:
        return Val(items={})
    if (made := relisting.changed(evaluator, node, args)) is not None:
        return made
    merged = join_all(args, evaluator.state.overflow)
    if name.startswith("array_merge"):
        merged = _moved(evaluator, merged, args)
    others = [arg for arg in args[1:] if arg.items is None or arg.rest is not None]
    if not others or not args or not args[0].items:
        return merged
    changed = {key: _perhaps_other(evaluator, node, key, item, others) for key, item in (merged.items or {}).items()}
    return merged.replaced(items=changed)


def _moved(evaluator: Evaluator, merged: Val, args: list[Val]) -> Val:
    """Merged arrays of which not all is known: what has a number for a key may stand behind others."""
    if len(args) < 2:  # noqa: PLR2004  one alone keeps its order
        return merged
    moved = join_all((item for arg in args for key, item in pairs(arg) if is_number(key)), evaluator.state.overflow)
    if moved is NOTHING:
        return merged.replaced(loose=True)
    moved = join_all([moved, *(opened(arg, ANY, evaluator.state.holes) for arg in args)], evaluator.state.overflow)
    items = {key: evaluator.join(item, moved) if is_number(key) else item for key, item in pairs(merged)}
    rest = moved if merged.rest is None else evaluator.join(merged.rest, moved)
    return merged.replaced(items=items, rest=rest, loose=True)


def _perhaps_other(evaluator: Evaluator, node: Call, key: str, item: Val, others: list[Val]) -> Val:
    if key.isdecimal() or not stays_here(item.texts, evaluator.state.holes):
        return item
    place = Index(node.args[-1].value if node.args else Var("array"), Const(key))
    return join_all([item, *(evaluator.element(other, [key], place) for other in others)], evaluator.state.overflow)


def _merged(arrays: list[Val]) -> list[Pair]:
    """One behind the other, with numbers anew; of one name the last stays, where the first was."""
    return numbered([pair for one in arrays for pair in pairs(one)], named=True)


def _replaced(arrays: list[Val]) -> list[Pair]:
    return [pair for one in arrays for pair in pairs(one)]


def _merged_deeply(arrays: list[Val], depth: int = _MAX_DEPTH) -> Iterable[Pair]:
    """The same, but what has one name more than once is a list of all that has it."""
    made: dict[str, Val] = {}
    number = 0
    for key, item in (pair for one in arrays for pair in pairs(one)):
        if is_number(key):
            made[str(number)] = item
            number += 1
        elif key not in made:
            made[key] = item
        else:
            both = [one if one.items is not None else Val(items={"0": one}) for one in (made[key], item)]
            whole = depth > 0 and all(map(is_complete, both))
            made[key] = array(_merged_deeply(both, depth - 1)) if whole else _unsure(both)
    return made.items()


def _replaced_deeply(arrays: list[Val], depth: int = _MAX_DEPTH) -> Iterable[Pair]:
    """Elements by key, arrays in arrays included; the last of a key stays."""
    made: dict[str, Val] = {}
    for key, item in (pair for one in arrays for pair in pairs(one)):
        known = made.get(key)
        if known is None or known.items is None or item.items is None:
            made[key] = item
        elif depth > 0 and is_complete(known) and is_complete(item):
            made[key] = array(_replaced_deeply([known, item], depth - 1))
        else:
            made[key] = _unsure([known, item])
    return made.items()


def _unsure(values: list[Val]) -> Val:
    """Any of some arrays, or what is made of both."""
    return perhaps(join_all(values, ""))


_EXACT: dict[str, Callable[[list[Val]], Iterable[Pair]]] = {
    "array_merge": _merged,
    "array_replace": _replaced,
    "array_merge_recursive": _merged_deeply,
    "array_replace_recursive": _replaced_deeply,
}


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""
