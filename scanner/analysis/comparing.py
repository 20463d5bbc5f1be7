"""PHP's comparisons of scalars: a verdict only where the texts, their kinds and every version of PHP agree on it.

PHP 8 compares a number with a text that is none as texts, PHP 7 as numbers, and blanks behind a number count in PHP 7.
Source: PHP manual, "Comparison Operators"; RFC "Saner string to number comparisons".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scanner.analysis.scalars import MAX_INT, Scalar, always_numeric, float_text, is_true, leading, possible

Known = tuple[str, str]
"""A text and its kind."""
ORDER = "<=>"
OPERATORS: dict[str, Callable[[int], bool]] = {
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<>": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
}
STRICT = frozenset({"===", "!=="})
_VERSIONS = (7, 8)
_EIGHT = 8
_LOW, _HIGH = -1, 1


class _UnclearError(Exception):
    """Two values of which nobody can tell here how PHP orders them."""


def verdict(operator: str, one: Known, two: Known) -> bool | None:
    """Whether a comparison holds; None where that is not known."""
    try:
        if operator in STRICT:
            found = {_identical(first, second) for first in possible(*one) for second in possible(*two)}
            return None if len(found) > 1 else found.pop() == (operator == "===")
        signs = _signs(one, two)
    except _UnclearError:
        return None
    found = {OPERATORS[operator](sign) for sign in signs}
    return found.pop() if len(found) == 1 else None


def order(one: Known, two: Known) -> int | None:
    """What `<=>` gives; None where that is not known."""
    try:
        signs = _signs(one, two)
    except _UnclearError:
        return None
    return signs.pop() if len(signs) == 1 else None


def _signs(one: Known, two: Known) -> set[int]:
    firsts, seconds = possible(*one), possible(*two)
    return {_sign(first, second, version) for first in firsts for second in seconds for version in _VERSIONS}


def _identical(one: Scalar, two: Scalar) -> bool:
    return type(one) is type(two) and one == two


def _sign(one: Scalar, two: Scalar, version: int) -> int:
    """-1, 0 or 1. Raises: _UnclearError."""
    if isinstance(one, bool) or isinstance(two, bool):
        return _of(is_true(one), is_true(two))
    if one is None or two is None:
        if isinstance(one, str) or isinstance(two, str):
            return _of(one or "", two or "")
        return _of(is_true(one), is_true(two))
    if isinstance(two, str):
        return _of_texts(one, two, version) if isinstance(one, str) else _with_text(one, two, version)
    return -_with_text(two, one, version) if isinstance(one, str) else _of_numbers(one, two)


def _of(one: object, two: object) -> int:
    return _LOW if one < two else int(one > two)  # type: ignore[operator]  # two of the same kind


def _of_numbers(one: float, two: float) -> int:
    if isinstance(one, float) or isinstance(two, float):
        if math.isnan(one) or math.isnan(two) or max(abs(one), abs(two)) > MAX_INT >> 10:
            raise _UnclearError
        return _of(float(one), float(two))
    return _of(one, two)


def _numeric(text: str, version: int) -> int | float | None:
    """Number that a text is for a comparison. Raises: _UnclearError."""
    found = leading(text)
    told = always_numeric(text)
    if found is None or told is False or (told is None and version < _EIGHT):
        return None
    if isinstance(found[0], float) and abs(found[0]) > MAX_INT >> 10:
        raise _UnclearError  # numbers that do not fit are compared as texts when they are equal
    return found[0]


def _of_texts(one: str, two: str, version: int) -> int:
    first, second = _numeric(one, version), _numeric(two, version)
    return _of(one, two) if first is None or second is None else _of_numbers(first, second)


def _with_text(number: float, text: str, version: int) -> int:
    """A number and a text."""
    value = _numeric(text, version)
    if value is not None:
        return _of_numbers(number, value)
    if version >= _EIGHT:
        shown = float_text(number) if isinstance(number, float) else str(number)
        if shown is None:
            raise _UnclearError
        return _of(shown, text)
    found = leading(text)
    return _of_numbers(number, 0 if found is None else found[0])


def smallest(values: Sequence[Known]) -> Known | None:
    """The smallest of some values, as `min` tells; None where that is not known."""
    return _extreme(values, _LOW)


def greatest(values: Sequence[Known]) -> Known | None:
    """The greatest of some values, as `max` tells; None where that is not known."""
    return _extreme(values, _HIGH)


def _extreme(values: Sequence[Known], wanted: int) -> Known | None:
    best = values[0] if values else None
    for value in values[1:]:
        sign = None if best is None else order(value, best)
        if sign is None:
            return None
        if sign == wanted:
            best = value
    return best
