"""Folding of further functions of PHP: other encodings, numbers of characters, dates that are nothing but letters.

See `folding`. Source of each behaviour: PHP manual, page of the function.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
import zlib
from collections.abc import Sequence

from scanner.analysis.folding import folds, from_bytes, integer, known_only, to_bytes

_WIDE = re.compile(r"utf-?(16|32)-?(le|be)?(?://\w+)?|ucs-?([24])-?(le|be)?(?://\w+)?", re.IGNORECASE)
_ESCAPED = re.compile(r"(?:\\.|[^A-Za-z\\])+", re.DOTALL)
"""A date format in which every letter is escaped, so that the date does not matter."""
_LEVEL = 6


def register() -> None:
    """Make the folds of this module known: importing it has done so."""


@folds("iconv")
def _iconv(args: Sequence[str]) -> str | None:
    return _decoded(args[0], args[2])


@folds("mb_convert_encoding")
def _mb_convert(args: Sequence[str]) -> str | None:
    return _decoded(args[2] if len(args) > 2 else "", args[0])  # noqa: PLR2004  text, to, from


def _decoded(encoding: str, text: str) -> str | None:
    """Text of a wide encoding; any other as it is, where it is ASCII."""
    wide = _WIDE.fullmatch(encoding)
    if wide is None:
        return text if not any("\x7f" < character < "\u0100" for character in text) else None
    bits = wide[1] or {"2": "16", "4": "32"}[wide[3]]
    order = (wide[2] or wide[4] or "be").lower()
    return to_bytes(text).decode(f"utf-{bits}-{order}").encode("latin-1").decode("latin-1")


@folds("mb_chr")
@known_only
def _character(args: Sequence[str]) -> str | None:
    return from_bytes(chr(int(args[0])).encode("utf-8"))


@folds("mb_ord")
@known_only
def _number(args: Sequence[str]) -> str | None:
    return str(ord(to_bytes(args[0]).decode("utf-8")[0]))


@folds("date", "gmdate")
@known_only
def _date(args: Sequence[str]) -> str | None:
    return re.sub(r"\\(.)", r"\1", args[0], flags=re.DOTALL) if _ESCAPED.fullmatch(args[0]) else None


@folds("gzdeflate")
@known_only
def _deflated(args: Sequence[str]) -> str | None:
    engine = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return from_bytes(engine.compress(to_bytes(args[0])) + engine.flush())


@folds("gzcompress", "zlib_encode")
@known_only
def _compressed(args: Sequence[str]) -> str | None:
    return from_bytes(zlib.compress(to_bytes(args[0]), _LEVEL))


@folds("convert_uuencode")
@known_only
def _uuencoded(args: Sequence[str]) -> str | None:
    data = to_bytes(args[0])
    return "".join(from_bytes(binascii.b2a_uu(data[place : place + 45])) for place in range(0, len(data), 45)) + "`\n"


@folds("inet_pton")
@known_only
def _packed_address(args: Sequence[str]) -> str | None:
    return from_bytes(ipaddress.ip_address(args[0]).packed)


@folds("inet_ntop")
@known_only
def _address(args: Sequence[str]) -> str | None:
    return str(ipaddress.ip_address(to_bytes(args[0])))


@folds("print_r", "var_export")
def _shown(args: Sequence[str]) -> str | None:
    """The text itself where it is given back; `var_export` puts it in quotes, which an address has no use for."""
    return args[0] if "".join(args[1:2]) == "1" else None


@folds("addcslashes")
@known_only
def _slashed(args: Sequence[str]) -> str | None:
    return args[0] if not set(args[0]) & set(args[1]) and ".." not in args[1] else None


@folds("chunk_split")
@known_only
def _in_pieces(args: Sequence[str]) -> str | None:
    size, end = integer(args, 1, 76), args[2] if len(args) > 2 else "\r\n"  # noqa: PLR2004  text, length, end
    if size < 1:
        return None
    return "".join(args[0][place : place + size] + end for place in range(0, len(args[0]), size))
