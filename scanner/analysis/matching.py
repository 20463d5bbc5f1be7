"""PHP's functions that match known text with a regular expression: what they leave and give.

`patterns` knows the expressions; here they meet the values. A text that is not known, or a pattern that nobody can
follow, is left to the general treatment.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.analysis import patterns
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Trace, Val, join_all, text_value

MATCHES = frozenset({"preg_match", "preg_match_all"})
_MAX_SUBJECTS = 4
_BY_SET = 2
"""`PREG_SET_ORDER`: matches with their groups in them; else groups with their matches."""
_WITHOUT_EMPTY = 1
"""`PREG_SPLIT_NO_EMPTY`"""
_THIRD = 2
_FLAGS = 3
_MAX_CALLED = 60
"""Matches for each of which a callback is run by itself."""


def matches(evaluator: Evaluator, name: str, args: list[Val], labels: Mapping[str, Trace]) -> Val | None:
    """What `preg_match` and `preg_match_all` leave in their third argument; None where it is not known."""
    pattern, subjects = known_pattern(evaluator, args), _subjects(args[1]) if len(args) > 1 else []
    flags = number(evaluator, args, _FLAGS, 0)
    if pattern is None or not subjects or flags is None:
        return None
    found: list[Val] = []
    for text in subjects:
        made = _first(pattern, text) if name == "preg_match" else _every(pattern, text, by_set=bool(flags & _BY_SET))
        if made is None or flags & ~_BY_SET:
            return None
        found.append(made)
    return join_all([*found, Val(labels=labels)], evaluator.state.overflow)


def _first(pattern: str, text: str) -> Val | None:
    groups = patterns.first(pattern, text)
    return None if groups is None else as_array(groups)


def _every(pattern: str, text: str, *, by_set: bool) -> Val | None:
    found = patterns.every(pattern, text)
    if found is None:
        return None
    if by_set:
        return Val(items={str(place): as_array(groups) for place, groups in enumerate(found)})
    names = list(found[0]) if found else []
    return Val(items={name: as_array({str(place): one[name] for place, one in enumerate(found)}) for name in names})


def as_array(texts: Mapping[str, str]) -> Val:
    """Groups of a match as the array that PHP makes of them."""
    return Val(items={key: text_value(text) for key, text in texts.items()})


def split(evaluator: Evaluator, args: list[Val], labels: Mapping[str, Trace]) -> Val | None:
    """Value of `preg_split`; None where it is not known."""
    pattern, subjects = known_pattern(evaluator, args), _subjects(args[1]) if len(args) > 1 else []
    limit, flags = number(evaluator, args, _THIRD, -1), number(evaluator, args, _FLAGS, 0)
    if pattern is None or not subjects or limit is None or flags is None or flags & ~_WITHOUT_EMPTY:
        return None
    found = [patterns.split(pattern, text, limit, without_empty=bool(flags)) for text in subjects]
    made = [as_array({str(place): piece for place, piece in enumerate(one)}) for one in found if one is not None]
    return join_all([*made, Val(labels=labels)], evaluator.state.overflow) if len(made) == len(found) else None


def found(evaluator: Evaluator, args: list[Val]) -> tuple[str, list[tuple[int, int, dict[str, str]]]] | None:
    """A known text and what a known pattern finds in it (pattern and text: first and third argument)."""
    pattern, subjects = known_pattern(evaluator, args), _subjects(args[_THIRD]) if len(args) > _THIRD else []
    matches = patterns.spans(pattern, subjects[0]) if pattern is not None and len(subjects) == 1 else None
    return None if matches is None or len(matches) > _MAX_CALLED else (subjects[0], matches)


def known_pattern(evaluator: Evaluator, args: list[Val]) -> str | None:
    """The one pattern that a call's first argument is."""
    known = evaluator.known_texts(args[0]) if args else []
    return known[0] if len(known) == 1 and len(args[0].texts) == 1 else None


def number(evaluator: Evaluator, args: list[Val], position: int, default: int) -> int | None:
    """An argument that is a number; None where it is not known."""
    if position >= len(args) or args[position] is NOTHING:
        return default
    known = evaluator.known_texts(args[position])
    if len(known) != 1 or len(args[position].texts) != 1:
        return None
    text = known[0] or str(default)
    return int(text) if text.removeprefix("-").isdecimal() else None


def _subjects(value: Val) -> list[str]:
    """The texts of a value where all are known; none where one is not, or they are too many."""
    texts = sorted(value.texts)
    return texts if len(texts) <= _MAX_SUBJECTS and all(map(is_known, texts)) else []
