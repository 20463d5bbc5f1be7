"""Source maps: the hosts that the original sources name, and whether they hold more than paths."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scanner.files.addresses import Text, is_elsewhere, normalise
from scanner.files.pieces import Found

MAX_BYTES = 24 * 1024**2


def read_map(content: bytes) -> Iterator[Found]:
    """Sources of one map that stand on other hosts. Nothing in a map is fetched but by developer tools."""
    if len(content) > MAX_BYTES:
        yield Found(0, 0, "cut", "size")
        return
    try:
        document = json.loads(content.removeprefix(b")]}'"))
    except (ValueError, RecursionError):
        return
    sources = document.get("sources") if isinstance(document, dict) else None
    root = document.get("sourceRoot") if isinstance(document, dict) else None
    for source in (*(sources if isinstance(sources, list) else ()), root):
        if isinstance(source, str):
            address = normalise(Text(source[:2000]))
            if is_elsewhere(address):
                yield Found(0, 0, "request", "source map", address, grade="quiet")
