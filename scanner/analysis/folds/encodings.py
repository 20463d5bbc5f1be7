"""Folds of encodings: base64, hexadecimal, compression, URLs, character sets, addresses. See `folding`."""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import ipaddress
import re
import urllib.parse
import zlib
from collections.abc import Sequence

from scanner.analysis.folding import (
    ASCII_LIKE,
    FALSE,
    MAX_OUTPUT,
    at_most,
    by_piece,
    fold,
    folds,
    from_bytes,
    integer,
    known_only,
    leaving_holes,
    to_bytes,
    truth,
)
from scanner.analysis.scalars import INT

_FOREIGN = re.compile(r"[^A-Za-z0-9+/]")
_STRICT = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_WIDE = re.compile(r"utf-?(16|32)-?(le|be)?|ucs-?([24])-?(le|be)?", re.IGNORECASE)
_LEVEL = 6
_ZLIB = 15
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})|=[ \t]*(?:\r\n|\r|\n|\Z)")
_ESCAPED_URL = {
    "base64": "base64_decode",
    "uuencode": "convert_uudecode",
    "quoted-printable": "quoted_printable_decode",
}
_URL_SAFE, _ALPHABETS = "57", frozenset("1357")
"""Variants of `sodium_base642bin`."""


@folds("base64_decode")
@at_most(2)
@known_only
def _base64(args: Sequence[str]) -> str | None:
    if truth(args, 1) and not _STRICT.fullmatch(args[0]):
        return None
    return _decoded64(_FOREIGN.sub("", args[0]))


def _decoded64(kept: str) -> str:
    """Bytes of the letters; what is left of a lone one at the end is no byte."""
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    return from_bytes(base64.b64decode(kept + "=" * (-len(kept) % 4)))


@folds("sodium_base642bin")
@at_most(2)
@known_only
def _sodium(args: Sequence[str]) -> str | None:
    if args[1] not in _ALPHABETS:
        return None
    text = args[0].replace("-", "+").replace("_", "/") if args[1] in _URL_SAFE else args[0]
    return _decoded64(text.rstrip("=")) if _STRICT.fullmatch(text) and not re.search("[-_]", text) else None


@folds("base64_encode")
@known_only
def _to_base64(args: Sequence[str]) -> str | None:
    return from_bytes(base64.b64encode(to_bytes(args[0])))


@folds("hex2bin")
@known_only
def _from_hex(args: Sequence[str]) -> str | None:
    return from_bytes(bytes.fromhex(args[0])) if _HEX.fullmatch(args[0]) else None


@folds("bin2hex")
@by_piece
def _to_hex(args: Sequence[str]) -> str | None:
    return to_bytes(args[0]).hex()


@folds("str_rot13")
@by_piece
def _rot13(args: Sequence[str]) -> str | None:
    return codecs.encode(args[0], "rot13")


@folds("gzinflate")
@at_most(1)
@known_only
def _inflate(args: Sequence[str]) -> str | None:
    return _decompress(args[0], -15)


@folds("gzuncompress")
@at_most(1)
@known_only
def _uncompress(args: Sequence[str]) -> str | None:
    return _decompress(args[0], _ZLIB)


@folds("gzdecode")
@at_most(1)
@known_only
def _gunzip(args: Sequence[str]) -> str | None:
    return _decompress(args[0], 31)


@folds("zlib_decode")
@at_most(1)
@known_only
def _any_compressed(args: Sequence[str]) -> str | None:
    return _decompress(args[0], 47)


def _decompress(text: str, window: int) -> str | None:
    engine = zlib.decompressobj(window)
    data = engine.decompress(to_bytes(text), MAX_OUTPUT)
    return None if engine.unconsumed_tail or not engine.eof else from_bytes(data)


@folds("bzdecompress")
@at_most(1)
@known_only
def _bunzip(args: Sequence[str]) -> str | None:
    engine = bz2.BZ2Decompressor()
    data = engine.decompress(to_bytes(args[0]), MAX_OUTPUT)
    return from_bytes(data) if engine.eof else None


@folds("gzdeflate")
@at_most(1)
@known_only
def _deflated(args: Sequence[str]) -> str | None:
    engine = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return from_bytes(engine.compress(to_bytes(args[0])) + engine.flush())


@folds("gzcompress")
@at_most(1)
@known_only
def _compressed(args: Sequence[str]) -> str | None:
    return from_bytes(zlib.compress(to_bytes(args[0]), _LEVEL))


@folds("zlib_encode")
@at_most(2)
@known_only
def _any_encoded(args: Sequence[str]) -> str | None:
    return _compressed(args[:1]) if integer(args, 1) == _ZLIB else None


