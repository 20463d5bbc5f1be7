"""Text transformations of AWS WAF, as far as they are documented well enough to repeat.

Source: AWS WAF Developer Guide, "Using text transformations in AWS WAF".
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from scanner.protect.wafv2.readings import Reading

Transform = Callable[[bytes, Reading], bytes]
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_UNICODE_ESCAPE = re.compile(rb"%[uU]([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})?")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BAD_UNICODE_ESCAPE = re.compile(rb"%(?!(?:[uU][0-9A-Fa-f]{2})?[0-9A-Fa-f]{2})")
_SLASHES = re.compile(rb"/{2,}")
_BLANKS = re.compile(rb"[ \f\t\n\r\v\xa0]+")
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_FULL_WIDTH_SHIFT = 0x20
_BYTE = 0xFF


class NotModelled(Exception):  # noqa: N818  not an error: the result is "cannot tell"
    """Something whose effect is not known well enough."""


def apply(value: bytes, names: tuple[str, ...], reading: Reading) -> bytes:
    """The value after these transformations in this order. Raises: NotModelled for one that is not modelled."""
    for name in names:
        if name not in _TRANSFORMS:
            raise NotModelled(name)
        value = _TRANSFORMS[name](value, reading)
    return value


def _url_decode(value: bytes, reading: Reading) -> bytes:
    if reading.plus_is_blank:
        value = value.replace(b"+", b" ")
    if reading.bad_escape_stops and _BAD_ESCAPE.search(value):
        return value
    return _ESCAPE.sub(lambda found: _decoded(found[1], reading), value)


def _decoded(digits: bytes | None, reading: Reading) -> bytes:
    if digits is None:
        return b"" if reading.bad_escape_dropped else b"%"
    return bytes([int(digits, 16)])


def _url_decode_uni(value: bytes, reading: Reading) -> bytes:
    """As URL_DECODE, with `%uXXXX`: full-width forms become ASCII, of others only the lower byte is kept."""
    if reading.plus_is_blank:
        value = value.replace(b"+", b" ")
    if reading.bad_escape_stops and _BAD_UNICODE_ESCAPE.search(value):
        return value
    return _UNICODE_ESCAPE.sub(lambda found: _wide(found, reading), value)


def _wide(found: re.Match[bytes], reading: Reading) -> bytes:
    if found[1] is None:
        return _decoded(found[2], reading)
    code = int(found[1], 16)
    low = code & _BYTE
    return bytes([low + _FULL_WIDTH_SHIFT if code in _FULL_WIDTH else low])


def _normalize_path(value: bytes, _reading: Reading) -> bytes:
    """Without multiple slashes, `.` segments, and `..` segments that are not at the beginning."""
    parts: list[bytes] = []
    segments = _SLASHES.sub(b"/", value).split(b"/")
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == b".":
            parts += [b""] * last
        elif segment == b".." and parts and parts[-1] not in (b"", b".."):
            parts.pop()
            parts += [b""] * last
        else:
            parts.append(segment)
    return b"/".join(parts)


_TRANSFORMS: dict[str, Transform] = {
    "NONE": lambda value, _reading: value,
    "LOWERCASE": lambda value, _reading: value.lower(),
    "URL_DECODE": _url_decode,
    "URL_DECODE_UNI": _url_decode_uni,
    "NORMALIZE_PATH": _normalize_path,
    "NORMALIZE_PATH_WIN": lambda value, reading: _normalize_path(value.replace(b"\\", b"/"), reading),
    "COMPRESS_WHITE_SPACE": lambda value, _reading: _BLANKS.sub(b" ", value),
    "REMOVE_NULLS": lambda value, _reading: value.replace(b"\0", b""),
    "REPLACE_NULLS": lambda value, _reading: value.replace(b"\0", b" "),
    "HTML_ENTITY_DECODE": lambda value, _reading: html.unescape(value.decode("latin-1")).encode("utf-8"),
}
