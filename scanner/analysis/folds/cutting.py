"""Folds that cut text or find a place in it. See `folding`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.analysis import pieces
from scanner.analysis.folding import (
    ASCII_LIKE,
    FALSE,
    at_most,
    characters,
    folds,
    from_bytes,
    integer,
    known_only,
    to_bytes,
    truth,
)
from scanner.analysis.scalars import INT
from scanner.analysis.templates import is_known

_BYTEWISE = frozenset({"8bit", "ascii", "iso-8859-1", "latin1"})
_MAX_LEVELS = 50


@folds("substr")
def _substring(args: Sequence[str]) -> str | None:
    return pieces.part(args[0], integer(args, 1), _length_of(args))


def _length_of(args: Sequence[str]) -> int | None:
    """Third argument; what is empty is `null`, or no number at all."""
    if "".join(args[2:3]) or len(args) < 3:  # noqa: PLR2004
        return integer(args, 2) if len(args) > 2 else None  # noqa: PLR2004
    raise ValueError


@folds("mb_substr", "iconv_substr")
def _wide_substring(args: Sequence[str]) -> str | None:
    if not is_known(args[0]):
        return pieces.part(args[0], integer(args, 1), _length_of(args)) if _is_plain(args[0]) else None
    found = pieces.part(characters([args[0], *args[3:4]], 1, ASCII_LIKE), integer(args, 1), _length_of(args))
    return None if found is None else from_bytes(found.encode("utf-8"))


def _is_plain(text: str) -> bool:
    """Whether what stands in front of the first hole is ASCII."""
    return pieces.known_start(text).isascii()


@folds("strlen", kind=INT)
@known_only
def _length(args: Sequence[str]) -> str | None:
    return str(len(args[0]))


@folds("mb_strlen", "iconv_strlen", kind=INT)
@known_only
def _wide_length(args: Sequence[str]) -> str | None:
    if len(args) > 1 and args[1].lower() in _BYTEWISE:
        return str(len(args[0]))
    return str(len(characters(args, 1, ASCII_LIKE)))


@folds("strstr", "mb_strstr")
@at_most(3)
def _from_mark(args: Sequence[str]) -> str | None:
    return _before_or_from(args, args[0], args[1])


@folds("stristr")
@at_most(3)
def _from_mark_any_case(args: Sequence[str]) -> str | None:
    return _before_or_from(args, _low(args[0]), _low(args[1]))


def _low(text: str) -> str:
    return "".join(c.lower() if c < "\x80" else c for c in text)


def _before_or_from(args: Sequence[str], text: str, mark: str) -> str | None:
    if not mark or not is_known(mark):
        return None
    start = pieces.known_start(text)
    place = start.find(mark)
    if place < 0:  # a hole in front of it may hold another
        return start + pieces.CUT if start and mark in text and truth(args, 2) else None
    return args[0][:place] if truth(args, 2) else args[0][place:]


@folds("strrchr", "mb_strrchr")
@at_most(2)
def _last_mark(args: Sequence[str]) -> str | None:
    """From the last of the mark's first character on, where no hole behind it may hold another."""
    if not args[1] or not is_known(args[1]):
        return None
    end = pieces.known_end(args[0])
    place = end.rfind(args[1][0])
    return end[place:] if place >= 0 else None


@folds("strpbrk")
def _from_any(args: Sequence[str]) -> str | None:
    if not is_known(args[1]):
        return None
    start = pieces.known_start(args[0])
    places = [place for mark in set(args[1]) if (place := start.find(mark)) >= 0]
    return args[0][min(places) :] if places else None


@folds("strtok")
def _first_word(args: Sequence[str]) -> str | None:
    """The first call for a text; a further one, with the separators alone, gives some later piece."""
    if len(args) != 2 or not is_known(args[1]):  # noqa: PLR2004
        return None
    begin = args[0].lstrip(args[1])
    marks = [place for mark in args[1] if (place := pieces.known_start(begin).find(mark)) > 0]
    if marks:
        return begin[: min(marks)]
    return begin if begin and is_known(begin) else None


