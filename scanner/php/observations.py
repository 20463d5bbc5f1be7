"""Observations about the bytes of a PHP file that do not need its syntax: characters that mislead a reader."""

from __future__ import annotations

import re

import msgspec

LONG_LINE = 5_000
"""Bytes from which a line counts as long."""
FAR_RIGHT = 200
"""Blanks before code on its line from which the code counts as pushed out of sight."""
_PROBE = 25
_PROBED_RUN = b" " * (FAR_RIGHT // _PROBE)
_TO_BLANK = bytes(32 if byte == 9 else byte for byte in range(256))  # noqa: PLR2004  9 is the tab
_BIDI = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")
_INVISIBLE = re.compile(
    rb"\xe2(?:\x80[\x80-\x8f\xa8-\xaf]|\x81[\x9f-\xaf]|\xa0\x80)|\xef(?:\xbb\xbf|\xbe\xa0|\xbf[\xb0-\xbb]|\xb8[\x80-\x8f])"
    rb"|\xc2[\x80-\xa0\xad]|\xd8\x9c|\xe1(?:\x9a\x80|\xa0[\x8b-\x8f]|\x85[\x9f\xa0]|\x9e[\xb4\xb5])"
    rb"|\xe3(?:\x80\x80|\x85\xa4)|\xf3\xa0[\x80-\x87][\x80-\xbf]"
)
_BLANKS = re.compile(rb"[ \t]*+")
_MAX_NOTES = 50
_MARKS_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"


class Note(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One observation."""

    line: int
    """1-based."""
    kind: str
    """`bidi-character invisible-character long-line far-right-code nul-byte utf-16 invalid-utf-8`."""


def observe(source: bytes, masked: bytes) -> tuple[Note, ...]:
    """Observations in order of lines, at most `_MAX_NOTES` of a kind.

    Bidirectional controls count anywhere, other invisible characters only in code (`masked`, same length).
    """
    found = [*_long_lines(source), *_far_right(source, masked)]
    if source.startswith(_MARKS_UTF16):
        found.append(("utf-16", 0))
    if b"\0" in source:
        found.append(("nul-byte", source.index(b"\0")))
    if not source.isascii():
        found += _characters(source, masked)
    return tuple(sorted({Note(source.count(b"\n", 0, offset) + 1, kind) for kind, offset in found}))


def _characters(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    found = [("bidi-character", match.start()) for match in _first(_BIDI, source)]
    if not masked.isascii():
        start = len(_UTF8_BOM) if source.startswith(_UTF8_BOM) else 0
        found += [("invisible-character", match.start()) for match in _first(_INVISIBLE, masked, start)]
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        found.append(("invalid-utf-8", error.start))
    return found


def _first(pattern: re.Pattern[bytes], buffer: bytes, start: int = 0) -> list[re.Match[bytes]]:
    return [match for match, _ in zip(pattern.finditer(buffer, start), range(_MAX_NOTES), strict=False)]


def _long_lines(source: bytes) -> list[tuple[str, int]]:
    """Jump from line end to line end, at most `LONG_LINE` bytes at a time, instead of reading every line."""
    found: list[tuple[str, int]] = []
    start = 0
    while len(source) - start > LONG_LINE and len(found) < _MAX_NOTES:
        end = source.rfind(b"\n", start, start + LONG_LINE + 1)
        if end < 0:
            found.append(("long-line", start))
            end = source.find(b"\n", start)
            if end < 0:
                break
        start = end + 1
    return found


def _far_right(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    """A run of blanks is at least `FAR_RIGHT` long if enough probes in a row, `_PROBE` bytes apart, are blank."""
    probes = source[::_PROBE].translate(_TO_BLANK)
    found: list[tuple[str, int]] = []
    probe = probes.find(_PROBED_RUN)
    while probe >= 0 and len(found) < _MAX_NOTES:
        first = probe * _PROBE
        end = _end_of_blanks(source, first)
        before = source[max(0, first - _PROBE) : first]
        start = first - len(before) + len(before.rstrip(b" \t"))
        if end - start > FAR_RIGHT and masked[end : end + 1].strip():
            found.append(("far-right-code", end))
        probe = probes.find(_PROBED_RUN, max(end // _PROBE, probe + 1))
    return found


def _end_of_blanks(source: bytes, position: int) -> int:
    match = _BLANKS.match(source, position)
    return match.end() if match else position
