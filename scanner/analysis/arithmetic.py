"""PHP's operators on known operands: numbers and bytes, as decoders of obfuscated code compute with them.

An operand is a text with its kind (see `scalars`). A result is exact, or there is none. Source: PHP manual, Operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scanner.analysis import comparing
from scanner.analysis.scalars import (
    BOOL,
    INT,
    MAX_INT,
    MIN_INT,
    NULL,
    STRING,
    UNKNOWN,
    Scalar,
    is_true,
    kind_of_key,
    leading,
    possible,
    spelled,
    to_int,
    to_number,
    wrapped,
)
from scanner.analysis.templates import FIRST_PRIVATE, is_known
from scanner.analysis.values import Val, typed

Known = tuple[str, str]
_MAX_RESULTS = 24
_BITS = 64
_MAX_POWER = 1024


def _refused() -> int:
    raise ValueError


def _divided(one: float, two: float) -> int | float:
    if isinstance(one, int) and isinstance(two, int) and one % two == 0:
        return one // two
    return one / two


def _power(one: float, two: float) -> int | float:
    if abs(two) > _MAX_POWER:
        raise ValueError
    if isinstance(one, int) and isinstance(two, int) and two >= 0:
        return int(one**two)
    return math.pow(one, two)


_NUMBERS: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": _divided,
    "**": _power,
}
_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "%": lambda one, two: abs(one) % abs(two) * (-1 if one < 0 else 1),
    "<<": lambda one, two: (wrapped(one << two) if two < _BITS else 0) if two >= 0 else _refused(),
    ">>": lambda one, two: one >> min(two, _BITS - 1) if two >= 0 else _refused(),
    "^": lambda one, two: one ^ two,
    "&": lambda one, two: one & two,
    "|": lambda one, two: one | two,
}
_BYTES: dict[str, Callable[[int, int], int]] = {key: _INTEGERS[key] for key in ("^", "&", "|")}
_INTEGER_CASTS = frozenset({"(int)", "(integer)"})
_FLOAT_CASTS = frozenset({"(float)", "(double)", "(real)"})
_TRUTH_CASTS = frozenset({"(bool)", "(boolean)"})


def number(text: str) -> int | None:
    """A text that is an integer; None for every other."""
    found = leading(text)
    return found[0] if found is not None and isinstance(found[0], int) and not found[1].strip(" \t\n\r\v\f") else None


def results(operator: str, options: Sequence[Sequence[Known]]) -> set[Known] | None:
    """All results for the known operands, of which at most one may have several; None where one is not known."""
    if not options or not all(options) or math.prod(map(len, options)) > _MAX_RESULTS:
        return None
    if len(options) == 1:
        made = [_of_one(operator, text, kind) for text, kind in options[0]]
    else:
        made = [[one] for one in options[0]]
        for choices in options[1:]:
            made = [_of_two(operator, one, two) for found in made for one in found or () for two in choices]
            if None in made:
                return None
    found = [result for results_ in made for result in results_ or ()]
    return set(found) if found and None not in made and len(found) <= _MAX_RESULTS else None


def _spelled(values: Sequence[Scalar]) -> list[Known] | None:
    """Texts of results; None where one has none."""
    texts = [spelled(value) for value in values]
    known = [text for text in texts if text is not None]
    return known if known and len(known) == len(texts) else None


def _of_one(operator: str, text: str, kind: str) -> list[Known] | None:
    """Results of a cast or a sign, one for each value that the text may stand for."""
    made: list[Scalar] = []
    for value in possible(text, kind):
        result = _changed(operator, value)
        if result is None:
            return None
        made.append(result)
    return _spelled(made)


def _changed(operator: str, value: Scalar) -> Scalar:
    """One operand changed; None where there is no result."""
    if operator in _INTEGER_CASTS:
        return to_int(value)
    if operator in _TRUTH_CASTS:
        return is_true(value)
    if operator == "~":
        if isinstance(value, str):
            return "".join(chr(255 - ord(character)) for character in value)
        return None if value is None or isinstance(value, bool) else ~(to_int(value) or 0)
    if operator in _FLOAT_CASTS:
        found = to_number(value)
        return float(0 if found is None else found)
    changed = to_number(value)
    if changed is None or operator not in ("-", "+"):
        return None
    return -changed if operator == "-" else changed


def _of_two(operator: str, one: Known, two: Known) -> list[Known] | None:
    """Results of an operator, one for each pair of values that the operands may stand for."""
    made: list[Scalar] = []
    for first in possible(*one):
        for second in possible(*two):
            result = _result(operator, first, second)
            if result is not None:
                made.append(result)
            elif not (isinstance(first, str) or isinstance(second, str)):
                return None  # it is no error that ends the program
    return _spelled(made)


def _result(operator: str, one: Scalar, two: Scalar) -> Scalar:
    if operator in _BYTES and isinstance(one, str) and isinstance(two, str):
        return _of_bytes(operator, one, two)
    first, second = to_number(one), to_number(two)
    if first is None or second is None:
        return None
    try:
        if operator in _NUMBERS:
            result = _NUMBERS[operator](first, second)
        elif operator in _INTEGERS:
            whole = to_int(first), to_int(second)
            result = _INTEGERS[operator](*whole) if None not in whole else _refused()  # type: ignore[arg-type]
        else:
            return None
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return result if isinstance(result, float) or MIN_INT <= result <= MAX_INT else None


def _of_bytes(operator: str, one: str, two: str) -> str:
    """Two texts byte by byte; `|` leaves what the longer has more."""
    made = "".join(chr(_BYTES[operator](ord(a), ord(b))) for a, b in zip(one, two, strict=False))
    return made + max(one, two, key=len)[len(made) :] if operator == "|" else made


def step(text: str, kind: str, operator: str) -> Known | None:
    """`++` or `--` of a known text; letters go on as PHP's do: `z` becomes `aa`, `Az` becomes `Ba`."""
    down = operator.endswith("--")
    if kind == BOOL:
        return text, kind
    if kind == NULL:
        return (text, kind) if down else ("1", INT)
    if text == "":
        return (("-1", INT) if down else ("1", STRING)) if kind else None
    found = leading(text)
    if found is not None and not found[1]:
        return spelled(found[0] + (-1 if down else 1))
    if down or found is not None or not (text.isalnum() and text.isascii()):
        return None
    letters = list(text)
    for position in range(len(letters) - 1, -1, -1):
        last = letters[position]
        if last not in "zZ9":
            letters[position] = chr(ord(last) + 1)
            return "".join(letters), STRING
        letters[position] = {"z": "a", "Z": "A", "9": "0"}[last]
    return {"z": "a", "Z": "A", "9": "1"}[text[0]] + "".join(letters), STRING


