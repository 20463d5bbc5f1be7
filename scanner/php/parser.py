"""Bytes to syntax tree: the only user of tree-sitter."""

from __future__ import annotations

from functools import cache

import tree_sitter_php
from tree_sitter import Language, Node, Parser, Tree

__all__ = ["Node", "Tree", "field_id", "kind_ids", "parse"]

_LANGUAGE = Language(tree_sitter_php.language_php())
_PARSER = Parser(_LANGUAGE)
ERROR_KIND = 65535
"""Kind id that tree-sitter gives to ERROR nodes (`ts_builtin_sym_error`)."""


def parse(source: bytes) -> Tree:
    """Syntax tree of a whole PHP file. Never raises: what does not parse becomes ERROR or MISSING nodes."""
    return _PARSER.parse(source)


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
