"""PHP's functions that put an array in another order: exactly where it is known how any two elements compare.

Else each place may have any element; where keys stay with their elements, only the order is not known.
Source: PHP manual, Sorting Arrays; `sort` and the like are stable since PHP 8.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cmp_to_key

from scanner.analysis.arithmetic import number
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_of_value, contents, handles
from scanner.analysis.listed import (
    Pair,
    array,
    in_any_order,
    is_complete,
    number_of,
    numbered,
    pairs,
    perhaps,
    write_back,
)
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, text_value
from scanner.model.facts import Call

Compare = Callable[[Val, Val], int | None]
"""Which of two values comes first, as a number below, at or above 0; None where that is not known."""
_MAX_COMPARED = 12
"""Elements that a function of the program puts in order: it runs for each pair."""
_MAX_SORTED = 4_000
_MAX_MIXED = 100
"""Elements of which each is compared with each."""
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*")
_REGULAR, _AS_NUMBERS, _AS_TEXTS, _NATURAL, _FOLDED = 0, 1, 2, 6, 8
SORTING = frozenset(
    {"sort", "rsort", "asort", "arsort", "ksort", "krsort", "natsort", "natcasesort", "usort", "uasort", "uksort",
     "shuffle"}
)  # fmt: skip
_TRUE = text_value("1")
_PARTS = re.compile(r"\d+|\D")


def is_numeric(text: str) -> bool:
    """Whether PHP takes a text for a number where it compares."""
    return _NUMERIC.fullmatch(text) is not None


# -- two texts -------------------------------------------------------------------------------------------------------


def _sign(one: object, two: object) -> int:
    return (one > two) - (one < two)  # type: ignore[operator,no-any-return]


def _regular(one: str, two: str) -> int | None:
    """As `<=>` does: as numbers where both are, else as texts."""
    if is_numeric(one) and is_numeric(two):
        return _as_numbers(one, two)
    return _sign(one, two)


def _as_numbers(one: str, two: str) -> int | None:
    first, second = number(one), number(two)
    return None if first is None or second is None else _sign(first, second)


def _naturally(one: str, two: str) -> int | None:
    """As people order names with numbers in them; blanks and numbers that begin with 0 are left alone."""
    if any(re.search(r"\s|(?<!\d)0\d", text) for text in (one, two)):
        return None
    for first, second in zip(_PARTS.findall(one), _PARTS.findall(two), strict=False):
        if first[0].isdigit() and second[0].isdigit():
            sign = _sign(int(first[:300]), int(second[:300]))
        else:
            sign = _sign(first[0], second[0])
        if sign:
            return sign
    return _sign(len(_PARTS.findall(one)), len(_PARTS.findall(two)))


def _folded(compare: Callable[[str, str], int | None]) -> Callable[[str, str], int | None]:
    return lambda one, two: compare(_lower(one), _lower(two))


def _lower(text: str) -> str:
    """PHP's own functions know the case of ASCII letters alone."""
    return "".join(c.lower() if c.isascii() else c for c in text)


_BY_FLAG: dict[int, Callable[[str, str], int | None]] = {
    _REGULAR: _regular,
    _AS_NUMBERS: _as_numbers,
    _AS_TEXTS: _sign,
    _NATURAL: _naturally,
    _AS_TEXTS | _FOLDED: _folded(_sign),
    _NATURAL | _FOLDED: _folded(_naturally),
}
_BY_NAME: dict[str, Callable[[str, str], int | None]] = {
    "strcmp": _sign,
    "strcasecmp": _folded(_sign),
    "strnatcmp": _naturally,
    "strnatcasecmp": _folded(_naturally),
}


def _of_values(compare: Callable[[str, str], int | None]) -> Compare:
    def compared(one: Val, two: Val) -> int | None:
        texts = [text for value in (one, two) if len(value.texts) == 1 and not value.height for text in value.texts]
        return compare(*texts) if len(texts) == 2 and all(map(is_known, texts)) else None  # noqa: PLR2004  a pair

    return compared


def by_callback(evaluator: Evaluator, node: Call, callback: Val) -> Compare:
    """What a function says of two values: one of PHP's own by its name, or one of the program."""
    names = [text.lower().lstrip("\\") for text in evaluator.known_texts(callback)]
    if len(callback.texts) == 1 and names and names[0] in _BY_NAME:
        return _of_values(_BY_NAME[names[0]])
    step = call_of_value(node, 2)

    def compared(one: Val, two: Val) -> int | None:
        before, evaluator.concrete = evaluator.concrete, True
        told = evaluator.state.interpreter.call_value(evaluator, step, callback, [one, two])
        evaluator.concrete = before
        known = evaluator.known_texts(told) if len(told.texts) == 1 else []
        return number(known[0]) if known else None

    return compared


# -- arrays ----------------------------------------------------------------------------------------------------------


def _in_order(elements: list[Pair], compare: Compare, *, keys: bool, mixed: bool) -> list[Pair] | None:
    """Elements in order; None where that is not known. `mixed`: orders of three may contradict each other."""
    unknown: list[bool] = []

    def compared(one: Pair, two: Pair) -> int:
        if unknown:
            return 0
        sign = compare(text_value(one[0]), text_value(two[0])) if keys else compare(one[1], two[1])
        unknown.extend([True] if sign is None else [])
        return sign or 0

    order = sorted(elements, key=cmp_to_key(compared))
    if mixed:
        if len(order) > _MAX_MIXED:
            return None
        if any(compared(one, two) > 0 for place, one in enumerate(order) for two in order[place + 1 :]):
            return None
    return None if unknown else order


