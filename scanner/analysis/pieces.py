"""Folding of text that is known only in part: what PHP's string functions make of a template with holes.

A function that treats each character by itself leaves holes where they are; one that looks for a place in the text is
folded where that place lies in front of the first hole. Nothing of the scanned program is executed. Source of each
behaviour: PHP manual, page of the function.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scanner.analysis.templates import FIRST_PRIVATE, PARAMETERS, is_known

CUT = "\U0010ffff"
"""Stands for something unknown that a fold puts into a text; who asks for the fold gives it a name."""
_HOLES = re.compile(f"([{FIRST_PRIVATE}-\U0010ffff]+)")
_PATTERN = re.compile(
    r"([/#~!@%,;|])(\\[sdwSDW]|\[\^?[^\[\]]{1,60}\]|(?:\\[./:_#~-]|[\w ./:_-])+)([+*]?)\1([iu]*)", re.ASCII
)
"""A pattern that is one set of characters, or a word: to match it costs no more than to look for it."""


def is_all_holes(text: str) -> bool:
    """Whether nothing of a text is known."""
    return _HOLES.fullmatch(text) is not None


def each_piece(fold: Callable[[str], str | None], text: str) -> str | None:
    """What a function makes of each known piece of a text; None for one that is not known at all."""
    if is_known(text):
        return fold(text)
    if is_all_holes(text):
        return None
    made = [piece if not piece or piece >= FIRST_PRIVATE else fold(piece) for piece in _HOLES.split(text)]
    return None if None in made else "".join(filter(None, made))


def known_start(text: str) -> str:
    """What stands in front of the first hole."""
    match = _HOLES.search(text)
    return text if match is None else text[: match.start()]


def known_end(text: str) -> str:
    """What stands behind the last hole."""
    return text if is_known(text) else _HOLES.split(text)[-1]


def part(text: str, start: int, length: int | None) -> str | None:
    """`substr`: exact in known text; in a template from a known start on, with what is known of it up to the cut."""
    if is_known(text):
        begin = max(len(text) + start, 0) if start < 0 else start
        rest = text[begin:]
        return rest if length is None else rest[:length] if length else ""
    known = known_start(text)
    if not 0 <= start < len(known):
        return None
    if length is None or PARAMETERS.search(text):  # what a caller passes is cut where the function is run with it
        return text[start:]
    return text[start : start + length] if 0 <= length <= len(known) - start else known[start:] + CUT


def replaced(pattern: str, replacement: str, text: str) -> str | None:
    """`preg_replace` with a pattern that is a set of characters or a word; in the known pieces of a text."""
    match = _PATTERN.fullmatch(pattern)
    if match is None or _HOLES.fullmatch(text):
        return None
    flags = re.ASCII | (re.IGNORECASE if "i" in match[4] else re.NOFLAG)
    try:
        word = re.compile(match[2] + match[3].replace("*", "+"), flags)
    except re.error:
        return None
    parts = _HOLES.split(text)
    return "".join(piece if piece >= FIRST_PRIVATE else word.sub(lambda _: replacement, piece) for piece in parts)
