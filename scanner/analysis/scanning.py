"""What `sscanf` finds in a known text.

Source: PHP manual, "sscanf"; `ext/standard/scanf.c`: conversions `%s %c %d %i %u %x %o %f %e %g %[..]`, a width, `*`
for one that is passed over; white space of the format matches any or none.
"""

from __future__ import annotations

import re

_MAX_INPUT = 4_000
_CONVERSION = re.compile(r"%(\*?)(\d{0,4})[hlL]?(\[\^?\]?[^\]]{0,200}\]|[a-zA-Z])")
_HEX = r"(?:0[xX])?[\da-fA-F]+"
_FLOAT = r"[+-]?\d*\.?\d*(?:[eE][+-]?\d+)?"
_PATTERNS = {
    "s": r"\S+", "c": r".", "d": r"[+-]?\d+", "u": r"[+-]?\d+", "i": rf"[+-]?{_HEX}", "x": _HEX, "X": _HEX,
    "o": r"[0-7]+", "f": _FLOAT, "e": _FLOAT, "g": _FLOAT,
}  # fmt: skip
_AS_IT_STANDS = frozenset("c[")
"""Conversions that do not pass over white space first."""
_SPECIAL = re.compile(r"[\[\]\\&~|]")


def scan(text: str, form: str) -> list[str] | None:
    """What each conversion takes, in order, up to the first that finds nothing; None for a format that is not read."""
    if len(text) > _MAX_INPUT or len(form) > _MAX_INPUT:
        return None
    found: list[str] = []
    at = place = 0
    while place < len(form):
        conversion = _CONVERSION.match(form, place)
        if conversion is None and form[place] == "%":
            place += 1
            if form[place : place + 1] != "%":
                return None
        end = _literal(text, at, form[place]) if conversion is None else _take(text, at, conversion[3], conversion[2])
        if end < 0:
            return found
        if conversion is not None and not conversion[1]:
            found.append(text[at:end] if conversion[3][0] in _AS_IT_STANDS else text[at:end].lstrip())
        at, place = end, place + 1 if conversion is None else conversion.end()
    return found


def _literal(text: str, at: int, wanted: str) -> int:
    """Where the text goes on behind one character of the format; -1 where that does not stand there."""
    if wanted.isspace():
        return len(text) - len(text[at:].lstrip())
    return at + 1 if text[at : at + 1] == wanted else -1


def _take(text: str, at: int, kind: str, width: str) -> int:
    """Where the text goes on behind what a conversion takes; -1 where it takes nothing."""
    if kind.startswith("["):
        first = "^" if kind[1] == "^" else ""
        inner = kind[1 + len(first) : -1]
        pattern = f"[{first}{_SPECIAL.sub(_escaped, inner)}]+"
    elif kind in _PATTERNS:
        pattern = _PATTERNS[kind]
    else:
        return -1
    begin = at if kind[0] in _AS_IT_STANDS else _literal(text, at, " ")
    if kind == "c" and width:
        return begin + int(width) if begin + int(width) <= len(text) else -1
    match = re.compile(pattern, re.DOTALL).match(text, begin, begin + int(width) if width else len(text))
    return match.end() if match is not None and match[0] else -1


def _escaped(character: re.Match[str]) -> str:
    return "\\" + character[0]
