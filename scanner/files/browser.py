"""What a file makes the browser of a visitor do: pieces of several languages, read one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from scanner.files.markup import read_markup
from scanner.files.pieces import Apis, Found, Piece
from scanner.files.scripts import read_script
from scanner.files.styles import read_style

MAX_BYTES = 12 * 1024**2
"""Larger scripts and pages are not parsed."""
MAX_DEPTH = 5
"""Languages within languages, and decoded text within decoded text."""
_MAX_PIECES = 2000
_READERS: dict[str, Callable[[Piece, Apis], Iterator[Found | Piece]]] = {
    "script": read_script,
    "typescript": read_script,
    "markup": read_markup,
    "style": read_style,
}


def read_browser(pieces: list[Piece], apis: Apis) -> Iterator[Found]:
    """Everything found in some pieces of a file and in what is in them."""
    waiting = deque(pieces)
    count = 0
    while waiting:
        piece = waiting.popleft()
        count += 1
        if count > _MAX_PIECES:
            yield Found(0, 0, "cut", "pieces")
            return
        if len(piece.source) > MAX_BYTES or piece.depth > MAX_DEPTH:
            yield Found(piece.base, piece.base, "cut", "size" if len(piece.source) > MAX_BYTES else "depth")
            continue
        for item in _READERS[piece.language](piece, apis):
            if isinstance(item, Piece):
                waiting.append(item)
            else:
                yield item
