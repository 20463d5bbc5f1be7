"""Folds of letters: case, what is trimmed or filled at the ends, order, repetition. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis.folding import ASCII_LIKE, MAX_OUTPUT, at_most, folds, integer, known_only
from scanner.analysis.scalars import INT
from scanner.analysis.templates import FIRST_PRIVATE, is_known

_LEFT, _RIGHT, _BOTH = 0, 1, 2
_UPPER, _LOWER, _TITLE = 0, 1, 2
"""Modes of `mb_convert_case`."""
_BLANKS = " \t\n\r\0\x0b"
_WORD_ENDS = " \t\r\n\f\v"
_MASK = re.compile(r"(.)\.\.(.)", re.DOTALL)


@folds("chr")
@known_only
def _chr(args: Sequence[str]) -> str | None:
    return chr(integer(args, 0) % 256)


@folds("ord", kind=INT)
@known_only
def _ord(args: Sequence[str]) -> str | None:
    return str(ord(args[0][0])) if args[0] else "0"


def _lowered(text: str) -> str:
    return "".join(c.lower() if c < "\x80" else c for c in text)


def _raised(text: str) -> str:
    return "".join(c.upper() if c < "\x80" else c for c in text)


@folds("lcfirst")
def _small_first(args: Sequence[str]) -> str | None:
    return _lowered(args[0][:1]) + args[0][1:]


@folds("ucfirst")
def _capital(args: Sequence[str]) -> str | None:
    return _raised(args[0][:1]) + args[0][1:]


@folds("ucwords")
def _capitals(args: Sequence[str]) -> str | None:
    """Each letter behind a blank, or another separator."""
    ends = args[1] if len(args) > 1 else _WORD_ENDS
    if not is_known(ends):
        return None
    made, before = "", ends[:1]
    for number, character in enumerate(args[0]):
        if before >= FIRST_PRIVATE and character.isalpha():
            return None
        made += _raised(character) if number == 0 or before in ends else character
        before = character
    return made


@folds("strtolower")
def _lower(args: Sequence[str]) -> str | None:
    return _lowered(args[0])


@folds("strtoupper")
def _upper(args: Sequence[str]) -> str | None:
    return _raised(args[0])


@folds("mb_strtolower")
def _wide_lower(args: Sequence[str]) -> str | None:
    return _lowered(args[0]) if _is_ascii(args, 1) else None


@folds("mb_strtoupper")
def _wide_upper(args: Sequence[str]) -> str | None:
    return _raised(args[0]) if _is_ascii(args, 1) else None


@folds("mb_convert_case")
def _cased(args: Sequence[str]) -> str | None:
    mode = integer(args, 1)
    if not _is_ascii(args, 2) or mode not in (_UPPER, _LOWER):
        return None
    return _raised(args[0]) if mode == _UPPER else _lowered(args[0])


def _is_ascii(args: Sequence[str], position: int) -> bool:
    """Whether what is known of a text is ASCII, in an encoding (an argument) that writes it as itself."""
    encoding = args[position].lower() if position < len(args) else "utf-8"
    return encoding in ASCII_LIKE and all(c < "\x80" or c >= FIRST_PRIVATE for c in args[0])


@folds("trim")
def _trim(args: Sequence[str]) -> str | None:
    mask = _mask(args)
    return _open_end(args[0].strip(mask), mask, left=True, right=True)


@folds("ltrim")
def _trim_left(args: Sequence[str]) -> str | None:
    mask = _mask(args)
    return _open_end(args[0].lstrip(mask), mask, left=True)


@folds("rtrim", "chop")
def _trim_right(args: Sequence[str]) -> str | None:
    mask = _mask(args)
    return _open_end(args[0].rstrip(mask), mask, right=True)


def _mask(args: Sequence[str]) -> str:
    """Characters that are taken off, with ranges (`a..z`) written out. Raises: ValueError."""
    mask = args[1] if len(args) > 1 else _BLANKS
    if not is_known(mask):
        raise ValueError
    found = _MASK.sub(lambda match: "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1))), mask)
    if ".." in mask and (".." in _MASK.sub("", mask) or any(m[1] > m[2] for m in _MASK.finditer(mask))):
        raise ValueError
    return found


def _open_end(text: str, mask: str, *, left: bool = False, right: bool = False) -> str | None:
    """A trimmed text; None where letters of a hole at its end may have gone, too: blanks and slashes do not matter."""
    ends = (text[:1] if left else "") + (text[-1:] if right else "")
    return None if ends and max(ends) >= FIRST_PRIVATE and any(map(str.isalnum, mask)) else text


@folds("strrev")
def _reverse(args: Sequence[str]) -> str | None:
    return args[0][::-1]


@folds("str_repeat")
def _repeat(args: Sequence[str]) -> str | None:
    count = integer(args, 1)
    return args[0] * count if 0 <= count <= MAX_OUTPUT and count * len(args[0]) <= MAX_OUTPUT else None


@folds("str_pad")
@known_only
def _pad(args: Sequence[str]) -> str | None:
    width, side = integer(args, 1), integer(args, 3, _RIGHT)
    filler = args[2] if len(args) > 2 else " "  # noqa: PLR2004  third argument of str_pad
    missing = width - len(args[0])
    if not filler or side not in (_LEFT, _RIGHT, _BOTH) or width > MAX_OUTPUT:
        return None
    if missing <= 0:
        return args[0]
    left = {_LEFT: missing, _RIGHT: 0, _BOTH: missing // 2}[side]
    return _filling(filler, left) + args[0] + _filling(filler, missing - left)


def _filling(filler: str, width: int) -> str:
    return (filler * (width // len(filler) + 1))[:width]


@folds("wordwrap")
@known_only
def _wrapped(args: Sequence[str]) -> str | None:
    """Lines of at most so many characters, broken at blanks, or, where the fourth argument says so, anywhere."""
    width, edge = integer(args, 1, 75), args[2] if len(args) > 2 else "\n"  # noqa: PLR2004
    cut = len(args) > 3 and args[3] not in ("", "0")  # noqa: PLR2004
    if not edge or width < 1:
        return None
    text, made = args[0], list[str]()
    start = space = current = 0
    while current < len(text):
        if text.startswith(edge, current) and current + len(edge) < len(text):
            made.append(text[start : current + len(edge)])
            current += len(edge) - 1
            start = space = current + 1
        elif text[current] == " ":
            if current - start >= width:
                made.append(text[start:current] + edge)
                start = current + 1
            space = current
        elif current - start >= width and cut and start >= space:
            made.append(text[start:current] + edge)
            start = space = current
        elif current - start >= width and start < space:
            made.append(text[start:space] + edge)
            start = space = space + 1
        current += 1
    return "".join(made) + text[start:]


@folds("chunk_split")
@at_most(3)
@known_only
def _chunked(args: Sequence[str]) -> str | None:
    size, end = integer(args, 1, 76), args[2] if len(args) > 2 else "\r\n"  # noqa: PLR2004  text, length, end
    if size < 1:
        return None
    return "".join(args[0][place : place + size] + end for place in range(0, len(args[0]) or 1, size))
