"""Folds that turn numbers into text and back, and those that search or cut text: bases, `pack`, digests, positions."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Sequence

from scanner.analysis import patterns, pieces
from scanner.analysis.folding import MAX_OUTPUT, folds, from_bytes, integer, known_only, to_bytes
from scanner.analysis.templates import is_known

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORMATS = {
    "n": ">H", "v": "<H", "N": ">I", "V": "<I", "J": ">Q", "P": "<Q", "c": "b", "C": "B", "s": "<h", "S": "<H",
    "l": "<i", "L": "<I", "q": "<q", "Q": "<Q",
}  # fmt: skip
_CODE = re.compile(r"([a-zA-Z@])(\*|\d+)?")


@folds("strlen", "mb_strlen")
@known_only
def _length(args: Sequence[str]) -> str | None:
    return str(len(args[0]))


@folds("base_convert")
@known_only
def _base_convert(args: Sequence[str]) -> str | None:
    base, target = integer(args, 1), integer(args, 2)
    digits = "".join(c for c in args[0].lower() if c in _DIGITS[:base])
    return _in_base(int(digits or "0", base), target)


def _in_base(number: int, base: int) -> str:
    out = ""
    while number:
        number, digit = divmod(number, base)
        out = _DIGITS[digit] + out
    return out or "0"


@folds("dechex")
@known_only
def _decimal_to_hex(args: Sequence[str]) -> str | None:
    return format(int(args[0]), "x")


@folds("decoct")
@known_only
def _decimal_to_octal(args: Sequence[str]) -> str | None:
    return format(int(args[0]), "o")


@folds("decbin")
@known_only
def _decimal_to_binary(args: Sequence[str]) -> str | None:
    return format(int(args[0]), "b")


def _from_base(text: str, base: int) -> str:
    return str(int("".join(c for c in text.lower() if c in _DIGITS[:base]) or "0", base))


@folds("hexdec")
@known_only
def _hex_to_decimal(args: Sequence[str]) -> str | None:
    return _from_base(args[0], 16)


@folds("octdec")
@known_only
def _octal_to_decimal(args: Sequence[str]) -> str | None:
    return _from_base(args[0], 8)


@folds("bindec")
@known_only
def _binary_to_decimal(args: Sequence[str]) -> str | None:
    return _from_base(args[0], 2)


@folds("crc32")
@known_only
def _crc(args: Sequence[str]) -> str | None:
    return str(zlib.crc32(to_bytes(args[0])))


@folds("md5")
@known_only
def _md5(args: Sequence[str]) -> str | None:
    return hashlib.md5(to_bytes(args[0]), usedforsecurity=False).hexdigest()


@folds("sha1")
@known_only
def _sha1(args: Sequence[str]) -> str | None:
    return hashlib.sha1(to_bytes(args[0]), usedforsecurity=False).hexdigest()


@folds("pack")
@known_only
def _pack(args: Sequence[str]) -> str | None:
    out, values = b"", list(args[1:])
    for code, count in _CODE.findall(args[0]):
        if code in "Hh":
            digits = values.pop(0)
            digits += "0" * (len(digits) % 2)
            out += bytes.fromhex(digits if code == "H" else re.sub("(.)(.)", r"\2\1", digits))
        elif code in "aAZ":
            text = to_bytes(values.pop(0))
            width = len(text) if count in ("*", "") else int(count)
            out += text[:width].ljust(min(width, MAX_OUTPUT), b" " if code == "A" else b"\0")
        elif code in _FORMATS:
            for _number in range(len(values) if count == "*" else int(count or "1")):
                out += _packed(code, int(values.pop(0)))
        else:
            return None
    return from_bytes(out)


def _packed(code: str, number: int) -> bytes:
    size = struct.calcsize(_FORMATS[code])
    wrapped: int = number % 256**size
    return wrapped.to_bytes(size, "big" if _FORMATS[code][0] == ">" else "little")


def unpacked(form: str, data: str) -> dict[str, str] | None:
    """Elements that `unpack` gives, by their keys; None for a format that is not known, or too little data."""
    found: dict[str, str] = {}
    octets, position = to_bytes(data), 0
    for part in form.split("/"):
        match = _CODE.match(part)
        if match is None:
            return None
        code, count, name = match[1], match[2] or "", part[match.end() :]
        if code in "Hh":
            found[name or "1"] = octets[position:].hex()
            position = len(octets)
        elif code in "aAZ":
            width = len(octets) - position if count in ("*", "") else int(count)
            found[name or "1"] = from_bytes(octets[position : position + width]).rstrip("\0 " if code == "A" else "")
            position += width
        elif code in _FORMATS:
            size = struct.calcsize(_FORMATS[code])
            total = (len(octets) - position) // size if count == "*" else int(count or "1")
            for number in range(min(total, 5_000)):
                chunk = octets[position : position + size]
                if len(chunk) < size:
                    return None  # PHP gives false, with a warning
                position += size
                key = f"{name}{number + 1}" if count else name or "1"
                found[key] = str(struct.unpack(_FORMATS[code], chunk)[0])
        else:
            return None
    return found


@folds("strpos", "stripos", "mb_strpos")
@known_only
def _position(args: Sequence[str]) -> str | None:
    found = args[0].find(args[1], integer(args, 2, 0))
    return str(found) if found >= 0 else None


@folds("strrpos")
@known_only
def _last_position(args: Sequence[str]) -> str | None:
    found = args[0].rfind(args[1])
    return str(found) if found >= 0 else None


@folds("strrchr")
@known_only
def _from_last(args: Sequence[str]) -> str | None:
    position = args[0].rfind(args[1][:1])
    return args[0][position:] if position >= 0 else None


@folds("substr_replace")
@known_only
def _replaced_part(args: Sequence[str]) -> str | None:
    text, start = args[0], integer(args, 2)
    length = integer(args, 3, len(text))
    begin = max(len(text) + start, 0) if start < 0 else start
    end = max(len(text) + length, begin) if length < 0 else begin + length
    return text[:begin] + args[1] + text[end:]


@folds("chunk_split")
@known_only
def _chunked(args: Sequence[str]) -> str | None:
    size, end = max(integer(args, 1, 76), 1), args[2] if len(args) > 2 else "\r\n"  # noqa: PLR2004
    return "".join(args[0][i : i + size] + end for i in range(0, len(args[0]), size))


@folds("mb_convert_encoding")
def _other_encoding(args: Sequence[str]) -> str | None:
    from scanner.analysis.folding import fold  # noqa: PLC0415  the same registry, seen from a fold

    source = args[2].lower() if len(args) > 2 else ""  # noqa: PLR2004
    functions = {"base64": "base64_decode", "html-entities": "html_entity_decode", "html": "html_entity_decode",
                 "uuencode": "convert_uudecode", "quoted-printable": "quoted_printable_decode"}  # fmt: skip
    return fold(functions[source], args[:1]) if source in functions else args[0]


def _class(name: str, holds: Callable[[str], bool]) -> None:
    folds(name)(known_only(lambda args: "1" if args[0] and all(map(holds, args[0])) else ""))


_class("ctype_alpha", lambda c: c.isascii() and c.isalpha())
_class("ctype_alnum", lambda c: c.isascii() and c.isalnum())
_class("ctype_digit", lambda c: "0" <= c <= "9")
_class("ctype_upper", lambda c: "A" <= c <= "Z")
_class("ctype_lower", lambda c: "a" <= c <= "z")
_class("ctype_space", lambda c: c in " \t\n\r\v\f")
_class("ctype_punct", lambda c: "!" <= c <= "~" and not c.isalnum())
_class("ctype_xdigit", lambda c: c in "0123456789abcdefABCDEF")


@folds("is_numeric")
@known_only
def _is_numeric(args: Sequence[str]) -> str | None:
    return "1" if re.fullmatch(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", args[0]) else ""


@folds("preg_replace")
def _pattern_replace(args: Sequence[str]) -> str | None:
    """In known text all that `patterns` follows; else only sets of characters and words, in the known pieces."""
    if len(args) < 3 or not is_known(args[0]):  # noqa: PLR2004
        return None
    if is_known(args[2]):
        return patterns.replaced(args[0], args[1], args[2])
    return None if "$" in args[1] or "\\" in args[1] else pieces.replaced(args[0], args[1], args[2])
