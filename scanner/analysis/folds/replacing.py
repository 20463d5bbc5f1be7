"""Folds that replace something in a text. See `folding`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scanner.analysis import patterns, pieces
from scanner.analysis.folding import folds, known_only
from scanner.analysis.templates import is_known

_ARGUMENTS = 3
_MAX_TABLE = 300
_SPECIAL = frozenset(".\\+*?[^]$(){}=!<>|:-")
_NOT_ALWAYS = frozenset("#\0")
"""Characters that some versions of PHP quote in a pattern."""


@folds("str_replace")
def _replace(args: Sequence[str]) -> str | None:
    if not args[0]:
        return args[2]
    if not is_known(args[0]):
        return None
    return args[2].replace(args[0], args[1])


@folds("str_ireplace")
def _replace_any_case(args: Sequence[str]) -> str | None:
    if not is_known(args[0]):
        return None
    replacement = args[1]
    search = re.compile(re.escape(args[0]), re.IGNORECASE | re.ASCII)
    return search.sub(lambda _match: replacement, args[2]) if args[0] else args[2]


@folds("strtr")
def _translate(args: Sequence[str]) -> str | None:
    if len(args) != _ARGUMENTS or not (is_known(args[1]) and is_known(args[2])):
        return None
    return args[0].translate({ord(one): two for one, two in zip(args[1], args[2], strict=False)})


def translated(text: str, table: Mapping[str, str]) -> str | None:
    """`strtr` with a table: in one pass, the longest key first; what is put in is not looked at again."""
    words = sorted((key for key in table if key), key=len, reverse=True)
    if not words:
        return text
    if len(words) > _MAX_TABLE or not all(map(is_known, words)):
        return None
    return re.sub("|".join(map(re.escape, words)), lambda match: table[match[0]], text)


@folds("preg_replace")
def _pattern_replace(args: Sequence[str]) -> str | None:
    """In known text all that `patterns` follows; else only sets of characters and words, in the known pieces."""
    if len(args) != _ARGUMENTS or not is_known(args[0]):
        return None
    if is_known(args[2]):
        return patterns.replaced(args[0], args[1], args[2])
    return None if "$" in args[1] or "\\" in args[1] else pieces.replaced(args[0], args[1], args[2])


@folds("preg_quote")
@known_only
def _quoted(args: Sequence[str]) -> str | None:
    if len(args) > 1 or set(args[0]) & _NOT_ALWAYS:
        return None
    return "".join("\\" + c if c in _SPECIAL else c for c in args[0])
