"""Extents: where the functions of a file begin and end, found on the masked source without a parser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from scanner.php.lexer import Lexed
from scanner.php.tokens import LABEL

_DEPTH = 12
"""Nesting up to which one expression finds the closing bracket; deeper braces are paired one by one."""


def _balanced(opening: bytes, closing: bytes) -> bytes:
    """A bracket up to its partner, at most `_DEPTH` levels deep, without backtracking."""
    run = b"[^" + opening + closing + b"]*+"
    inner = run
    for _ in range(_DEPTH):
        inner = run + b"(?:\\" + opening + inner + b"\\" + closing + run + b")*+"
    return b"\\" + opening + inner + b"\\" + closing


_PARAMS = re.compile(_balanced(b"(", b")"))
_BRACES = re.compile(_balanced(b"{", b"}"))
_ONLY_BRACES = re.compile(rb"(?:" + _BRACES.pattern + rb")*+")
_NOT_BRACES = bytes(byte for byte in range(256) if byte not in b"{}")
_BRACE = re.compile(rb"[{}]")
_FUNCTION = re.compile(rb"function(?=[\s(&])")
_FUNCTION_HEAD = re.compile(rb"function\s*+(?:&\s*+)?(" + LABEL + rb")?\s*+(?=\()")
_BEFORE_BODY = re.compile(rb"\s*+(?:use\s*+\([^()]*+\)\s*+)?(?::[\s\w\\|&?()\x80-\xff]*+)?([{;])")
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_$\\") | frozenset(range(128, 256))
_MEMBER = (b"->", b"::")


class Extent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One function, method or closure. Offsets are bytes of the file, half-open. Arrow functions have none."""

    name: bytes
    """Lower case; empty for a closure."""
    start: int
    """Offset of the word `function`."""
    params: tuple[int, int]
    """From `(` to behind `)`."""
    body: tuple[int, int] | None
    """From `{` to behind `}`; None when there is no body."""
    parent: int
    """Index of the innermost extent around it, or -1."""


class Extents(msgspec.Struct, frozen=True, gc=False):
    """The functions of a file in the order of their heads."""

    items: tuple[Extent, ...]
    ok: bool
    """False when brackets or heads do not add up: then `items` is empty."""


_UNSURE = Extents((), ok=False)


def functions(lexed: Lexed) -> Extents:
    """Every named function, method and closure of a file.

    Shape: in source order, so a `parent` has a lower index than its children. Never raises. Linear in the size.
    """
    if not lexed.ok:
        return _UNSURE
    code = lexed.masked.lower()
    braces = _Braces(code)
    if not braces.ok:
        return _UNSURE
    found: list[tuple[bytes, int, tuple[int, int], tuple[int, int] | None]] = []
    for start in _keywords(code):
        head = _FUNCTION_HEAD.match(code, start)
        if head is None:
            continue
        params = _PARAMS.match(code, head.end())
        before = _BEFORE_BODY.match(code, params.end()) if params else None
        if params is None or before is None or (before[1] == b";" and not head[1]):
            return _UNSURE
        opening = before.end() - 1
        body = (opening, braces.end(opening)) if before[1] == b"{" else None
        found.append((head[1] or b"", start, params.span(), body))
    return Extents(tuple(_nested(found)), ok=True)


class _Braces:
    """Closing braces of a file: by one expression where it reaches, else from a walk over all of them."""

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._pairs: dict[int, int] = {}
        self.ok = _ONLY_BRACES.fullmatch(code.translate(None, _NOT_BRACES)) is not None or self._walk()

    def _walk(self) -> bool:
        opened: list[int] = []
        for match in _BRACE.finditer(self._code):
            if match[0] == b"{":
                opened.append(match.start())
            elif not opened:
                return False
            else:
                self._pairs[opened.pop()] = match.end()
        return not opened

    def end(self, opening: int) -> int:
        """Offset behind the brace that closes the one at `opening`."""
        if self._pairs:
            return self._pairs[opening]
        match = _BRACES.match(self._code, opening)
        return match.end() if match else len(self._code)


def _keywords(code: bytes) -> Iterator[int]:
    """Offsets of `function` where it is the keyword, not part of a longer name, a variable or a member."""
    for match in _FUNCTION.finditer(code):
        start = match.start()
        if start and code[start - 1] in _WORD_BYTES:
            continue
        if not code[max(0, start - 64) : start].rstrip().endswith(_MEMBER):
            yield start


def _nested(found: Iterable[tuple[bytes, int, tuple[int, int], tuple[int, int] | None]]) -> Iterator[Extent]:
    """Add the parents, by one sweep in source order."""
    around: list[tuple[int, int]] = []
    """(end, index) of the open bodies."""
    for index, (name, start, params, body) in enumerate(found):
        while around and around[-1][0] <= start:
            around.pop()
        yield Extent(name, start, params, body, around[-1][1] if around else -1)
        if body:
            around.append((body[1], index))
