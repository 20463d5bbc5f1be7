"""Folds of binary text: `pack` and `unpack`. See `folding`."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from scanner.analysis.folding import MAX_OUTPUT, folds, from_bytes, known_only, to_bytes
from scanner.analysis.scalars import whole, wrapped

_FORMATS = {
    "n": ">H", "v": "<H", "N": ">I", "V": "<I", "J": ">Q", "P": "<Q", "c": "b", "C": "B", "s": "<h", "S": "<H",
    "l": "<i", "L": "<I", "q": "<q", "Q": "<Q",
}  # fmt: skip
_CODE = re.compile(r"([a-zA-Z@])(\*|\d{1,7})?")
_HEX = re.compile(r"[0-9A-Fa-f]*")
_MAX_NUMBERS = 5_000


@folds("pack")
@known_only
def _pack(args: Sequence[str]) -> str | None:
    out, values = b"", list(args[1:])
    if "".join(match[0] for match in _CODE.finditer(args[0])) != args[0]:
        return None
    for code, count in _CODE.findall(args[0]):
        if code in "Hh":
            out += _from_digits(code, count, values.pop(0))
        elif code in "aAZ":
            out += _filled(code, count, to_bytes(values.pop(0)))
        elif code == "x" and count != "*":
            out += bytes(min(int(count or "1"), MAX_OUTPUT + 1))
        elif code in _FORMATS:
            for _number in range(len(values) if count == "*" else int(count or "1")):
                out += _packed(code, whole(values.pop(0)))
        else:
            return None
        if len(out) > MAX_OUTPUT:
            return None
    return from_bytes(out)


def _from_digits(code: str, count: str, digits: str) -> bytes:
    """Bytes of hexadecimal digits, of which one is the half of a byte. Raises: ValueError."""
    width = len(digits) if count == "*" else int(count or "1")
    if width > len(digits) or not _HEX.fullmatch(digits):
        raise ValueError
    digits = digits[:width] + "0" * (width % 2)
    return bytes.fromhex(digits if code == "H" else re.sub("(.)(.)", r"\2\1", digits))


def _filled(code: str, count: str, text: bytes) -> bytes:
    """A text of a width, filled up with blanks or zero bytes; `Z` always ends in one of these."""
    width = len(text) + (code == "Z") if count == "*" else min(int(count or "1"), MAX_OUTPUT + 1)
    kept = text[: max(width - 1, 0)] if code == "Z" else text[:width]
    return kept.ljust(width, b" " if code == "A" else b"\0")


def _packed(code: str, number: int) -> bytes:
    size = struct.calcsize(_FORMATS[code])
    lowest: int = wrapped(number) % 256**size
    return lowest.to_bytes(size, "big" if _FORMATS[code][0] == ">" else "little")


def unpacked(form: str, data: str) -> dict[str, str] | None:
    """Elements that `unpack` gives, by their keys; None for a format that is not known, or too little data."""
    found: dict[str, str] = {}
    octets, position = to_bytes(data), 0
    for part in form.split("/"):
        match = _CODE.match(part)
        if match is None:
            return None
        code, count, name = match[1], match[2] or "", part[match.end() :]
        if code in _FORMATS:
            taken = _numbers(code, count, name, octets[position:])
        elif code in "aAZHh":
            taken = _text(code, count, name or "1", octets[position:])
        else:
            return None
        if taken is None:
            return None  # PHP gives false, with a warning
        found.update(taken[0])
        position += taken[1]
    return found


def _text(code: str, count: str, name: str, octets: bytes) -> tuple[dict[str, str], int] | None:
    """A text or digits, and how many bytes that takes."""
    size = len(octets) if count == "*" else int(count or "1")
    if code in "Hh":
        size = size if count == "*" else (size + 1) // 2
    chunk = octets[:size]
    if len(chunk) < size:
        return None
    if code in "Hh":
        digits = chunk.hex() if code == "H" else re.sub("(.)(.)", r"\2\1", chunk.hex())
        return {name: digits if count == "*" else digits[: int(count or "1")]}, size
    if code == "A":
        chunk = chunk.rstrip(b"\0\t\r\n ")
    return {name: from_bytes(chunk.partition(b"\0")[0] if code == "Z" else chunk)}, size


def _numbers(code: str, count: str, name: str, octets: bytes) -> tuple[dict[str, str], int] | None:
    """Numbers, and how many bytes they take."""
    size = struct.calcsize(_FORMATS[code])
    total = len(octets) // size if count == "*" else int(count or "1")
    if total > _MAX_NUMBERS or total * size > len(octets):
        return None
    values = [
        wrapped(struct.unpack(_FORMATS[code], octets[place : place + size])[0])
        for place in range(0, total * size, size)
    ]
    if count in ("", "1") and name:
        return {name: str(values[0])}, size
    return {f"{name}{number}": str(value) for number, value in enumerate(values, 1)}, total * size
