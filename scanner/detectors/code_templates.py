"""Code that a wrapper puts together, and into which its callers only put words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.templates import HoleTable, is_known

_WORD = re.compile(r"\w*")
_CALLED = re.compile(r"\w*\s*(?:\(|::|\\)")
"""Behind a word: it is the name of what is called."""
_MAKES = re.compile(
    r"(?:\b(?:new|include|require|include_once|require_once|use|function)\s+|->\s*|::\s*|[\\`$&]\s*)\w*\Z"
)
"""In front of a word: it names what is made, loaded, called or used, or a variable."""


def adds_words(texts: Iterable[str], templates: Iterable[str], holes: HoleTable) -> bool:
    """Whether all texts are code of the wrapper (`templates`), with words where its parameters stand, and all known.

    Such a caller runs nothing that the wrapper does not run already: a key, a property, a name of a column.
    """
    of_wrapper = [pieces for template in templates if len(pieces := _pieces(template, holes)) > 1]
    return all(is_known(text) and any(_fits(text, pieces) for pieces in of_wrapper) for text in texts)


def _pieces(template: str, holes: HoleTable) -> list[str]:
    """What stands between the parameters of a template."""
    pieces = [""]
    for character in template:
        hole = holes.hole(character)
        if hole is not None and hole.kind == "param":
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _fits(text: str, pieces: list[str]) -> bool:
    """Whether a text is the pieces with words between them; what was cut off at its end counts as the same."""
    rest = text
    for number, piece in enumerate(pieces):
        if number and rest:
            word = _WORD.match(rest)
            rest = rest[word.end() if word is not None else 0 :]
            if _names_code(pieces[number - 1], piece):
                return False
        if len(rest) < len(piece):
            return piece.startswith(rest)
        if not rest.startswith(piece):
            return False
        rest = rest[len(piece) :]
    return not rest


def _names_code(before: str, behind: str) -> bool:
    """Whether what stands between is the name of code; a property (`->word`) that is not called is none."""
    if _CALLED.match(behind):
        return True
    made = _MAKES.search(before)
    return made is not None and not made[0].startswith("->")