@handles("sort", "rsort", "asort", "arsort", "ksort", "krsort", "natsort", "natcasesort")
def _sort(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The array in its new order."""
    if not args:
        return NOTHING
    name = node.short_name.lower()
    usual = {"natsort": _NATURAL, "natcasesort": _NATURAL | _FOLDED}.get(name)
    flags = number_of(evaluator, args, 1, _REGULAR) if usual is None else usual
    compare = _BY_FLAG.get(flags) if flags is not None else None
    by_key, keeps = name.startswith("k"), name not in ("sort", "rsort")
    texts = [key if by_key else next(iter(item.texts), "") for key, item in pairs(args[0])]
    mixed = 0 < sum(map(is_numeric, texts)) < len(texts)
    order = None
    if compare is not None and not (by_key and mixed):  # versions of PHP differ in how numbers and names compare
        forward = _of_values(compare)
        backward = "rsort" in name
        order = _ordered(args[0], _reversed(forward) if backward else forward, keys=by_key, mixed=mixed)
    _put(evaluator, node, args[0], order, keeps=keeps)
    return _TRUE


def in_order(elements: list[Pair], *, keys: bool = False) -> list[Pair] | None:
    """Elements as `asort` or `ksort` (`keys`) leave them; None where that is not known."""
    texts = [key if keys else next(iter(item.texts), "") for key, item in elements]
    mixed = 0 < sum(map(is_numeric, texts)) < len(texts)
    return None if keys and mixed else _in_order(elements, _of_values(_regular), keys=keys, mixed=mixed)


def _reversed(compare: Compare) -> Compare:
    return lambda one, two: compare(two, one)


def _ordered(value: Val, compare: Compare, *, keys: bool, mixed: bool, most: int = _MAX_SORTED) -> list[Pair] | None:
    elements = pairs(value)
    if not is_complete(value) or len(elements) > most:
        return None
    return _in_order(elements, compare, keys=keys, mixed=mixed) if len(elements) > 1 else elements


def _put(evaluator: Evaluator, node: Call, before: Val, order: Sequence[Pair] | None, *, keeps: bool) -> None:
    """The array gets its new order; `keeps`: keys stay with their elements."""
    if order is not None:
        write_back(evaluator, node, array(order if keeps else numbered(order), before))
    else:
        write_back(evaluator, node, perhaps(before) if keeps else in_any_order(evaluator, before))


@handles("usort", "uasort", "uksort")
def _sort_by(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The same by a function, where it tells of any two of few elements which comes first."""
    if len(args) < 2:  # noqa: PLR2004  array and function
        return NOTHING
    name = node.short_name.lower()
    compare = by_callback(evaluator, node, args[1])
    order = _ordered(args[0], compare, keys=name == "uksort", mixed=True, most=_MAX_COMPARED)
    _put(evaluator, node, args[0], order, keeps=name != "usort")
    return _TRUE


@handles("shuffle")
def _shuffle(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Any order."""
    if args:
        _put(evaluator, node, args[0], pairs(args[0]) if len(pairs(args[0])) == 1 else None, keeps=False)
    return _TRUE


@handles("array_multisort")
def _multisort(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Arrays in the order of the first, where that is known; else any element may stand anywhere."""
    order = _order(evaluator, args)
    for arg, one in zip(node.args, args, strict=False):
        if one.items is None and one.rest is None:
            continue  # a flag
        elements = list((one.items or {}).values())
        sorted_ = {str(number): elements[place] for number, place in enumerate(order or ())}
        value = Val(items=sorted_) if order else Val(rest=contents(evaluator, one))
        evaluator.state.interpreter.write(evaluator, arg.value, value)
    return NOTHING


def _order(evaluator: Evaluator, arrays: list[Val]) -> list[int] | None:
    """Places of the elements in the order of the first array; None where a value is not known, or stands twice."""
    firsts = [evaluator.known_texts(item) for item in (arrays[0].items or {}).values()] if arrays else []
    keys = [known[0] for known in firsts if len(known) == 1]
    whole = all(array.items and array.rest is None and len(array.items) == len(firsts) for array in arrays)
    if not whole or len(set(keys)) < len(firsts) or len({key.isdecimal() for key in keys}) > 1:
        return None
    return sorted(range(len(keys)), key=lambda place: (int(keys[place]) if keys[place].isdecimal() else 0, keys[place]))


def largest(values: Sequence[Val], *, least: bool) -> Val | None:
    """The largest or smallest of some known values, the first of several alike; None where that is not known."""
    compare = _of_values(_regular)
    best = values[0]
    for value in values[1:]:
        sign = compare(value, best)
        if sign is None:
            return None
        best = value if (sign < 0 if least else sign > 0) else best
    texts = [text for value in values for text in value.texts]
    mixed = 0 < sum(map(is_numeric, texts)) < len(texts)
    return None if mixed or len(texts) != len(values) else best
