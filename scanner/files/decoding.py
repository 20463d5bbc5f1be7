"""Decoders that scripts are known to use, on texts that are known."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable

MAX_DECODED = 200_000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]*+\Z")


def unescape(sequence: str) -> str:
    """The character of an escape sequence of JavaScript."""
    body = sequence[1:]
    if body[:1] in ("x", "u"):
        digits = body[1:].strip("{}")
        try:
            number = int(digits, 16)
        except ValueError:
            return body
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "?"  # noqa: PLR2004
    if body.isdigit() and body != "0" and len(body) > 1:
        return chr(int(body, 8) & 0xFF) if all(digit in "01234567" for digit in body) else body
    return _ESCAPES.get(body, "" if body in ("\n", "\r\n", "\r") else body)


def from_base64(text: str) -> str | None:
    """`atob`: one character per byte, read as UTF-8 where it is."""
    if not _BASE64.match(text) or len(text) > MAX_DECODED:
        return None
    plain = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        octets = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets.decode("utf-8", "replace") if octets.isascii() else octets.decode("latin-1")


def percent(text: str) -> str:
    """`unescape`, with its `%uXXXX`."""
    return _PERCENT_U.sub(lambda match: chr(int(match[1] or match[2], 16)), text)


def from_codes(*codes: str) -> str | None:
    """`String.fromCharCode`."""
    found: list[str] = []
    for code in codes:
        try:
            number = int(code, 0)
        except ValueError:
            return None
        found.append(chr(number & 0xFFFF) if not 0xD800 <= number & 0xFFFF <= 0xDFFF else "?")  # noqa: PLR2004
    return "".join(found)


def from_hex(text: str) -> str | None:
    """Pairs of hexadecimal digits."""
    try:
        return bytes.fromhex(text).decode("utf-8", "replace")
    except ValueError:
        return None


def _same(text: str, *_rest: str) -> str:
    return text


def _replace(text: str, old: str = "", new: str = "") -> str:
    return text.replace(old, new) if old and len(text) < MAX_DECODED and len(new) < 1000 else text  # noqa: PLR2004


def _joined(*texts: str) -> str:
    return "".join(texts)[:MAX_DECODED]


CALLS: dict[str, Callable[..., str | None]] = {
    "atob": from_base64,
    "unescape": percent,
    "decodeURIComponent": urllib.parse.unquote,
    "decodeURI": urllib.parse.unquote,
    "String.fromCharCode": from_codes,
    "String": _same,
    "encodeURI": _same,
    "escape": _same,
    "encodeURIComponent": lambda text: urllib.parse.quote(text, safe="!'()*~"),
}
METHODS: dict[str, Callable[..., str | None]] = {
    "toString": _same,
    "trim": str.strip,
    "toLowerCase": str.lower,
    "concat": _joined,
    "replace": _replace,
    "replaceAll": _replace,
}
DECODERS = re.compile(
    rb"\b(?:atob|unescape|fromCharCode|fromCodePoint|charCodeAt|decodeURIComponent|TextDecoder|parseInt)\b"
)
"""Names that show that a script decodes something."""
