"""Kinds of PHP's scalar values, and how their texts are read and written: what `1.0`, `"1.0"` and `true` are as text.

A value's text alone does not say whether it is a number or a string. Where the kind is known it stands beside the text
(see `Val.scalar`). Source: PHP manual, "Numeric strings", "Converting to string" and "Converting to integer".
"""

from __future__ import annotations

import math
import re

NULL, BOOL, INT, FLOAT, STRING = "null", "bool", "int", "float", "string"
UNKNOWN = ""
"""Kind of a value that may be of several kinds."""
Scalar = None | bool | int | float | str
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
_BLANKS = " \t\n\r\v\f"
_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?)")
_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,18}")
_FRACTIONAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]+)?|-?INF|NAN")
_MAX_DIGITS = 400
_PRECISION = 14
"""Digits of a float's text, as PHP is delivered (`precision`)."""
_SMALLEST_EXPONENT = -4


def leading(text: str) -> tuple[int | float, str] | None:
    """The number that a text begins with, and what follows it; None where it begins with none, or one too long."""
    match = _NUMBER.match(text)
    if match is None or len(match[1]) > _MAX_DIGITS:
        return None
    return _read(match), text[match.end() :]


def _read(match: re.Match[str]) -> int | float:
    if match[2] is None and match[3] is None and match[4] is None:
        value = int(match[1])
        return value if MIN_INT <= value <= MAX_INT else float(value)
    return float(match[1])


def numeric(text: str) -> int | float | None:
    """The number that a numeric string is; blanks around it count for nothing."""
    found = leading(text)
    return found[0] if found is not None and not found[1].strip(_BLANKS) else None


def always_numeric(text: str) -> bool | None:
    """Whether a string is numeric; None where that depends on PHP's version, which is so with blanks behind it."""
    found = leading(text)
    if found is None or found[1].strip(_BLANKS):
        return False
    return None if found[1] else True


def float_text(value: float) -> str | None:
    """Text of a float; None where its digits are too many for PHP's usual precision to show it as it is."""
    if math.isnan(value) or math.isinf(value):
        return "NAN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    short = f"{value:.{_PRECISION}g}"
    if float(short) != value:
        return None
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    digits, _mark, power = f"{value:.{_PRECISION - 1}e}".partition("e")
    if _SMALLEST_EXPONENT <= int(power) < _PRECISION:
        return short
    digits = digits.rstrip("0")
    return f"{digits}{'0' if digits.endswith('.') else ''}E{int(power):+d}"


def spelled(value: Scalar) -> tuple[str, str] | None:
    """Text and kind of a value; None where a float cannot be shown."""
    if value is None:
        return "", NULL
    if isinstance(value, bool):
        return ("1" if value else ""), BOOL
    if isinstance(value, int):
        return (str(value), INT) if MIN_INT <= value <= MAX_INT else None
    if isinstance(value, float):
        text = float_text(value)
        return None if text is None else (text, FLOAT)
    return value, STRING


def meant(text: str, kind: str) -> Scalar:
    """Value that a text of a kind stands for."""
    if kind == NULL:
        return None
    if kind == BOOL:
        return text != ""
    if kind == INT:
        return int(text)
    if kind == FLOAT:
        return math.nan if text == "NAN" else float(text)
    return text


def possible(text: str, kind: str) -> list[Scalar]:
    """Values that a text may stand for."""
    if kind:
        return [meant(text, kind)]
    found: list[Scalar] = [text]
    if text == "":
        found += [None, False]
    if text == "1":
        found.append(True)
    if _CANONICAL.fullmatch(text) and MIN_INT <= int(text) <= MAX_INT:
        found.append(int(text))
    if len(text) <= _MAX_DIGITS and _FRACTIONAL.fullmatch(text):
        found.append(math.nan if text == "NAN" else float(text))
    return found


def is_true(value: Scalar) -> bool:
    """Whether PHP takes a value for true."""
    return value not in ("", "0") if isinstance(value, str) else bool(value)


def to_number(value: Scalar) -> int | float | None:
    """Value as an operand of arithmetic; None for text that does not begin with a number, which PHP 8 refuses."""
    if isinstance(value, str):
        found = leading(value)
        return None if found is None else found[0]
    if value is None or isinstance(value, bool):
        return int(bool(value))
    return value


def to_int(value: Scalar) -> int | None:
    """`(int)`; None where it is beyond an integer's range, where processors differ."""
    if isinstance(value, str):
        found = leading(value)
        value = 0 if found is None else found[0]
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return 0
        value = math.trunc(value)
        return value if abs(value) <= MAX_INT // 2 else None
    return int(value or 0)


def whole(text: str) -> int:
    """A text as an argument that must be an integer. Raises: ValueError."""
    value = numeric(text)
    if value is None or abs(value) > MAX_INT // 2:
        raise ValueError
    return math.trunc(value)


def wrapped(value: int) -> int:
    """The lowest 64 bits of a number, as PHP's integers hold them."""
    return (value - MIN_INT) % 2**64 + MIN_INT


def kind_of_key(key: str) -> str:
    """Kind of an array's key: PHP makes integers of all that are written as such."""
    return INT if _CANONICAL.fullmatch(key) and MIN_INT <= int(key) <= MAX_INT else STRING
