"""Folds of `sprintf` and its like: flags, width, precision, padding. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from scanner.analysis.folding import MAX_OUTPUT, folds, folds_by_kind, integer, known_only
from scanner.analysis.pieces import CUT
from scanner.analysis.scalars import BOOL, FLOAT, INT, NULL, STRING, leading, to_int, to_number
from scanner.analysis.templates import is_known

_FORMAT = re.compile(r"%(?:%|(?:(\d++)\$)?+((?:[-+ 0]|'.)*+)(\d++)?+(?:\.(\d++))?+([bcdeEfFosuxX]))", re.DOTALL)
_FLAG = re.compile(r"[-+ 0]|'.", re.DOTALL)
_MAX_PLACES = 12
_USUAL_PLACES = 6
_LARGEST = 10.0**14
_BASES = {"b": "b", "o": "o", "x": "x", "X": "X"}
_QUOTE = re.compile(r"['\\]")


@folds("sprintf")
def sprintf(args: Sequence[str]) -> str | None:
    """Format and values. Raises: ValueError, IndexError."""
    made, start, position = "", 0, 0
    while (place := args[0].find("%", start)) >= 0:
        match = _FORMAT.match(args[0], place)
        if match is None:
            return None  # a place that is not understood
        made += args[0][start:place]
        start = match.end()
        if match[0] == "%%":
            made += "%"
            continue
        number = int(match[1]) if match[1] else (position := position + 1)
        if not 0 < number < len(args):
            return None
        made += _one(match, args[number])
        if len(made) > MAX_OUTPUT:
            return None
    return made + args[0][start:]


def _one(match: re.Match[str], value: str) -> str:
    """One value as its place in the format says."""
    flags = _FLAG.findall(match[2])
    width, places = int(match[3] or 0), int(match[4]) if match[4] else None
    kind = match[5]
    if width > MAX_OUTPUT or (places is not None and places > MAX_OUTPUT):
        raise ValueError
    if not is_known(value):
        return value if kind == "s" and not width and places is None else CUT
    filler = next((flag[-1] for flag in reversed(flags) if flag[0] in " 0'"), " ")
    if kind == "c":
        return chr(_number(value) % 256)
    text = value[:places] if kind == "s" else _digits(kind, value, places, plus="+" in flags)
    if "-" in flags:
        if filler == "0" and kind != "s" and len(text) < width:
            raise ValueError  # zeros behind a number: versions differ
        return text.ljust(width, filler)
    if filler == "0" and kind in "defFE" and text[:1] in ("-", "+"):
        return text[0] + text[1:].rjust(width - 1, filler)
    return text.rjust(width, filler)


def _number(value: str) -> int:
    """Raises: ValueError."""
    found = to_int(value)
    if found is None:
        raise ValueError
    return found


def _digits(kind: str, value: str, places: int | None, *, plus: bool) -> str:
    """A number as text. Raises: ValueError."""
    if kind in "fFeE":
        found = leading(value)
        text = _fixed(float(found[0]) if found else 0.0, places, kind)
        return "+" + text if plus and not text.startswith("-") else text
    number = _number(value)
    if kind in _BASES:
        return format(number % 2**64, _BASES[kind])
    if kind == "u":
        return str(number % 2**64)
    return f"{number:+d}" if plus else str(number)


def _fixed(number: float, places: int | None, kind: str) -> str:
    places = _USUAL_PLACES if places is None else places
    if kind in "eE":
        mantissa, _mark, power = f"{number:.{_checked(number, places)}e}".partition("e")
        if any(Decimal(repr(number)).as_tuple().digits[places + 1 :]):
            raise ValueError  # digits are dropped: that is not done here
        return f"{mantissa}{kind}{int(power):+d}"
    return rounded(number, places)


def _checked(number: float, places: int) -> int:
    """Raises: ValueError."""
    if not abs(number) < _LARGEST or places > _MAX_PLACES:
        raise ValueError
    return places


def rounded(number: float, places: int, tie: str = ROUND_HALF_EVEN) -> str:
    """A number with so many decimal places. Raises: ValueError, where ways to round do not agree on it.

    `tie`: what happens to one that stands in the middle; by default nothing is said of it.
    """
    step = Decimal(1).scaleb(-_checked(number, places))
    shown = Decimal(repr(number)).quantize(step, ROUND_HALF_UP)
    if shown != Decimal(number).quantize(step, tie) or (shown == 0 and number < 0):
        raise ValueError
    return f"{shown:f}"


@folds("number_format")
@known_only
def _number_format(args: Sequence[str]) -> str | None:
    """Number, places, decimal point, and what stands between thousands."""
    number = to_number(args[0])
    places = integer(args, 1, 0)
    point, between = args[2] if len(args) > 2 else ".", args[3] if len(args) > 3 else ","  # noqa: PLR2004
    if number is None or places < 0:
        return None
    whole, _point, fraction = rounded(float(number), places, ROUND_HALF_UP).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)]
    return sign + between.join(reversed(groups)) + (point + fraction if places else "")


@folds_by_kind("print_r")
def _printed(args: Sequence[str], _kinds: Sequence[str]) -> tuple[str, str] | None:
    """The text itself, where it is given back."""
    return (args[0], STRING) if args[1:2] == ["1"] or args[1:2] == ("1",) else None


@folds_by_kind("var_export")
def _exported(args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    """A value as PHP code, where it is given back and its kind is known."""
    if "".join(args[1:2]) != "1" or not is_known(args[0]):
        return None
    text, kind = args[0], kinds[0]
    if kind == STRING:
        return ("'" + _QUOTE.sub(lambda match: "\\" + match[0], text) + "'", STRING) if "\0" not in text else None
    if kind == FLOAT:
        return (text if set(text) & set(".EN") else text + ".0", STRING)
    if kind in (BOOL, NULL):
        return ("NULL" if kind == NULL else "true" if text else "false"), STRING
    return (text, STRING) if kind == INT else None