@folds("urldecode")
@by_piece
def _url_decode(args: Sequence[str]) -> str | None:
    return from_bytes(urllib.parse.unquote_to_bytes(to_bytes(args[0].replace("+", " "))))


@folds("rawurldecode")
@by_piece
def _raw_url_decode(args: Sequence[str]) -> str | None:
    return from_bytes(urllib.parse.unquote_to_bytes(to_bytes(args[0])))


@folds("urlencode")
@by_piece
def _url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote_plus(to_bytes(args[0]), safe="-_.").replace("~", "%7E")


@folds("rawurlencode")
@by_piece
def _raw_url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote(to_bytes(args[0]), safe="-_.~")


@folds("convert_uudecode")
@known_only
def _uudecode(args: Sequence[str]) -> str | None:
    return "".join(from_bytes(binascii.a2b_uu(to_bytes(line))) for line in args[0].split("\n") if line and line != "`")


@folds("convert_uuencode")
@known_only
def _uuencoded(args: Sequence[str]) -> str | None:
    data = to_bytes(args[0])
    lines = (binascii.b2a_uu(data[place : place + 45], backtick=True) for place in range(0, len(data), 45))
    return "".join(map(from_bytes, lines)) + "`\n" if data else None


@folds("quoted_printable_decode")
@known_only
def _quoted_printable(args: Sequence[str]) -> str | None:
    if "\0" in args[0]:
        return None
    return _QUOTED.sub(lambda match: chr(int(match[1], 16)) if match[1] else "", args[0])


@folds("iconv")
@at_most(3)
@known_only
def _iconv(args: Sequence[str]) -> str | None:
    target = args[1].partition("//")[0].lower()
    return _converted(args[0].partition("//")[0], args[2], "") if target in ASCII_LIKE else None


@folds("mb_convert_encoding")
@at_most(3)
@known_only
def _mb_convert(args: Sequence[str]) -> str | None:
    """Text, target, source."""
    source = args[2].lower() if len(args) > 2 else "utf-8"  # noqa: PLR2004
    if args[1].lower() not in ASCII_LIKE:
        return None
    return fold(_ESCAPED_URL[source], args[:1]) if source in _ESCAPED_URL else _converted(source, args[0], "be")


def _converted(encoding: str, text: str, order: str) -> str | None:
    """ASCII text of a wide encoding, or of one that writes ASCII as itself; `order` of bytes where it is not said."""
    wide = _WIDE.fullmatch(encoding)
    if wide is None:
        return text if encoding.lower() in ASCII_LIKE and text.isascii() else None
    bits = wide[1] or {"2": "16", "4": "32"}[wide[3]]
    order = (wide[2] or wide[4] or order).lower()
    if not order:
        return None
    found = to_bytes(text).decode(f"utf-{bits}-{order}")
    return found if found.isascii() else None


@folds("utf8_encode")
@leaving_holes
def _utf8(args: Sequence[str]) -> str | None:
    return from_bytes(args[0].encode("utf-8"))


@folds("utf8_decode")
@leaving_holes
def _latin1(args: Sequence[str]) -> str | None:
    found = to_bytes(args[0]).decode("utf-8")
    return found if all(character <= "\xff" for character in found) else None


@folds("idn_to_ascii", "normalizer_normalize")
@leaving_holes
def _unchanged_ascii(args: Sequence[str]) -> str | None:
    return args[0] if args[0].isascii() and args[0] == args[0].lower() and len(args) == 1 else None


@folds("mb_chr")
@at_most(1)
@known_only
def _character(args: Sequence[str]) -> str | None:
    return from_bytes(chr(integer(args, 0)).encode("utf-8"))


@folds("mb_ord", kind=INT)
@at_most(1)
@known_only
def _number(args: Sequence[str]) -> str | None:
    return str(ord(to_bytes(args[0]).decode("utf-8")[0]))


@folds("inet_pton")
@known_only
def _packed_address(args: Sequence[str]) -> str | None:
    return from_bytes(ipaddress.ip_address(args[0]).packed)


@folds("inet_ntop")
@known_only
def _address(args: Sequence[str]) -> str | None:
    address = ipaddress.ip_address(to_bytes(args[0]))
    return str(address) if address.version == 4 else None  # noqa: PLR2004  IPv6 has several spellings


@folds("ip2long", kind=INT)
@known_only
def _from_address(args: Sequence[str]) -> str | None:
    try:
        return str(int(ipaddress.IPv4Address(args[0])))
    except ValueError:
        return FALSE


@folds("long2ip")
@known_only
def _long_to_ip(args: Sequence[str]) -> str | None:
    number = integer(args, 0)
    if not 0 <= number < 2**32:
        return None
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
