"""Syntax trees of browser languages: the second user of tree-sitter besides the PHP front end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_css
import tree_sitter_html
import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

__all__ = ["Node", "nodes_of", "parse", "text_of"]

_GRAMMARS = {
    "javascript": tree_sitter_javascript.language,
    "typescript": tree_sitter_typescript.language_typescript,
    "tsx": tree_sitter_typescript.language_tsx,
    "html": tree_sitter_html.language,
    "css": tree_sitter_css.language,
}


@cache
def _parser(language: str) -> Parser:
    return Parser(Language(_GRAMMARS[language]()))


def parse(source: bytes, language: str) -> Node:
    """Root of the syntax tree. Never raises for any bytes: what does not parse becomes ERROR nodes."""
    return _parser(language).parse(source).root_node


def text_of(node: Node, source: bytes) -> bytes:
    """Bytes of a node."""
    return source[node.start_byte : node.end_byte]


def nodes_of(root: Node, kinds: frozenset[str]) -> Iterator[Node]:
    """Nodes of some kinds in the order of the text, found with a cursor; no recursion."""
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type in kinds:
            yield node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return