@folds("basename")
def _base_name(args: Sequence[str]) -> str | None:
    """The last part of a path; None where a backslash divides on some systems only."""
    path = args[0].rstrip("/")
    if "\\" in path or (not is_known(path) and "/" not in pieces.known_end(path)):
        return None
    name = path.rpartition("/")[2]
    suffix = args[1] if len(args) > 1 else ""
    if not is_known(suffix):
        return None
    return name.removesuffix(suffix) if name != suffix else name


@folds("dirname")
def _directory(args: Sequence[str]) -> str | None:
    path, levels = args[0], integer(args, 1, 1)
    if not 1 <= levels <= _MAX_LEVELS:
        return None
    for _level in range(levels):
        path = _parent(path) if path else ""
    return path


def _parent(path: str) -> str:
    head, separator, _tail = path.rstrip("/").rpartition("/")
    if separator:
        return head.rstrip("/") or "/"
    return "/" if path.startswith("/") else "."


def _position(search: Callable[[str, str, int], int], args: Sequence[str]) -> str | None:
    """Place of a text in another, from an offset on that may count from the end."""
    offset = integer(args, 2, 0)
    start = offset + len(args[0]) if offset < 0 else offset
    if not args[1] or not 0 <= start <= len(args[0]):
        return None
    found = search(args[0], args[1], start)
    return str(found) if found >= 0 else FALSE


@folds("strpos", kind=INT)
@known_only
def _first_position(args: Sequence[str]) -> str | None:
    return _position(str.find, args)


@folds("stripos", kind=INT)
@known_only
def _first_position_any_case(args: Sequence[str]) -> str | None:
    return _position(str.find, [_low(args[0]), _low(args[1]), *args[2:]])


@folds("mb_strpos", "iconv_strpos", kind=INT)
@at_most(3)
@known_only
def _wide_position(args: Sequence[str]) -> str | None:
    text, mark = (to_bytes(one).decode("utf-8") for one in args[:2])
    return _position(str.find, [text, mark, *args[2:]])


@folds("mb_stripos", kind=INT)
@at_most(3)
@known_only
def _wide_position_any_case(args: Sequence[str]) -> str | None:
    if not (args[0] + args[1]).isascii():
        return None
    return _position(str.find, [_low(args[0]), _low(args[1]), *args[2:]])


@folds("strrpos", "mb_strrpos", kind=INT)
@at_most(2)
@known_only
def _last_position(args: Sequence[str]) -> str | None:
    text, mark = args
    return _found_last(text, mark)


@folds("strripos", "mb_strripos", kind=INT)
@at_most(2)
@known_only
def _last_position_any_case(args: Sequence[str]) -> str | None:
    return _found_last(_low(args[0]), _low(args[1]))


def _found_last(text: str, mark: str) -> str | None:
    if not mark or not (text + mark).isascii():
        return None
    found = text.rfind(mark)
    return str(found) if found >= 0 else FALSE


@folds("substr_replace")
@known_only
def _replaced_part(args: Sequence[str]) -> str | None:
    text, start = args[0], integer(args, 2)
    length = integer(args, 3, len(text))
    begin = max(len(text) + start, 0) if start < 0 else min(start, len(text))
    end = max(len(text) + length, begin) if length < 0 else min(begin + length, len(text))
    return text[:begin] + args[1] + text[end:]


@folds("mb_strimwidth")
@at_most(4)
@known_only
def _trimmed(args: Sequence[str]) -> str | None:
    start, width = integer(args, 1), integer(args, 2)
    end = args[3] if len(args) > 3 else ""  # noqa: PLR2004
    if not (args[0] + end).isascii() or not 0 <= start <= len(args[0]) or width < len(end):
        return None
    rest = args[0][start:]
    return rest if len(rest) <= width else rest[: width - len(end)] + end
