"""One header block of a tar archive (POSIX ustar and pax, GNU tar)."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 512
_BASE_256 = 0x80
_NEGATIVE = 0xFF


class BadHeaderError(Exception):
    """The block is no header of a tar archive."""


@dataclass(slots=True)
class TarHeader:
    """What one member's header says, extended headers included."""

    name: bytes
    size: int
    kind: bytes
    """Type flag, one byte."""
    link: bytes
    extended: bool
    """An old GNU sparse header goes on in the next block."""

    @property
    def data_blocks(self) -> int:
        """Blocks of data that follow."""
        return -(-self.size // BLOCK)


def parse_header(block: bytes) -> TarHeader:
    """Header in a block of 512 bytes. Raises: BadHeaderError."""
    if len(block) != BLOCK:
        message = "truncated"
        raise BadHeaderError(message)
    blank = block[:148] + b" " * 8 + block[156:]
    stated = parse_number(block[148:156])
    if stated not in {sum(blank), _signed_sum(blank)}:
        message = "the checksum is wrong"
        raise BadHeaderError(message)
    name = _text(block[:100])
    prefix = _text(block[345:500])
    if prefix and block[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    return TarHeader(
        name=name,
        size=parse_number(block[124:136]),
        kind=block[156:157],
        link=_text(block[157:257]),
        extended=block[482] != 0,
    )


def parse_number(field: bytes) -> int:
    """Octal text, or base 256 when the first bit is set (GNU). Raises: BadHeaderError."""
    if field[0] == _NEGATIVE:
        message = "a number is negative"
        raise BadHeaderError(message)
    if field[0] & _BASE_256:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = field.partition(b"\0")[0].strip()
    if not text:
        return 0
    if text.strip(b"01234567"):
        message = "a number is not octal"
        raise BadHeaderError(message)
    return int(text, 8)


def parse_pax(data: bytes) -> dict[bytes, bytes]:
    r"""Records of a pax header, `length key=value\n` each. Raises: BadHeaderError."""
    records = {}
    position = 0
    while position < len(data) and data[position : position + 1] != b"\0":
        blank = data.find(b" ", position, position + 12)
        digits = data[position:blank] if blank != -1 else b""
        if not digits.isdigit() or position + int(digits) > len(data) or int(digits) <= len(digits) + 1:
            message = "an extended header is damaged"
            raise BadHeaderError(message)
        end = position + int(digits)
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not equals or data[end - 1 : end] != b"\n":
            message = "an extended header is damaged"
            raise BadHeaderError(message)
        records[key] = value
        position = end
    return records


def _signed_sum(data: bytes) -> int:
    """Sum of the bytes as signed numbers, as some old programs computed the checksum."""
    return sum(data) - 256 * len(data.translate(None, bytes(range(_BASE_256))))


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
