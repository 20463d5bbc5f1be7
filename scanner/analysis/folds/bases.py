"""Folds of numbers in other bases. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis.folding import folds, folds_by_kind, integer, known_only
from scanner.analysis.scalars import BOOL, INT, MAX_INT, STRING, possible, to_int
from scanner.analysis.templates import is_known

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASES = range(2, 37)
_PREFIXES = {"0x": 16, "0b": 2, "0o": 8}
_SIGNED = re.compile(r"[ \t\n\r\v\f]*([+-]?)(.*)", re.DOTALL)
_DECIMAL = 10


def _value(text: str, base: int) -> int | None:
    """Number that digits of a base are; others count for nothing. None beyond an integer."""
    if base not in _BASES:
        return None
    lowered = text.lower()
    if _PREFIXES.get(lowered[:2]) == base:
        lowered = lowered[2:]
    number = int("".join(c for c in lowered if c in _DIGITS[:base]) or "0", base)
    return number if number <= MAX_INT else None


@folds("base_convert")
@known_only
def _base_convert(args: Sequence[str]) -> str | None:
    target, number = integer(args, 2), _value(args[0], integer(args, 1))
    return None if number is None or target not in _BASES else _in_base(number, target)


def _in_base(number: int, base: int) -> str:
    out = ""
    while number:
        number, digit = divmod(number, base)
        out = _DIGITS[digit] + out
    return out or "0"


@folds("dechex")
@known_only
def _decimal_to_hex(args: Sequence[str]) -> str | None:
    return format(integer(args, 0) % 2**64, "x")


@folds("decoct")
@known_only
def _decimal_to_octal(args: Sequence[str]) -> str | None:
    return format(integer(args, 0) % 2**64, "o")


@folds("decbin")
@known_only
def _decimal_to_binary(args: Sequence[str]) -> str | None:
    return format(integer(args, 0) % 2**64, "b")


def _from(base: int, text: str) -> str | None:
    number = _value(text, base)
    return None if number is None else str(number)


@folds("hexdec", kind=INT)
@known_only
def _hex_to_decimal(args: Sequence[str]) -> str | None:
    return _from(16, args[0])


@folds("octdec", kind=INT)
@known_only
def _octal_to_decimal(args: Sequence[str]) -> str | None:
    return _from(8, args[0])


@folds("bindec", kind=INT)
@known_only
def _binary_to_decimal(args: Sequence[str]) -> str | None:
    return _from(2, args[0])


@folds_by_kind("intval")
def _intval(args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    """A base counts for texts only."""
    if not all(map(is_known, args)):
        return None
    base = integer(args, 1, _DECIMAL)
    found = {to_int(value) if base == _DECIMAL or not isinstance(value, str) else _based(value, base)
             for value in possible(args[0], kinds[0])}  # fmt: skip
    return _only(found)


def _based(text: str, base: int) -> int | None:
    """A text read in a base; 0 means the one that its beginning tells."""
    match = _SIGNED.fullmatch(text)
    if match is None:
        return None
    rest = match[2].lower()
    prefix = _PREFIXES.get(rest[:2])
    if prefix is not None and base in (0, prefix):
        if prefix == 8:  # noqa: PLR2004  newer versions of PHP only
            return None
        base, rest = prefix, rest[2:]
    elif base == 0:
        base = 8 if rest.startswith("0") else _DECIMAL
    if base not in _BASES:
        return None
    digits = re.match(f"[{_DIGITS[:base]}]*", rest)
    number = int(digits[0] or "0", base) if digits else 0
    return (-number if match[1] == "-" else number) if number <= MAX_INT else None


def _only(found: set[int | None]) -> tuple[str, str] | None:
    number = found.pop() if len(found) == 1 else None
    return None if number is None else (str(number), INT)


@folds_by_kind("strval")
def _strval(args: Sequence[str], _kinds: Sequence[str]) -> tuple[str, str] | None:
    return (args[0], STRING) if len(args) == 1 else None


@folds_by_kind("boolval")
def _boolval(args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    if not is_known(args[0]):
        return None
    found = {value not in ("", "0") if isinstance(value, str) else bool(value) for value in possible(args[0], kinds[0])}
    return ("1" if found.pop() else "", BOOL) if len(found) == 1 else None
