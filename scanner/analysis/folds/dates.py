"""Folds of dates: only of a time that is said, and in a time zone that nothing can change. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from scanner.analysis.folding import folds, integer, known_only
from scanner.analysis.scalars import BOOL, INT

_ESCAPED = re.compile(r"(?:\\.|[^A-Za-z\\])+", re.DOTALL)
"""A date format in which every letter is escaped, so that the date does not matter."""
_PIECE = re.compile(r"\\(.)|(.)", re.DOTALL)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_LAST = 253_402_300_799
_FIELDS = 6
_MAX_YEAR = 9999
_MIN_YEAR = 100
_LETTERS: dict[str, Callable[[datetime], str]] = {
    "d": lambda at: f"{at.day:02}",
    "j": lambda at: str(at.day),
    "D": lambda at: _DAYS[at.weekday()][:3],
    "l": lambda at: _DAYS[at.weekday()],
    "N": lambda at: str(at.isoweekday()),
    "w": lambda at: str(at.isoweekday() % 7),
    "z": lambda at: str(at.timetuple().tm_yday - 1),
    "W": lambda at: f"{at.isocalendar()[1]:02}",
    "o": lambda at: str(at.isocalendar()[0]),
    "m": lambda at: f"{at.month:02}",
    "n": lambda at: str(at.month),
    "M": lambda at: _MONTHS[at.month - 1][:3],
    "F": lambda at: _MONTHS[at.month - 1],
    "Y": lambda at: str(at.year),
    "y": lambda at: f"{at.year % 100:02}",
    "a": lambda at: "am" if at.hour < 12 else "pm",  # noqa: PLR2004
    "A": lambda at: "AM" if at.hour < 12 else "PM",  # noqa: PLR2004
    "g": lambda at: str(at.hour % 12 or 12),
    "G": lambda at: str(at.hour),
    "h": lambda at: f"{at.hour % 12 or 12:02}",
    "H": lambda at: f"{at.hour:02}",
    "i": lambda at: f"{at.minute:02}",
    "s": lambda at: f"{at.second:02}",
    "U": lambda at: str(int(at.timestamp())),
}


@folds("date")
@known_only
def _date(args: Sequence[str]) -> str | None:
    """In the time zone of the server: only a format without letters is known."""
    return re.sub(r"\\(.)", r"\1", args[0], flags=re.DOTALL) if _ESCAPED.fullmatch(args[0]) else None


@folds("gmdate")
@known_only
def _gmdate(args: Sequence[str]) -> str | None:
    if len(args) == 1:
        return _date(args)
    second = integer(args, 1)
    if not 0 <= second <= _LAST:
        return None
    at = datetime.fromtimestamp(second, UTC)
    made = ""
    for escaped, letter in _PIECE.findall(args[0]):
        if letter.isalpha() and letter.isascii() and letter not in _LETTERS:
            return None
        made += escaped or (_LETTERS[letter](at) if letter in _LETTERS else letter)
    return made


@folds("gmmktime", kind=INT)
@known_only
def _gmmktime(args: Sequence[str]) -> str | None:
    """Hour, minute, second, month, day, year: all of them, and in their ranges."""
    hour, minute, second, month, day, year = (integer(args, place) for place in range(_FIELDS))
    if year < _MIN_YEAR:
        return None
    return str(int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()))


@folds("checkdate", kind=BOOL)
@known_only
def _checkdate(args: Sequence[str]) -> str | None:
    month, day, year = (integer(args, place) for place in range(3))
    if not 1 <= year <= _MAX_YEAR:
        return None
    try:
        date(year, month, day)
    except ValueError:
        return ""
    return "1"
