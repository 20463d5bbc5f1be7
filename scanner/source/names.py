r"""Names of members: from hostile bytes to text that can be printed, compared and never collides.

The escape is lossless: a backslash is doubled, a byte that is no UTF-8 and an ASCII control character become
`\xNN`, every other character that cannot be seen, or that Unicode has not assigned, becomes `\uNNNN` or `\UNNNNNNNN`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from scanner.source.entries import Problem
from scanner.source.limits import SourceLimits

_PLAIN = re.compile(r"[ !-\[\]-~]*")
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")
_ASCII_END = 0x80
_SURROGATE_BASE = 0xDC00
_BMP_END = 0xFFFF


def decode_name(raw: bytes) -> str:
    """Text of a name; bytes that are no UTF-8 become lone surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def printable(name: str) -> str:
    """Name with everything unprintable escaped; different names give different texts."""
    if _PLAIN.fullmatch(name):
        return name
    return "".join(_escaped(char) for char in name)


def refused_path(name: str) -> str:
    """Text for a member whose name cannot be used."""
    return printable(name) or "(no name)"


def origin_text(name: str) -> str:
    """Name as it stands, except that undecodable bytes are escaped so that the text can be encoded."""
    if name.isascii():
        return name
    return "".join(_escaped(char) if unicodedata.category(char) == "Cs" else char for char in name)


def _escaped(char: str) -> str:
    code = ord(char)
    if char == "\\":
        return "\\\\"
    if char.isprintable():
        return char
    if code < _ASCII_END:
        return f"\\x{code:02x}"
    if _SURROGATE_BASE + _ASCII_END <= code < _SURROGATE_BASE + 0x100:
        return f"\\x{code - _SURROGATE_BASE:02x}"
    return f"\\u{code:04x}" if code <= _BMP_END else f"\\U{code:08x}"


def judge_name(name: str, limits: SourceLimits) -> Problem | None:
    r"""Why a member's name cannot be used, or None.

    Names are judged as every system reads them: `..\x` and `C:x` leave the folder on Windows.
    """
    if "\0" in name:
        return Problem("nul-in-name: the name holds a NUL byte")
    if len(name) > limits.max_name:
        return Problem(f"name-too-long: more than {limits.max_name} characters")
    if name.startswith(("/", "\\")):
        return Problem("absolute-path: the name is an absolute path")
    if _DRIVE.match(name):
        return Problem("drive-letter: the name begins with a drive letter")
    if ".." in _SEPARATORS.split(name):
        return Problem("traversal: the name leads out of the release")
    return None


def tidy(parts: Iterable[str]) -> str:
    """Relative name without empty parts and `.`; empty when nothing is left."""
    return "/".join(part for part in parts if part not in {"", "."})


def clean_name(name: str, limits: SourceLimits) -> str | Problem:
    """Relative POSIX name of an archive's member, or why it has none."""
    problem = judge_name(name, limits)
    if problem is not None:
        return problem
    return tidy(name.split("/")) or Problem("empty-name: the member has no name")
