"""Pages in PHP files: the text around the code, and the strings of the code that hold markup, scripts or styles.

A PHP expression that prints leaves a mark in the text (`addresses.HOLE_MARK`), which is a word in every language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from scanner.files.pieces import Piece

_ENCLOSED = {
    b"'": rb"'(?:[^'\\]|\\.)*+(?:'|(?P<single>))",
    b'"': rb"\"(?:[^\"\\]|\\.)*+(?:\"|(?P<double>))",
    b"/": rb"/\*(?:.*?\*/|(?P<comment>))",
}
"""What has an end, by its first byte; a group tells that it has none."""
_TOKEN = (
    rb"<\?(?:php(?![\w])|=|(?!xml))|\?>|//(?:[^\r\n?]|\?(?!>))*+|#(?!\[)(?:[^\r\n?]|\?(?!>))*+"
    rb"|<<<[ \t]*+(?P<quote>[\"']?)(?P<label>[A-Za-z_]\w*+)(?P=quote)\r?\n|[;{}()\[\]]"
)
_MARKUP = re.compile(
    rb"<(?:script|img|iframe|frame|link|form|object|embed|video|audio|source|meta|base|style|input|body)\b"
    rb"|\bfetch\(|sendBeacon|XMLHttpRequest|\.src\s*=|\$\.(?:ajax|get|post)|url\(|location\.",
    re.IGNORECASE,
)
_SIMPLE = re.compile(rb"\{\$[^{}]{1,200}\}|\$\w+(?:\[[^\]\s]{1,60}\]|->\w+)?|\$\{\w+\}")
_HEADER = re.compile(rb"\bheader\s*\(\s*(?:'([^'\\]{1,4000})'|\"([^\"\\]{1,4000})\")", re.IGNORECASE)
_PRINTS = re.compile(rb"\s*+(?:echo|print)\b", re.IGNORECASE)
_OPEN = re.compile(rb"<\?(?:php(?!\w)|=|(?!xml)(?=[\s$]))", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(?:([\\\"'$/])|([nrt])|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u\{([0-9a-fA-F]{1,6})\})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_MARKS = 36**4


class _String(NamedTuple):
    """One string of a statement."""

    start: int
    end: int
    depth: int
    """Brackets around it."""
    quote: bytes


class _Text:
    """A text that is put together, and where its parts come from."""

    def __init__(self, expressions: list[str]) -> None:
        self._expressions = expressions
        self.text = bytearray()
        self.spots: list[tuple[int, int]] = []

    def add(self, part: bytes, offset: int) -> None:
        """A part as it stands in the file."""
        self.spots.append((len(self.text), offset))
        self.text += part

    def mark(self, expression: bytes, offset: int) -> None:
        """A PHP expression of which the value is not known."""
        number = min(len(self._expressions), _MAX_MARKS - 1)
        self._expressions.append(expression.decode("utf-8", "replace").strip()[:120])
        digits = ""
        for _ in range(4):
            number, rest = divmod(number, 36)
            digits = _DIGITS[rest] + digits
        self.add(f"zq{digits}q".encode(), offset)

    def interpolated(self, content: bytes, string: _String) -> None:
        """A string, its variables marked and its escapes decoded."""
        body = content[string.start : string.end]
        if string.quote == b"'":
            self.add(body.replace(b"\\'", b"'").replace(b"\\\\", b"\\"), string.start)
            return
        position = 0
        for match in _SIMPLE.finditer(body):
            self.add(_ESCAPE.sub(_character, body[position : match.start()]), string.start + position)
            self.mark(match[0], string.start + match.start())
            position = match.end()
        self.add(_ESCAPE.sub(_character, body[position:]), string.start + position)


def page_pieces(content: bytes) -> list[Piece]:
    """The page that the file prints as far as it stands in its text, and each string with markup in it.

    All pieces share one list of expressions.
    """
    if b"<?" not in content or not (_MARKUP.search(content) or b"//" in content):
        return []
    expressions: list[str] = []
    page = _Text(expressions)
    texts: list[_Text] = []
    unclosed: set[bytes] = set()
    position = 0
    while (opening := _OPEN.search(content, position)) is not None:
        page.add(content[position : opening.start()], position)
        end = _code(content, opening.end(), texts, expressions, unclosed)
        code = content[opening.end() : end].removesuffix(b"?>")
        if opening[0].endswith(b"=") or _PRINTS.match(code):
            page.mark(re.sub(rb"\A\s*(?:echo|print)\s+", b"", code).rstrip(b"; \r\n\t"), opening.start())
        else:
            page.add(b"\n" if b"\n" in code else b" ", opening.start())
        position = end
    page.add(content[position:], position)
    chosen = [item for item in (page, *texts) if _MARKUP.search(item.text)]
    marks = tuple(expressions)
    return [
        Piece("markup" if b"<" in item.text else "script", bytes(item.text), expressions=marks, spots=tuple(item.spots))
        for item in chosen
    ]


@cache
def _tokens(unclosed: frozenset[bytes]) -> re.Pattern[bytes]:
    """Pattern of a token; without those that have no end where it was seen that none ends any more."""
    enclosed = [pattern for first, pattern in _ENCLOSED.items() if first not in unclosed]
    return re.compile(b"|".join((_TOKEN, *enclosed)), re.DOTALL | re.IGNORECASE)


def _code(content: bytes, position: int, texts: list[_Text], expressions: list[str], unclosed: set[bytes]) -> int:
    """Read code up to its closing tag; the end of it. `unclosed`: first bytes of what ends nowhere from here on."""
    strings: list[_String] = []
    depth = 0
    while (match := _tokens(frozenset(unclosed)).search(content, position)) is not None:
        token, position = match[0], match.end()
        if match.lastgroup in ("single", "double", "comment"):
            unclosed.add(token[:1])
            position = match.start() + 1
            continue
        if token == b"?>":
            break
        if token in (b";", b"{", b"}"):
            _flush(content, strings, texts, expressions)
            strings, depth = [], 0
        elif token in (b"(", b"["):
            depth += 1
        elif token in (b")", b"]"):
            depth -= 1
        elif token[:1] in (b"'", b'"'):
            strings.append(_String(match.start() + 1, match.end() - 1, depth, token[:1]))
        elif token.startswith(b"<<<"):
            closing = re.compile(rb"^[ \t]*+" + match["label"] + rb"(?!\w)", re.MULTILINE).search(content, position)
            end = closing.start() if closing else len(content)
            strings.append(_String(position, end, depth, match["quote"] or b'"'))
            position = closing.end() if closing else len(content)
    else:
        position = len(content)
    _flush(content, strings, texts, expressions)
    return position


def _flush(content: bytes, strings: list[_String], texts: list[_Text], expressions: list[str]) -> None:
    """The strings of one statement as one text; what is joined between them leaves a mark."""
    first = next((item for item in strings if _MARKUP.search(content, item.start, item.end)), None)
    if first is None:
        return
    text = _Text(expressions)
    before: _String | None = None
    for string in strings:
        if string.depth > first.depth:
            continue  # inside of an expression: a key, an argument
        if before is not None:
            between = content[before.end : string.start].strip(b"'\" \t\r\n")
            joined = between.strip(b". \t\r\n,")
            if joined:
                text.mark(joined, before.end)
            elif b"," in between:
                text.add(b"\n", before.end)
        text.interpolated(content, string)
        before = string
    texts.append(text)


def _character(match: re.Match[bytes]) -> bytes:
    """The bytes of an escape sequence in a string of PHP."""
    plain, blank, code, octal, point = match.groups()
    if plain is not None:
        return plain
    if blank is not None:
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}[blank]
    if point is not None:
        number = int(point, 16)
        return chr(number).encode("utf-8", "replace") if number <= 0x10FFFF else b"?"  # noqa: PLR2004
    return bytes([int(code, 16) if code is not None else int(octal, 8) & 0xFF])


def header_lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Response headers that are literals: offset and line."""
    for match in _HEADER.finditer(content):
        yield match.start(), (match[1] or match[2]).decode("utf-8", "replace")
