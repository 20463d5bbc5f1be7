"""Names under which a page gives scripts what PHP prints: `var key = <?= json_encode($x) ?>`, `data-key="..."`.

A script in another file of the release may read them; which of them it sends, `payloads` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import page_text
from scanner.files.pieces import Found, Piece

_GIVEN = re.compile(
    rb"([A-Za-z_$][\w$-]{0,60})[\"']?\]?\s{0,8}[:=]\s{0,8}(?:JSON\.parse\(\s{0,8}|new\s{1,8}\w{1,40}\(\s{0,8})?"
    rb"[\"'`]?([^\"'`\s<>;,]{0,80}?zq[0-9a-z]{4}q)"
)
"""A name, and what begins with, or soon has, a mark for PHP."""
_FIELD = re.compile(
    rb"<(?:input|meta|textarea)\b[^<>]{0,300}?\b(?:name|id|property)\s*=\s*[\"']?([\w$-]{1,60})[^<>]{0,300}?"
    rb"\b(?:value|content)\s*=\s*[\"']?(zq[0-9a-z]{4}q)",
    re.IGNORECASE,
)
_MAX_VALUES = 60


def plain(name: str) -> str:
    """A name as it is the same in markup and in scripts: `data-themeKey`, `data-theme-key` and `dataset.themeKey`."""
    return name.removeprefix("data-").replace("-", "").replace("_", "").lower()


def page_values(pieces: list[Piece]) -> Iterator[Found]:
    """What PHP prints under a name, in the pages of a file."""
    seen: set[tuple[str, str]] = set()
    for piece in pieces:
        for pattern in (_GIVEN, _FIELD):
            for match in pattern.finditer(piece.source):
                name = plain(match[1].decode("ascii", "replace"))
                printed = page_text(match[2].decode("utf-8", "replace"), piece.expressions)
                if not printed.holes or (name, printed.holes[0]) in seen or len(seen) >= _MAX_VALUES:
                    continue
                seen.add((name, printed.holes[0]))
                start, end = piece.place(match.start()), piece.place(match.end())
                yield Found(start, max(start, end), "page-value", name, printed)
