"""Response headers that PHP code sends, and what they make a browser contact."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import Text, is_elsewhere, normalise
from scanner.files.markup import policy
from scanner.files.pieces import Found, Piece

_ADDRESS = re.compile(r"(?:https?|wss?)://[^\s\"'<>;,)]+", re.IGNORECASE)
_HEADERS = frozenset(
    {"link", "report-to", "reporting-endpoints", "nel", "refresh", "alt-svc", "sourcemap", "speculation-rules"}
)


def read_header(offset: int, line: str) -> Iterator[Found]:
    """What one header does; `Location` is a finding of the PHP analysis."""
    name, _, value = line.partition(":")
    name = name.strip().lower()
    if name.startswith("content-security-policy"):
        yield from policy(Piece("markup", b"", offset), 0, 0, value)
    elif name in _HEADERS:
        for match in _ADDRESS.finditer(value):
            address = normalise(Text(match[0]))
            if is_elsewhere(address):
                yield Found(
                    offset,
                    offset + len(line),
                    "request",
                    f"header {name}",
                    address,
                    grade="quiet" if name == "sourcemap" else "",
                )
