"""Masks: what one token of a PHP file looks like when everything but code is blanked."""

from __future__ import annotations

import re

from scanner.php.tokens import VISIBLE

_BLANK = bytes(byte if byte in b"\r\n" else 32 for byte in range(256))
_BLANK_BUT_NUL = b"\0" + _BLANK[1:]
_PLAIN_STRING = re.compile(rb"'[^']*+'")
_QUOTE, _APOSTROPHE, _SLASH, _HASH, _QUESTION, _BACKTICK = b"\"'/#?`"
_COMMENT = frozenset((_SLASH, _HASH))


def blank(region: bytes) -> bytes:
    """As many blanks as the region has bytes; line ends are kept."""
    return region.translate(_BLANK)


def is_comment(token: bytes) -> bool:
    """Whether a token (not plain code) is a comment."""
    return token[0] in _COMMENT


def mask_token(token: bytes) -> bytes:
    """A flat token with only its code visible, in its own length.

    Strings get `"` at both ends, backticks stay, comments vanish, template text keeps the tags around it, a heredoc
    keeps `<<<`. Interpolated variables and expressions stay.
    """
    kind = token[0]
    if kind == _APOSTROPHE or (kind == _QUOTE and b"$" not in token):
        return b'"%b"' % token[1:-1].translate(_BLANK)
    if kind in _COMMENT:
        return token.translate(_BLANK)
    if kind in (_QUOTE, _BACKTICK):
        return token[:1] + mask_prose(token[1:-1]) + token[-1:]
    if kind == _QUESTION:
        return _mask_text(token)
    head = len(token) - len(token[3:].lstrip(b" \t"))
    nowdoc = token[head : head + 1] == b"'"
    return b"<<<" + (blank(token[3:]) if nowdoc else mask_prose(token[3:]))


def mask_tokens(tokens: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Each flat token masked, and each comment blanked: as `mask_token` and `blank`, for a whole file at once.

    Joined by NUL all tokens are blanked in one go; one blank on either side of a NUL becomes the quotes.
    """
    joined = b" \0%b\0 " % b"\0".join(tokens)
    blanked = joined.translate(_BLANK_BUT_NUL)
    blanks = blanked.split(b"\0")[1:-1]
    quoted = blanked.replace(b" \0 ", b'"\0"').split(b"\0")[1:-1]
    if len(blanks) != len(tokens) or b"#" in tokens:
        return [mask_token(token) for token in tokens], [blank(t) if is_comment(t) else t for t in tokens]
    masked = [
        string
        if token[0] == _APOSTROPHE or (token[0] == _QUOTE and b"$" not in token)
        else comment
        if token[0] in _COMMENT
        else mask_token(token)
        for token, comment, string in zip(tokens, blanks, quoted, strict=True)
    ]
    plain = [comment if token[0] in _COMMENT else token for token, comment in zip(tokens, blanks, strict=True)]
    return masked, plain


def mask_prose(content: bytes) -> bytes:
    """Content of an interpolated string with only its variables and `{$...}` visible."""
    masked = bytearray(blank(content))
    for match in VISIBLE.finditer(content):
        if match[1]:
            masked[match.start() : match.end()] = _PLAIN_STRING.sub(_blank_string, match[1])
    return bytes(masked)


def _blank_string(match: re.Match[bytes]) -> bytes:
    return b'"%b"' % blank(match[0][1:-1])


def _mask_text(token: bytes) -> bytes:
    tail = 3 if token.endswith(b"<?=") else 5 if token[-5:].lower() == b"<?php" else 0
    end = len(token) - tail
    return b"?>" + blank(token[2:end]) + token[end:]
