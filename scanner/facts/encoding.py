"""PHP code in wide encodings: PHP runs it where `zend.multibyte` is on, and an editor shows it like any other code.

Source: `zend_multibyte_detect_unicode` in PHP's `Zend/zend_language_scanner.l`: a byte order mark, or NUL bytes.
"""

from __future__ import annotations

from scanner.files.templates import compiled

_WIDTHS = {"utf-32-le": 4, "utf-32-be": 4, "utf-16-le": 2, "utf-16-be": 2}
"""Encoding -> bytes of a unit. Text of one byte order holds the byte patterns of the other, one byte further on."""
_TAGS = ("<?php", "<?PHP", "<?Php", "<?=", "<? ", "<?\n", "<?\r\n")


def wide_encoding(content: bytes) -> str:
    """Encoding of a file whose PHP tags are written in UTF-16 or UTF-32; an empty text for all other files."""
    if b"\0" not in content:
        return ""
    for encoding, width in _WIDTHS.items():
        if any(_holds(content, tag.encode(encoding), width) for tag in _TAGS):
            return encoding
    return ""


def _holds(content: bytes, tag: bytes, width: int) -> bool:
    """Whether a tag begins at a whole number of units."""
    position = content.find(tag)
    while position != -1:
        if position % width == 0:
            return True
        position = content.find(tag, position + 1)
    return False


def as_php(content: bytes) -> bytes:
    """The bytes that the front end reads: the file's own, or its text in UTF-8 when it is in a wide encoding.

    Every stage that reads a file again must use `front_end_text`: offsets in facts count the bytes that it gives.
    """
    encoding = wide_encoding(content)
    return content.decode(encoding, "replace").encode() if encoding else content


def front_end_text(content: bytes, kind: str) -> bytes:
    """The bytes that the front end reads of a file of some kind (`files.kinds.kind_of`): a template is compiled."""
    return compiled(as_php(content), kind)
