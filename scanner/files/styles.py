"""Styles: what CSS makes a browser fetch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import is_elsewhere, normalise, page_text
from scanner.files.grammars import Node, nodes_of, parse, text_of
from scanner.files.payloads import in_address
from scanner.files.pieces import Apis, Found, Piece

_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.DOTALL)
_ESCAPED = re.compile(rb"\\0{0,4}([2-7][0-9a-fA-F])(?![0-9a-fA-F])\s?")
"""A printable character of ASCII written as an escape: nobody needs that but to hide a word."""
_CALLS = frozenset({"url", "src", "image-set", "-webkit-image-set", "image"})
_NODES = frozenset({"call_expression", "import_statement"})
_NOT_HERE = frozenset({"import_statement", "namespace_statement"})
"""An import is a node of its own; the address of a namespace is only a name."""
_TEXTS = frozenset({"string_value", "plain_value"})
_MAX_NODES = 20_000
_MAX_SELECTORS = 4000
_PIECE_OF_VALUE = re.compile(rb"\[\s*(?:value|content|nonce|data-[\w-]{1,60})\s*[\^$*]=", re.IGNORECASE)
"""A selector that asks for a piece of what a field or an element holds."""


def _without_comments(source: bytes) -> bytes:
    """A style sheet without its comments; what opens one that nothing closes stays."""
    parts: list[bytes] = []
    position = 0
    while (start := source.find(b"/*", position)) >= 0 and (end := source.find(b"*/", start + 2)) >= 0:
        parts.append(source[position:start])
        position = end + 2
    return b"".join((*parts, source[position:]))


def read_style(piece: Piece, _apis: Apis) -> Iterator[Found | Piece]:
    """Requests of one style sheet, of which only absolute addresses matter: nothing in CSS joins strings."""
    source = piece.source
    if b"//" not in _without_comments(source) and not _ESCAPED.search(source):
        return
    if _ESCAPED.search(source):
        yield _decoded(piece)
        return
    for count, node in enumerate(nodes_of(parse(source, "css"), _NODES)):
        if count > _MAX_NODES:
            yield Found(piece.place(node.start_byte), piece.place(node.start_byte), "cut", "nodes")
            return
        head = "@import" if node.type == "import_statement" else ""
        if not head:
            name = node.named_children[0] if node.named_children else None
            called = _plain(text_of(name, source)).lower() if name is not None else ""
            if called not in _CALLS or (node.parent is not None and node.parent.type in _NOT_HERE):
                continue
            head = f"{called}()"
        for value in nodes_of(node, _TEXTS):
            if value.start_byte < node.start_byte or value.end_byte > node.end_byte:
                break
            text = _plain(text_of(value, source)).strip("\"'")
            address = normalise(page_text(text, piece.expressions))
            if is_elsewhere(address):
                api = f"{head} {piece.api}".strip()
                start, end = piece.place(node.start_byte), piece.place(node.end_byte)
                sends = (*in_address(address), *_asked(node, source))
                yield Found(start, max(start, end), "request", api, address, sends)


def _asked(node: Node, source: bytes) -> tuple[str, ...]:
    """What the rule around an address asks of a page: `input[value^="a"]` tells the host how a value begins."""
    while node.parent is not None and node.type != "rule_set":
        node = node.parent
    head = node.named_children[0] if node.type == "rule_set" and node.named_children else None
    selectors = text_of(head, source)[:_MAX_SELECTORS] if head is not None else b""
    return ("browser.field-value",) if _PIECE_OF_VALUE.search(selectors) else ()


def _plain(text: bytes) -> str:
    """Text with the escapes of CSS decoded."""
    return (
        _ESCAPE.sub(_character, text.decode("utf-8", "replace")) if b"\\" in text else text.decode("utf-8", "replace")
    )


def _decoded(piece: Piece) -> Piece:
    """The style with its escaped letters decoded; every part knows its place in the file."""
    text = bytearray()
    spots: list[tuple[int, int]] = []
    position = 0
    for match in _ESCAPED.finditer(piece.source):
        for part, offset in (
            (piece.source[position : match.start()], position),
            (bytes([int(match[1], 16)]), match.start()),
        ):
            spots.append((len(text), piece.place(offset)))
            text += part
        position = match.end()
    spots.append((len(text), piece.place(position)))
    text += piece.source[position:]
    inner = piece.inner("style", bytes(text), 0)
    return inner if inner.fixed else inner._replace(base=0, spots=tuple(spots))


def _character(match: re.Match[str]) -> str:
    if match[2] is not None:
        return str(match[2])
    number = int(match[1], 16)
    return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "?"  # noqa: PLR2004
