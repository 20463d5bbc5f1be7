"""Observations about the bytes of a PHP file that do not need its syntax: characters that mislead a reader."""

from __future__ import annotations

import re

import msgspec

from scanner.php.lookalikes import mixes_scripts

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
_OPENING = re.compile(rb"\xe2(?:\x80[\xaa\xab\xad\xae]|\x81[\xa6-\xa8])")
_CLOSING = re.compile(rb"\xe2(?:\x80\xac|\x81\xa9)")
_ENTRY = re.compile(
    rb"\s*+(['\"])\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])\1\s*+(?:=>\s*+(['\"])[^'\"\\]{0,8}\2)?\s*+,?\s*+"
)
"""A line of a table of characters: one control alone, and at most what stands for it: nothing to be reordered."""
_WORD = re.compile(rb"(?<![\w\x80-\xff])\w*+[\x80-\xff][\w\x80-\xff]*+")
_ENCODED = re.compile(rb"[A-Za-z0-9+/=]{1500,}+")
_BLANK_LINES = 60
"""Blank lines in a row from which the code after them counts as pushed out of sight."""
_SPACE = re.compile(rb"\s*+")
_NEAR = 600
"""Bytes around a closing tag in which the rest of its line is looked for."""
_LOADER = re.compile(
    rb"\bsg_load\s*\(|\b_il_exec\s*\(|@?\bZend;|\bphpshield_load\s*\(|\bioncube_read_file\s*\("
    rb"|\bphp_express\s*\(|\bbcompiler_(?:load|read)\s*\(",
    re.IGNORECASE,
)
_LOADER_DATA = (b"extension_loaded('ionCube Loader')", b"\nHR+c", b"//ICB0", b"<?php //00")
_BLANKS = re.compile(rb"[ \t]*+")
_MAX_NOTES = 50
_MARKS_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"


class Note(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One observation."""

    line: int
    """1-based."""
    kind: str
    """`bidi-character bidi-balanced invisible-character mixed-script long-line far-right-code code-between-comments
    code-after-blank-lines tag-in-comment encoded-literal loader nul-byte utf-16 invalid-utf-8`."""


def observe(source: bytes, masked: bytes) -> tuple[Note, ...]:
    """Observations in order of lines, at most `_MAX_NOTES` of a kind.

    Bidirectional controls count anywhere, other invisible characters only in code (`masked`, same length).
    """
    found = [*_long_lines(source), *_far_right(source, masked), *_between_comments(source, masked)]
    found += [*_after_blank_lines(source, masked), *_tags_in_comments(source, masked), *_loaders(source, masked)]
    found += [("encoded-literal", match.start()) for match in _first(_ENCODED, source)]
    if source.startswith(_MARKS_UTF16):
        found.append(("utf-16", 0))
    if b"\0" in source:
        found.append(("nul-byte", source.index(b"\0")))
    if not source.isascii():
        found += _characters(source, masked)
    return tuple(sorted({Note(source.count(b"\n", 0, offset) + 1, kind) for kind, offset in found}))


def _characters(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    found = [_bidirectional(source, match.start()) for match in _first(_BIDI, source)]
    if not masked.isascii():
        start = len(_UTF8_BOM) if source.startswith(_UTF8_BOM) else 0
        found += [("invisible-character", match.start()) for match in _first(_INVISIBLE, masked, start)]
        found += [("mixed-script", match.start()) for match in _first(_WORD, masked) if _mixes_scripts(match[0])]
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        found.append(("invalid-utf-8", error.start))
    return found


def _bidirectional(source: bytes, position: int) -> tuple[str, int]:
    """Controls that are closed on their line show text of another direction; open ones reorder what follows.

    A character alone in its literal is an entry of a table.
    """
    start = source.rfind(b"\n", 0, position) + 1
    end = source.find(b"\n", position)
    line = source[start : end if end >= 0 else len(source)][:LONG_LINE]
    balanced = len(_OPENING.findall(line)) == len(_CLOSING.findall(line)) or _ENTRY.fullmatch(line) is not None
    return ("bidi-balanced" if balanced else "bidi-character", position)


def _mixes_scripts(word: bytes) -> bool:
    """Whether a name is made of letters of several scripts, some of which look like Latin ones."""
    try:
        return mixes_scripts(word.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _between_comments(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    """Code on a line that begins in one comment of several lines and ends in the next. Looks once at each line."""
    found: list[tuple[str, int]] = []
    position = source.find(b"*/")
    while position >= 0 and len(found) < _MAX_NOTES:
        stop = source.find(b"\n", position)
        stop = stop if stop >= 0 else len(source)
        again = source.rfind(b"/*", position + 2, stop)
        code = masked[position + 2 : again].strip() if again >= 0 else b""
        line = source.rfind(b"\n", 0, position) + 1
        hidden = code and not masked[line : position + 2].strip() and not masked[again:stop].strip()
        if hidden and source.find(b"/*", line, position) < 0 and source.find(b"*/", again, stop) < 0:
            found.append(("code-between-comments", position + 2))
        position = source.find(b"*/", stop)
    return found


def _after_blank_lines(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    """Code behind so many blank lines that the file seems to have ended."""
    found: list[tuple[str, int]] = []
    for run in (b"\n" * _BLANK_LINES, b"\r\n" * _BLANK_LINES):
        position = source.find(run)
        while position >= 0 and len(found) < _MAX_NOTES:
            match = _SPACE.match(source, position)
            end = match.end() if match else position + 1
            if masked[end : end + 1].strip():
                found.append(("code-after-blank-lines", end))
            position = source.find(run, end)
    return found


def _tags_in_comments(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    """`// ... ?> ... <?php code`: the tag ends the comment, and what looks like its text runs."""
    found: list[tuple[str, int]] = []
    position = source.find(b"?>")
    while position >= 0 and len(found) < _MAX_NOTES:
        before = source[max(0, position - _NEAR) : position].rpartition(b"\n")[2]
        after = source[position + 2 : position + _NEAR].partition(b"\n")[0]
        mark = max(before.rfind(b"//"), before.rfind(b"#"))
        start = position - len(before) + mark
        comment = mark >= 0 and not masked[start:position].strip() and masked[position : position + 2] == b"?>"
        if comment and (b"<?php" in after.lower() or b"<?=" in after):
            found.append(("tag-in-comment", start))
        position = source.find(b"?>", position + 2)
    return found


def _loaders(source: bytes, masked: bytes) -> list[tuple[str, int]]:
    """Files that an extension decrypts: nothing of them can be read here."""
    found = [("loader", match.start()) for match in _first(_LOADER, masked)]
    head = source[:2_000]
    return found or [("loader", head.index(mark)) for mark in _LOADER_DATA if mark in head][:1]


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
