"""Bytes of any file to remarks: the only entry of this stage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from scanner.files.addresses import Text, normalise
from scanner.files.browser import read_browser
from scanner.files.commands import COMMAND_KINDS, read_commands
from scanner.files.database import read_sql, read_sql_in_php
from scanner.files.embedded import embedded_pieces
from scanner.files.executables import read_executable
from scanner.files.installing import read_composer, read_git, read_hook, read_installed, read_npm, read_pipeline
from scanner.files.page_values import page_values
from scanner.files.pages import header_lines, page_pieces
from scanner.files.pieces import Apis, Found, Piece, browser_apis
from scanner.files.policies import read_header
from scanner.files.settings import read_iis, read_nginx, read_php_ini, read_server
from scanner.files.sourcemaps import read_map
from scanner.files.templates import read_template
from scanner.model.other import OtherFacts, Remark

MAX_REMARKS = 3000
"""Remarks about one file; more are cut, and the cut is counted."""
_BROWSER = {
    "script": "script", "typescript": "typescript", "style": "style", "markup": "markup", "smarty": "markup",
    "twig": "markup", "latte": "markup", "blade": "markup",
}  # fmt: skip

Entries = tuple[tuple[str, str, int], ...]


def read_other(content: bytes, kind: str, entries: Entries = (), *, php: bool = False) -> OtherFacts:
    """Everything that a file says besides PHP; never raises for any bytes.

    Args:
        content: Bytes of the file.
        kind: What its path says (`kinds.kind_of`).
        entries: Signatures of the browser's functions and elements; without them no page and no script is read.
        php: Whether there is PHP in it, so that only the pages in it are looked for.
    """
    apis = browser_apis(entries) if entries else None
    found = list(islice(_found(content, kind, apis, php=php), MAX_REMARKS + 1))
    cuts = {item.api for item in found if item.kind == "cut"}
    if len(found) > MAX_REMARKS:
        cuts.add("remarks")
    lines = _Lines(content)
    remarks = sorted({_remark(item, lines) for item in found[:MAX_REMARKS] if item.kind != "cut"})
    return OtherFacts(tuple(remarks), tuple(sorted(cuts)))


def _found(content: bytes, kind: str, apis: Apis | None, *, php: bool) -> Iterator[Found]:
    if apis is not None:
        if php:
            pieces = page_pieces(content)
            yield from read_browser(pieces, apis)
            yield from page_values(pieces)
            for offset, line in header_lines(content):
                yield from read_header(offset, line)
        elif kind in _BROWSER:
            yield from read_browser([Piece(_BROWSER[kind], content)], apis)
        elif kind == "map":
            yield from read_map(content)
        elif not kind:
            yield from read_browser(list(embedded_pieces(content)), apis)
    yield from read_executable(content)
    reader = _READERS.get(kind)
    if reader is not None:
        yield from reader(content)
    if kind in COMMAND_KINDS:
        yield from read_commands(content, kind)


_READERS: dict[str, Callable[[bytes], Iterable[Found]]] = {
    "server": read_server,
    "nginx": read_nginx,
    "iis": read_iis,
    "phpini": read_php_ini,
    "composer": read_composer,
    "composer-installed": read_installed,
    "npm": read_npm,
    "hook": read_hook,
    "ci": read_pipeline,
    "git": read_git,
    "sql": read_sql,
    "sqlphp": read_sql_in_php,
    "smarty": read_template,
    "twig": read_template,
    "latte": read_template,
    "blade": read_template,
}


class _Lines:
    """Lines of offsets."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts: list[int] | None = None

    def line(self, offset: int) -> int:
        """1-based."""
        if self._starts is None:
            self._starts = [0]
            position = self._content.find(b"\n")
            while position >= 0:
                self._starts.append(position + 1)
                position = self._content.find(b"\n", position + 1)
        return bisect_right(self._starts, offset)


def _remark(item: Found, lines: _Lines) -> Remark:
    address = normalise(item.address) if item.kind == "request" else item.address
    target, holes = _clean(address)
    start = max(item.start, 0)
    line = max(1, lines.line(start))
    end = max(line, lines.line(max(start, item.end - 1)))
    return Remark(
        start, line, min(end, line + 40), item.kind, item.api, target, holes, item.sends, item.text, item.grade
    )


def _clean(address: Text) -> tuple[str, tuple[str, ...]]:
    """The address without what no report can hold."""
    return address.text.encode("utf-8", "replace").decode("utf-8", "replace"), address.holes
