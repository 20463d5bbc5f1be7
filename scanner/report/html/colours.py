"""Syntax colours of excerpts: lines as flat lists `[class, text, class, text, ...]`, classes of one letter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath
from textwrap import dedent

from pygments.lexer import Lexer
from pygments.lexers.css import CssLexer
from pygments.lexers.html import HtmlLexer
from pygments.lexers.javascript import JavascriptLexer
from pygments.lexers.php import PhpLexer
from pygments.token import Comment, Keyword, Name, Number, String, Token, _TokenType

from scanner.report.escape import clip, spelled_parts

LINES = 40
LINE_LIMIT = 400
_CLASSES = (
    (Comment, "c"),
    (String, "s"),
    (Keyword, "k"),
    (Name.Variable, "v"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Builtin, "f"),
    (Name.Tag, "k"),
    (Name.Attribute, "v"),
    (Number, "n"),
)
HIDDEN = "x"
"""Class of a spelled character: controls, marks of direction, letters without a glyph."""
_BY_SUFFIX = {".js": "js", ".mjs": "js", ".ts": "js", ".css": "css", ".html": "html", ".htm": "html", ".svg": "html"}

Line = list[str]


def coloured(excerpt: Sequence[str], path: str) -> list[Line]:
    """Lines of an excerpt without their common indentation.

    Shape: as many lines as given, at most `LINES`; joined, the texts of a line are its spelled text.
    """
    kept = [clip(line.replace("\n", "\r").expandtabs(4), LINE_LIMIT) for line in excerpt[:LINES]]
    language = _BY_SUFFIX.get(PurePosixPath(path).suffix.lower(), "php")
    if language == "php" and kept and kept[0].lstrip().startswith("<"):
        language = "page"
    return [list(line) for line in _tokens(dedent("\n".join(kept)), language)] if kept else []


@lru_cache(maxsize=4096)
def _tokens(text: str, language: str) -> tuple[tuple[str, ...], ...]:
    plain = (
        len(list(spelled_parts(text.replace("\n", "")))) <= 1
    )  # most excerpts hide nothing: look once, not per token
    lines: list[Line] = [[]]
    for _, kind, value in _lexer(language).get_tokens_unprocessed(text):
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            for piece, hidden in ((part, False),) if plain else spelled_parts(part):
                if piece:
                    _append(lines[-1], HIDDEN if hidden else _class(kind), piece)
    return tuple(tuple(line) for line in lines)


@cache
def _class(kind: _TokenType) -> str:
    return next((name for known, name in _CLASSES if kind in known), "") if kind is not Token else ""


@cache
def _lexer(language: str) -> Lexer:
    lexers = {"js": JavascriptLexer, "css": CssLexer, "html": HtmlLexer}
    if language in lexers:
        return lexers[language]()
    return PhpLexer(startinline=language == "php")


def _append(line: Line, kind: str, text: str) -> None:
    """Add a piece to the line; neighbours of one class become one piece."""
    if line and line[-2] == kind:
        line[-1] += text
    else:
        line += [kind, text]
