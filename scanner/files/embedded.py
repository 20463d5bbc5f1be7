"""Scripts and frames in data: language files, JSON, XML and other texts whose values end up in pages.

A value such as `"<script src='https://...'></script>"` of a language file is printed by the pages that use it. Only
what runs or loads code is read here: links and pictures in data are text until a page shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.pieces import Piece

_MAX_ELEMENTS = 200
_MAX_LENGTH = 16_384
"""Bytes of one element that are read."""
_ACTIVE = re.compile(
    rb"<(script|iframe|object|embed)(?=[\s>/\\])|<([a-z][a-z0-9]{0,10})\s[^<>]{0,500}?\son[a-z]{3,20}\s*=",
    re.IGNORECASE,
)
_ESCAPED = re.compile(rb"\\([\"'/])")
"""Quotes and slashes as JSON and INI files write them."""


def embedded_pieces(content: bytes) -> Iterator[Piece]:
    """Each element that runs or loads code, as markup of its own."""
    position = 0
    for _ in range(_MAX_ELEMENTS):
        match = _ACTIVE.search(content, position)
        if match is None:
            return
        closing = b"</" + (match[1] or match[2]).lower() + b">"
        limit = match.start() + _MAX_LENGTH
        element = content[match.start() : limit]
        end = element.lower().find(closing if match[1] else b">", match.end() - match.start())
        if end >= 0:
            element = element[: end + len(closing)]
        yield Piece("markup", _ESCAPED.sub(rb"\1", element), match.start(), fixed=True)
        position = match.start() + len(element)