def known(value: Val) -> list[Known]:
    """The texts that a value may be, with their kind; none where it may be something else."""
    if value.items is not None or value.rest is not None or not all(map(is_known, value.texts)):
        return []
    return [(text, value.scalar) for text in sorted(value.texts)]


def of(found: set[Known]) -> tuple[frozenset[str], str]:
    """Texts of results, and their kind where it is the same."""
    kinds = {kind for _text, kind in found}
    return frozenset(text for text, _kind in found), kinds.pop() if len(kinds) == 1 else UNKNOWN


def of_key(key: str) -> Val:
    """Key of an array as a value: a number where it is written as one."""
    return typed(key, kind_of_key(key))


def truth(value: Val) -> bool | None:
    """Whether a value is true, None when that is not known."""
    if value.items is not None and value.rest is None and not value.texts:
        return bool(value.items)
    if not value.texts or value.items is not None or value.rest is not None:
        return None
    if any(text and max(text) >= FIRST_PRIVATE for text in value.texts):
        return None
    found = {is_true(one) for text in value.texts for one in possible(text, value.scalar)}
    return found.pop() if len(found) == 1 else None


def boolean(operator: str, operands: Sequence[Val]) -> Val | None:
    """Value of a comparison or a logical operator; None when that is not known."""
    if operator in ("&&", "and", "||", "or"):
        decisive = operator in ("||", "or")
        told = [truth(operand) for operand in operands]
        return VALUES[decisive] if decisive in told else None if None in told else VALUES[not decisive]
    if operator in ("!", "xor", *_TRUTH_CASTS):
        told = [truth(operand) for operand in operands]
        if None in told:
            return None
        return VALUES[not told[0] if operator == "!" else told.count(True) % 2 == 1]
    texts = [known(operand) for operand in operands]
    if [len(one) for one in texts] != [1, 1]:
        return None
    if operator == comparing.ORDER:
        sign = comparing.order(texts[0][0], texts[1][0])
        return None if sign is None else typed(str(sign), INT)
    if operator not in comparing.OPERATORS and operator not in comparing.STRICT:
        return None
    verdict = comparing.verdict(operator, texts[0][0], texts[1][0])
    return None if verdict is None else VALUES[verdict]


VALUES = {True: typed("1", BOOL), False: typed("", BOOL)}
EITHER = Val(frozenset(["", "1"]), scalar=BOOL)
"""What a comparison gives of which nothing is known."""
ANY_ORDER = Val(frozenset(["-1", "0", "1"]), scalar=INT)
"""The same for `<=>`."""
