"""Folds that compare or count texts. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis.folding import at_most, folds, folds_by_kind, integer, known_only
from scanner.analysis.scalars import BOOL, INT
from scanner.analysis.templates import is_known

_MAX_LONG_WAY = 300
"""Bytes of texts that are compared byte by byte with each other."""
_WORD = re.compile(r"[A-Za-z'-]+")
_VERDICTS = {
    "<": (-1,), "lt": (-1,), "<=": (-1, 0), "le": (-1, 0), ">": (1,), "gt": (1,), ">=": (1, 0), "ge": (1, 0),
    "==": (0,), "eq": (0,), "!=": (-1, 1), "<>": (-1, 1), "ne": (-1, 1),
}  # fmt: skip


def _low(text: str) -> str:
    return "".join(c.lower() if c < "\x80" else c for c in text)


def _sign(one: str, two: str) -> str | None:
    """0 for the same texts; how far others are apart depends on PHP's version, so only the sign's side is a number.

    Before PHP 8.2 the difference is given: there is no text for it.
    """
    return "0" if one == two else None


@folds("strcmp", kind=INT)
@known_only
def _strcmp(args: Sequence[str]) -> str | None:
    return _sign(args[0], args[1])


@folds("strcasecmp", kind=INT)
@known_only
def _strcasecmp(args: Sequence[str]) -> str | None:
    return _sign(_low(args[0]), _low(args[1]))


@folds("strncmp", kind=INT)
@known_only
def _strncmp(args: Sequence[str]) -> str | None:
    width = integer(args, 2)
    return _sign(args[0][:width], args[1][:width]) if width >= 0 else None


@folds("strncasecmp", kind=INT)
@known_only
def _strncasecmp(args: Sequence[str]) -> str | None:
    width = integer(args, 2)
    return _sign(_low(args[0])[:width], _low(args[1])[:width]) if width >= 0 else None


@folds("hash_equals", kind=BOOL)
@known_only
def _equals(args: Sequence[str]) -> str | None:
    return "1" if args[0] == args[1] else ""


@folds("str_contains", kind=BOOL)
@known_only
def _contains(args: Sequence[str]) -> str | None:
    return "1" if args[1] in args[0] else ""


@folds("str_starts_with", kind=BOOL)
@known_only
def _starts(args: Sequence[str]) -> str | None:
    return "1" if args[0].startswith(args[1]) else ""


@folds("str_ends_with", kind=BOOL)
@known_only
def _ends(args: Sequence[str]) -> str | None:
    return "1" if args[0].endswith(args[1]) else ""


@folds("substr_count", kind=INT)
@at_most(2)
@known_only
def _count(args: Sequence[str]) -> str | None:
    return str(args[0].count(args[1])) if args[1] else None


@folds("strspn", kind=INT)
@at_most(2)
@known_only
def _span(args: Sequence[str]) -> str | None:
    return str(len(args[0]) - len(args[0].lstrip(args[1]))) if args[1] else "0"


@folds("strcspn", kind=INT)
@at_most(2)
@known_only
def _other_span(args: Sequence[str]) -> str | None:
    places = [place for mark in set(args[1]) if (place := args[0].find(mark)) >= 0]
    return str(min(places, default=len(args[0]))) if args[1] else None


@folds("levenshtein", kind=INT)
@at_most(2)
@known_only
def _distance(args: Sequence[str]) -> str | None:
    one, two = args
    if max(len(one), len(two)) > _MAX_LONG_WAY - 46:  # older versions of PHP give -1 beyond 255 bytes
        return None
    row = list(range(len(two) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(two, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != other))
    return str(row[-1])


@folds("similar_text", kind=INT)
@at_most(2)
@known_only
def _similarity(args: Sequence[str]) -> str | None:
    if len(args[0]) + len(args[1]) > _MAX_LONG_WAY:
        return None
    return str(_similar(args[0], args[1]))


def _similar(one: str, two: str) -> int:
    """Letters in the longest piece that both have, and in those before and behind it."""
    best, start, other = 0, 0, 0
    for place in range(len(one)):
        for against in range(len(two)):
            length = 0
            while (place + length < len(one) and against + length < len(two)
                   and one[place + length] == two[against + length]):  # fmt: skip
                length += 1
            if length > best:
                best, start, other = length, place, against
    if not best:
        return 0
    before = _similar(one[:start], two[:other]) if start and other else 0
    return best + before + _similar(one[start + best :], two[other + best :])


@folds("str_word_count", kind=INT)
@at_most(1)
@known_only
def _words(args: Sequence[str]) -> str | None:
    if not args[0].isascii() or "'" in args[0] or "-" in args[0]:
        return None
    return str(len(_WORD.findall(args[0])))


@folds("count_chars")
@known_only
def _characters(args: Sequence[str]) -> str | None:
    """The characters that a text has, or has not, in order; other modes give a list."""
    mode = integer(args, 1, 0)
    if mode not in (3, 4):
        return None
    return "".join(chr(code) for code in range(256) if (chr(code) in args[0]) == (mode == 3))  # noqa: PLR2004


@folds_by_kind("version_compare")
def _version_order(args: Sequence[str], _kinds: Sequence[str]) -> tuple[str, str] | None:
    """Numbers alone: words in a version are ordered in ways of their own."""
    if not all(map(is_known, args)):
        return None
    sides = [text.split(".") for text in args[:2]]
    if not all(part.isdecimal() and part.isascii() and len(part) < 9 for side in sides for part in side):  # noqa: PLR2004
        return None
    one, two = ([int(part) for part in side] for side in sides)
    sign = (one > two) - (one < two)
    if len(args) == 2:  # noqa: PLR2004
        return str(sign), INT
    return ("1" if sign in _VERDICTS[args[2]] else "", BOOL) if args[2] in _VERDICTS else None
