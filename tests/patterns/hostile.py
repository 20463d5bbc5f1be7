"""Words on which a regular expression goes through as many ways as it has: derived from its own parse tree.

For each part that is repeated: what leads up to it, then the part again and again, then something on which the match
fails. A pattern whose repeated parts overlap tries all ways to share out the run; one that is searched for begins anew
at each place of it. What is drawn is drawn from the pattern alone, so each run of the tests has the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from re import _constants as sre  # type: ignore[attr-defined]  # there is no other way to a parse tree
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any
from zlib import crc32

_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_OTHERS = "aZ0 ._-/\\\"'<>=(){}[]\n\t,;:@%&#*+?|$!~^`\x00"
_CATEGORIES = {"DIGIT": "09", "SPACE": " \n", "WORD": "a0_", "NOT_DIGIT": "a.", "NOT_SPACE": "a.", "NOT_WORD": " ."}
_MANY = 8
"""Repetitions from which on a part counts as repeated without end."""
_UNITS = 4
_ENDS = ("\x00", "", "\n'!")
_SHORT = 60
"""Characters on which a pattern with exponentially many ways does not end."""
_MOST = 40

type_of_tree = Sequence[tuple[Any, Any]]


def words(pattern: re.Pattern[str] | re.Pattern[bytes], size: int) -> Iterator[str | bytes]:
    """Hostile words for a pattern: short ones with all ends, then at most `_MOST` of that size."""
    text = pattern.pattern
    seed = crc32(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    runs = list(dict.fromkeys(_runs(parser.parse(text, pattern.flags), Random(seed))))  # noqa: S311  no secret
    made = [prefix + unit * (_SHORT // len(unit) + 1) + end for prefix, unit in runs for end in _ENDS]
    step = max(1, len(runs) // _MOST)
    made += [prefix + unit * (size // len(unit)) + _ENDS[at % 2] for at, (prefix, unit) in enumerate(runs[::step])]
    for word in made:
        yield word.encode("latin-1", "replace") if isinstance(text, bytes) else word


def _runs(tree: type_of_tree, drawn: Random) -> Iterator[tuple[str, str]]:
    """What leads up to a repeated part, and what the part may be; and the same again and again."""
    for prefix, part in _repeated(tree, "", drawn):
        for count in range(_UNITS):
            unit = "".join(_sample(part, drawn) for _ in range(1 + count % 3))
            if unit:
                yield prefix, unit
                yield "", prefix + unit
    if whole := _sample(tree, drawn):
        yield "", whole


def _repeated(tree: type_of_tree, prefix: str, drawn: Random) -> Iterator[tuple[str, type_of_tree]]:
    """Each part that is repeated without end, with what a text has before it."""
    for kind, value in tree:
        if kind in _REPEATS:
            if value[1] > _MANY:
                yield prefix, value[2]
            yield from _repeated(value[2], prefix, drawn)
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from _repeated(branch, prefix, drawn)
        elif kind in (sre.SUBPATTERN, sre.ASSERT, sre.ASSERT_NOT):
            yield from _repeated(value[-1], prefix, drawn)
        elif kind is sre.ATOMIC_GROUP:
            yield from _repeated(value, prefix, drawn)
        prefix += _one(kind, value, drawn)


def _sample(tree: type_of_tree, drawn: Random) -> str:
    return "".join(_one(kind, value, drawn) for kind, value in tree)


def _one(kind: object, value: Any, drawn: Random) -> str:  # noqa: ANN401  one line for each node of a tree
    """A text that one node of the parse tree matches, short."""
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.NOT_LITERAL:
        return "a" if chr(value) != "a" else "b"
    if kind is sre.ANY:
        return drawn.choice("a.0 ")
    if kind is sre.IN:
        return drawn.choice(_characters(value))
    if kind is sre.BRANCH:
        return _sample(drawn.choice(value[1]), drawn)
    if kind is sre.SUBPATTERN:
        return _sample(value[-1], drawn)
    if kind is sre.ATOMIC_GROUP:
        return _sample(value, drawn)
    if kind in _REPEATS:
        least, most, part = value
        count = min(max(least, least + drawn.choice((0, 0, 1))), most, _MANY)
        return "".join(_sample(part, drawn) for _ in range(count))
    return ""


def _characters(items: Sequence[tuple[Any, Any]]) -> str:
    """Some characters of a class."""
    if items[0][0] is sre.NEGATE:
        listed = "".join(map(_listed, items[1:]))
        inside = [value for kind, value in items[1:] if kind is sre.RANGE]
        free = (one for one in _OTHERS if one not in listed and not any(a <= ord(one) <= b for a, b in inside))
        return "".join(free) or "a"
    return "".join(map(_listed, items)) or "a"


def _listed(item: tuple[Any, Any]) -> str:
    kind, value = item
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return "".join(map(chr, (value[0], value[1], (value[0] + value[1]) // 2)))
    if kind is sre.CATEGORY:
        return _CATEGORIES[str(value).removeprefix("CATEGORY_")]
    return ""
