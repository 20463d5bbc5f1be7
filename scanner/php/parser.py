"""Bytes to syntax tree: the only user of tree-sitter."""

from __future__ import annotations

import re
from functools import cache

import tree_sitter_php
from tree_sitter import Language, Node, Parser, Tree

__all__ = ["Node", "Tree", "field_id", "kind_ids", "parse"]

_EXPONENT = re.compile(rb"[eE][0-9][0-9_]*+(?![\w\x80-\xff])")
_TYPE_NAME = re.compile(
    rb"(\(\s*+)(?:binary|bool(?:ean)?|double|float|int(?:eger)?|object|real|string)(?=\s*+(?:::|\\|\())", re.IGNORECASE
)
_OPENED = re.compile(rb"(?<!/)/\*")
_MAX_OPENED = 8
"""Comments opened and not closed up to which the parser reads them as they are."""
_PART_OF_NAME = re.compile(rb"[\w$\x80-\xff]")
_LANGUAGE = Language(tree_sitter_php.language_php())
_PARSER = Parser(_LANGUAGE)
ERROR_KIND = 65535
"""Kind id that tree-sitter gives to ERROR nodes (`ts_builtin_sym_error`)."""


def parse(source: bytes) -> Tree:
    """Syntax tree of a whole PHP file. Never raises: what does not parse becomes ERROR or MISSING nodes.

    The grammar takes names such as `E1` for numbers, and those of types right behind a bracket for casts
    (`f(Binary::class)`). They are parsed as other names of the same length: text is read from the source, not from the
    tree.
    """
    source = _with_one_open_comment(source)
    if _TYPE_NAME.search(source):
        source = _TYPE_NAME.sub(_as_other_name, source)
    return _PARSER.parse(_EXPONENT.sub(_as_name, source) if _EXPONENT.search(source) else source)


def _with_one_open_comment(source: bytes) -> bytes:
    """The source with blanks for the marks that open a comment where nothing closes one, but for the first.

    PHP 8 refuses such a file, to earlier versions all behind the first is a comment; the parser tries each of them up
    to the end of the file. What then stands outside of comments is looked at.
    """
    end = source.rfind(b"*/") + 2 if b"*/" in source else 0
    if source.count(b"/*", end) <= _MAX_OPENED:
        return source
    first = source.index(b"/*", end) + 2
    return source[:first] + _OPENED.sub(b"  ", source[first:])


def _as_other_name(match: re.Match[bytes]) -> bytes:
    blanks = len(match[1])
    return match[1] + b"_" + match[0][blanks + 1 :]


def _as_name(match: re.Match[bytes]) -> bytes:
    start, source = match.start(), match.string
    before = source[start - 1 : start]
    if _PART_OF_NAME.match(before) or (before == b"." and source[start - 2 : start - 1].isdigit()):
        return match[0]  # the end of another name, or of a number
    if source[start - 3 : start] == b"\\u{":
        return match[0]  # the code of a character: `"\u{e9}"`
    return b"_" + match[0][1:]


@cache
def kind_ids(name: str) -> tuple[int, ...]:
    """All kind ids of a named node type; the grammar gives several ids to one name by aliasing.

    Raises: KeyError when the grammar has no such node: a changed grammar must not pass silently.
    """
    found = tuple(
        number
        for number in range(_LANGUAGE.node_kind_count)
        if _LANGUAGE.node_kind_for_id(number) == name and _LANGUAGE.node_kind_is_named(number)
    )
    if not found:
        raise KeyError(name)
    return found


@cache
def field_id(name: str) -> int:
    """Id of a field of the grammar.

    Raises: KeyError when the grammar has no such field.
    """
    number = _LANGUAGE.field_id_for_name(name)
    if not number:
        raise KeyError(name)
    return number
