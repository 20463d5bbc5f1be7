"""Folds of arithmetic by functions: what rounds, divides, takes roots and powers. See `folding`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP

from scanner.analysis import arithmetic
from scanner.analysis.folding import folds, folds_by_kind, integer, known_only
from scanner.analysis.folds.formats import rounded
from scanner.analysis.scalars import INT, MAX_INT, MIN_INT, possible, spelled, to_number
from scanner.analysis.templates import is_known

Known = tuple[str, str]
Number = int | float
_LARGEST = 2**53


def _numbers(args: Sequence[str], kinds: Sequence[str]) -> list[Number] | None:
    """Arguments as numbers; None where one is not known to be one."""
    found: list[Number] = []
    for text, kind in zip(args, kinds, strict=True):
        if not is_known(text):
            return None
        values = {to_number(value) for value in possible(text, kind)}
        if None in values or len(values) != 1:
            return None
        number = values.pop()
        if number is None:
            return None
        found.append(number)
    return found


def _of_numbers(count: int, compute: Callable[..., Number]) -> Callable[[Sequence[str], Sequence[str]], Known | None]:
    """A fold that computes with so many numbers, and gives nothing where PHP would not."""

    def computed(args: Sequence[str], kinds: Sequence[str]) -> Known | None:
        numbers = _numbers(args, kinds) if len(args) == count else None
        return None if numbers is None else spelled(compute(*numbers))

    return computed


def _absolute(number: Number) -> Number:
    if number == MIN_INT:
        raise ValueError
    return abs(number)


def _whole(number: Number) -> int:
    """Raises: ValueError, where PHP would round or refuse."""
    if isinstance(number, float) and not number.is_integer():
        raise ValueError
    return int(number)


def _integer_division(one: Number, two: Number) -> int:
    first, second = _whole(one), _whole(two)
    return int(math.copysign(1, first) * math.copysign(1, second)) * (abs(first) // abs(second))


def _remainder(one: Number, two: Number) -> float:
    return math.fmod(one, two)


def _down(number: Number) -> float:
    return _small(float(math.floor(number)), number)


def _up(number: Number) -> float:
    return _small(float(math.ceil(number)), number)


def _small(result: float, number: Number) -> float:
    """A rounded number. Raises: ValueError, for one so large that it is not exact, and for the negative zero."""
    if abs(number) > _LARGEST or (result == 0 and number < 0):
        raise ValueError
    return result


folds_by_kind("abs")(_of_numbers(1, _absolute))
folds_by_kind("intdiv")(_of_numbers(2, _integer_division))
folds_by_kind("fmod")(_of_numbers(2, _remainder))
folds_by_kind("floor")(_of_numbers(1, _down))
folds_by_kind("ceil")(_of_numbers(1, _up))
folds_by_kind("sqrt")(_of_numbers(1, math.sqrt))
folds_by_kind("floatval", "doubleval")(_of_numbers(1, float))


@folds_by_kind("round")
def _round(args: Sequence[str], kinds: Sequence[str]) -> Known | None:
    numbers = _numbers(args[:1], kinds[:1])
    places = integer(args, 1, 0)
    if numbers is None or len(args) > 2 or places < 0:  # noqa: PLR2004
        return None
    return spelled(float(rounded(float(numbers[0]), places, ROUND_HALF_UP)))


@folds_by_kind("pow")
def _power(args: Sequence[str], kinds: Sequence[str]) -> Known | None:
    if len(args) != 2 or not all(map(is_known, args)):  # noqa: PLR2004
        return None
    found = arithmetic.results("**", [[pair] for pair in zip(args, kinds, strict=True)])
    return found.pop() if found is not None and len(found) == 1 else None


@folds("is_nan", "is_infinite", kind="bool")
@known_only
def _is_no_number(args: Sequence[str]) -> str | None:
    return "" if args[0].lstrip("-").isdecimal() else None


@folds("rand", "mt_rand", "random_int", kind=INT)
@known_only
def _only_number(args: Sequence[str]) -> str | None:
    """A number between two that are the same."""
    one, two = integer(args, 0), integer(args, 1)
    return str(one) if one == two and abs(one) < MAX_INT >> 32 else None
