"""Lexer: which bytes of a PHP file are code, comment, string content or template text.

It decides what later stages may leave unread, so it follows PHP's own scanner exactly. Where a file leaves room for
another reading (short tags, unterminated tokens, an encoding declaration) it says so: `ok` is False.
"""

from __future__ import annotations

import re

import msgspec

from scanner.php.masks import blank, mask_tokens
from scanner.php.nesting import NestedReader
from scanner.php.observations import Note, observe
from scanner.php.tokens import HALT, HALT_END, MEMBER_ATTRIBUTE, MEMBER_HALT, OPEN, PARTIAL, TEXT, TOKEN, TOKEN_OR_REST

_STRIDE = TOKEN_OR_REST.groups + 1
_DECLARE = re.compile(rb"declare\s*+\([^()]*+")
_SHEBANG_WITH_CODE = re.compile(rb"#![^\r\n]*<\?")
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$\\") | frozenset(
    range(128, 256)
)

_WORDS_AND_SPACE = bytes(sorted(_WORD_BYTES)) + b" \t\r\n\f\v"
_SPACE_FOR_SIGNS = bytes(byte if byte in _WORD_BYTES else 0x20 for byte in range(256))


class Lexed(msgspec.Struct, frozen=True, gc=False):
    """A PHP file with everything but code blanked. All buffers have the length of the source."""

    source: bytes
    masked: bytes
    """Code as written. Comments, template text and the content of strings are blanks, line ends are kept. Every
    string has `"` at both ends whatever its own quotes are, backticks stay, a heredoc keeps `<<<`, tags stay.
    Variables and expressions inside strings stay, with their braces."""
    uncommented: bytes
    """The source with comments, and what follows `__halt_compiler();`, blanked. Where it differs from `masked`
    it shows the content of strings and template text."""
    ok: bool
    """False when PHP might read the file in another way: then the masks decide nothing."""
    has_php: bool
    halt: int | None
    """Offset behind `__halt_compiler();`, where PHP stops reading."""
    notes: tuple[Note, ...]


def code_size(code: bytes) -> int:
    """Words and signs of code. `code`: without comments."""
    return len(code.translate(None, _WORDS_AND_SPACE)) + len(code.translate(_SPACE_FOR_SIGNS).split())


def lex(source: bytes) -> Lexed:
    """Code of a PHP file, as PHP 8 reads it.

    Shape: buffers as long as the source, line ends in place. Never raises. Linear in the size of the source.
    Source: `Zend/zend_language_scanner.l`.
    """
    masked, uncommented, ok = _mask(source)
    halt = None
    if (word := _halt_word(masked)) is not None:
        end = HALT_END.match(masked, word)
        halt = end.end() if end else None
        ok = False
    if halt is not None:
        masked, uncommented, ok = _mask(source[:halt])
        data = blank(source[halt:])
        masked, uncommented = masked + data, uncommented + data
    ok = ok and not _may_be_read_otherwise(source, masked)
    return Lexed(source, masked, uncommented, ok, b"<?" in masked, halt, observe(source, masked))


def line_of(source: bytes, offset: int) -> int:
    """1-based line of an offset; lines end with a line feed."""
    return source.count(b"\n", 0, offset) + 1


def _mask(source: bytes) -> tuple[bytes, bytes, bool]:
    """(masked, uncommented, ok). Flat tokens are split off at once, the rest of the file needs a stack."""
    text = TEXT.match(source)
    start = text.end() if text else 0
    if start == len(source):
        return blank(source), source, True
    opened = OPEN.match(source, start)
    if opened is None:
        return _read_nested(source, [], [], 0, in_text=True)
    pieces = TOKEN_OR_REST.split(source[opened.end() :])
    tokens = pieces[1::_STRIDE]
    rest = len(tokens[-1]) if tokens and not pieces[-1] and _is_nested(tokens[-1]) else 0
    if rest:
        del pieces[-_STRIDE:], tokens[-1]
    masks, plain = mask_tokens(tokens)
    mixed = [b""] * (2 * len(tokens) + 1)
    mixed[::2] = pieces[::_STRIDE]
    mixed[1::2] = masks
    masked = [blank(source[:start]), opened[0], *mixed]
    mixed[1::2] = plain
    uncommented = [source[: opened.end()], *mixed]
    if rest:
        return _read_nested(source, masked, uncommented, len(source) - rest, in_text=False)
    return b"".join(masked), b"".join(uncommented), True


def _is_nested(token: bytes) -> bool:
    """Whether the last token is the rest of a file behind a mark, and not a whole token."""
    match = TOKEN.match(token)
    return match is None or (match[0] in PARTIAL and token != b"?>")


def _read_nested(
    source: bytes, masked: list[bytes], uncommented: list[bytes], position: int, *, in_text: bool
) -> tuple[bytes, bytes, bool]:
    reader = NestedReader(source)
    reader.read(position, in_text=in_text)
    return b"".join((*masked, *reader.masked)), b"".join((*uncommented, *reader.uncommented)), reader.ok


def _halt_word(masked: bytes) -> int | None:
    """Offset behind the first `__halt_compiler` that is the keyword, not part of a name or a property."""
    found = [match.span() for match in HALT.finditer(masked)]
    members = {match.end() for match in MEMBER_HALT.finditer(masked)} if found else set()
    for start, end in found:
        if start not in members and masked[start - 1] not in _WORD_BYTES:
            return end
    return None


def _may_be_read_otherwise(source: bytes, masked: bytes) -> bool:
    """Whether settings of the server decide how the file reads: encodings, a first line that some SAPIs skip."""
    return (
        (b"\0" in source)
        or source.startswith((b"\xff\xfe", b"\xfe\xff"))
        or (source.startswith(b"#!") and _SHEBANG_WITH_CODE.match(source) is not None)
        or (b"#[" in masked and MEMBER_ATTRIBUTE.search(masked) is not None)
        or any(b"encoding" in declaration for declaration in _DECLARE.findall(masked.lower()))
    )
