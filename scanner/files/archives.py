"""Archives inside of a release: their members, in memory and within limits.

An archive is known by its content. Nothing is written, no link is followed, and a broken one gives what came before
the break.
"""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAX_MEMBERS = 3000
MAX_MEMBER = 8 * 1024**2
MAX_TOTAL = 64 * 1024**2
MAX_NAME = 300
_HALT = b"__HALT_COMPILER();"
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", 66_000
_TAR_MAGIC = slice(257, 262)
_PHAR_GZ, _PHAR_BZ2 = 0x1000, 0x2000
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError,
    ValueError, RuntimeError, NotImplementedError, IndexError, KeyError, OverflowError,
)  # fmt: skip


class Member(NamedTuple):
    """One member; `problem` says why it was not read."""

    name: str
    content: bytes
    problem: str = ""


def archive_kind(content: bytes) -> str:
    """`zip`, `tar`, `gzip`, `bzip2`, `xz` or `phar`; `zip-behind` for one that is put behind something else."""
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if content.startswith(b"\x1f\x8b"):
        return "gzip"
    if content.startswith(b"BZh") and content[4:10] == b"1AY&SY":
        return "bzip2"
    if content.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if content[_TAR_MAGIC] == b"ustar":
        return "tar"
    if _HALT in content and phar_manifest(content) is not None:
        return "phar"
    if _ZIP_END in content[-_ZIP_TAIL:] and b"PK\x03\x04" in content:
        return "zip-behind"
    return ""


def outside(content: bytes, kind: str, inside: list[bytes]) -> bytes:
    """What of an archive PHP may run as it stands: the stub of a phar; nothing of an archive whose only PHP is members.

    `inside`: contents of its members. A member that is stored as it is stands in the archive, too.
    """
    if kind == "phar":
        return content[: content.find(_HALT) + len(_HALT)]
    stored = sum(member.lower().count(b"<?php") for member in inside if b"<?" in member and member in content)
    short = sum(member.count(b"<?=") for member in inside if b"<?=" in member and member in content)
    hidden = content.lower().count(b"<?php") > stored or content.count(b"<?=") > short
    return content if hidden else b""


def members(content: bytes, kind: str, name: str) -> Iterator[Member]:
    """Members of an archive; `name` names the single member of a compressed file."""
    left = MAX_TOTAL
    try:
        for count, member in enumerate(_members(content, kind, name)):
            left -= len(member.content)
            if count >= MAX_MEMBERS or left < 0:
                yield Member("", b"", "members")
                return
            yield member._replace(name=_clean(member.name))
    except _BROKEN:
        yield Member("", b"", "broken")


def _members(content: bytes, kind: str, name: str) -> Iterator[Member]:
    if kind.startswith("zip"):
        yield from _zip(content)
    elif kind == "tar":
        yield from _tar(content)
    elif kind == "phar":
        yield from phar_manifest(content) or ()
    else:
        unpacked = _unpacked(content, kind)
        if unpacked is None:
            yield Member(name, b"", "size")
        elif unpacked[_TAR_MAGIC] == b"ustar":
            yield from _tar(unpacked)
        else:
            yield Member(name, unpacked)


def _zip(content: bytes) -> Iterator[Member]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                yield Member(info.filename, b"", "encrypted")
                continue
            if info.file_size > MAX_MEMBER:
                yield Member(info.filename, b"", "size")
                continue
            try:
                with archive.open(info) as stream:
                    yield Member(info.filename, stream.read(MAX_MEMBER))
            except _BROKEN:
                yield Member(info.filename, b"", "broken")


def _tar(content: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for info in archive:
            if not info.isreg():
                continue
            stream = archive.extractfile(info) if info.size <= MAX_MEMBER else None
            yield Member(info.name, stream.read(MAX_MEMBER)) if stream else Member(info.name, b"", "size")


def _unpacked(content: bytes, kind: str) -> bytes | None:
    """A compressed file, None when it is larger than the limit."""
    if kind == "gzip":
        gzip = zlib.decompressobj(31)
        data = gzip.decompress(content, MAX_TOTAL)
        return None if gzip.unconsumed_tail else data
    if kind == "bzip2":
        bzip = bz2.BZ2Decompressor()
        data = bzip.decompress(content, MAX_TOTAL)
        return data if bzip.eof else None
    decoder = lzma.LZMADecompressor(memlimit=256 * 1024**2)
    data = decoder.decompress(content, MAX_TOTAL)
    return data if decoder.eof else None


def phar_manifest(content: bytes) -> list[Member] | None:
    """Members of a phar; None when there is no manifest behind the stub.

    Source: PHP manual, "Phar file format": stub, manifest with little-endian lengths, contents in its order.
    """
    halt = content.find(_HALT)
    if halt < 0:
        return None
    start = halt + len(_HALT)
    for end in (b" ?>\r\n", b" ?>\n", b"?>\r\n", b"?>\n", b" ?>", b"?>", b"\r\n", b"\n"):
        if content.startswith(end, start):
            start += len(end)
            break
    reader = _Words(content, start)
    length, count = reader.word(), reader.word()
    if not count or count > MAX_MEMBERS or length < 18 or start + 4 + length > len(content):  # noqa: PLR2004
        return None
    reader.position += 6
    reader.skip(reader.word())
    metadata = reader.bytes(reader.word())
    found = [Member(".phar/metadata.serialized", metadata)] if metadata else []
    body = start + 4 + length
    for _ in range(count):
        name = reader.bytes(reader.word())
        size, _time, packed, _crc, flags = (reader.word() for _ in range(5))
        reader.skip(reader.word())
        data = content[body : body + packed]
        body += packed
        found.append(_phar_member(name.decode("utf-8", "replace"), data, size, flags))
    return found


def _phar_member(name: str, data: bytes, size: int, flags: int) -> Member:
    if size > MAX_MEMBER:
        return Member(name, b"", "size")
    try:
        if flags & _PHAR_GZ:
            return Member(name, zlib.decompressobj(-15).decompress(data, MAX_MEMBER))
        if flags & _PHAR_BZ2:
            return Member(name, bz2.BZ2Decompressor().decompress(data, MAX_MEMBER))
    except _BROKEN:
        return Member(name, b"", "broken")
    return Member(name, data)


class _Words:
    """Reads little-endian words; past the end all are 0."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self.position = position

    def word(self) -> int:
        """Four bytes."""
        self.position += 4
        return int.from_bytes(self._content[self.position - 4 : self.position], "little")

    def bytes(self, length: int) -> bytes:
        """Some bytes."""
        self.position += length
        return self._content[self.position - length : self.position]

    def skip(self, length: int) -> None:
        """Leave some bytes out."""
        self.position += length


def _clean(name: str) -> str:
    """A member's name as part of a path: no way out, nothing that cannot be printed."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    joined = "/".join(parts)[-MAX_NAME:]
    return "".join(character if character.isprintable() else "?" for character in joined) or "?"
