"""A zip archive as a release: members are digested one by one and read again when asked for.

The central directory names the members. It is checked against the local headers, because programs differ in which
of the two they believe (PKWARE APPNOTE 4.3.7 and 4.3.12), and bytes that belong to no member are reported. Members
are unpacked here and not by the standard library, which takes a stream that ends before or after the stated size.
"""

from __future__ import annotations

import bz2
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, NamedTuple

from scanner.errors import SourceError
from scanner.model.source import Refusal
from scanner.source.entries import Entry, Examined, Problem, judge_content
from scanner.source.limits import Budget, SourceLimits
from scanner.source.names import clean_name, decode_name, printable, refused_path

_LOCAL = struct.Struct("<4s2H3H3L2H")
"""Local header: signature, version, flags, method, time, date, CRC, packed, size, name length, extra length."""
_ENCRYPTED = 0x1
_DESCRIPTOR = 0x8
_UTF8 = 0x800
_UNKNOWN = 0xFFFFFFFF
_UNICODE_PATH = 0x7075
_MAX_DESCRIPTOR = 24
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_SLACK = 4096
_BROKEN = (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, struct.error, ValueError)
"""All that zipfile raises on a hostile central directory."""


class _Member(NamedTuple):
    """Where a member's compressed data begin, and what the central directory says of them."""

    offset: int
    info: zipfile.ZipInfo


class _UnpackError(Exception):
    """The member's data are not what the directory says; the text is the reason of a refusal."""


class ZipRelease:
    """A zip archive.

    Raises: SourceError when its directory of members cannot be read or lists too many.
    """

    base = ""

    def __init__(self, path: str, limits: SourceLimits) -> None:
        self._limits = limits
        self.name = printable(Path(path).name)
        self.packed_size = Path(path).stat().st_size
        self.entries: list[Entry] = []
        self.notes: list[Refusal] = []
        self._file: IO[bytes] = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        try:
            self._zip = zipfile.ZipFile(self._file)
        except _BROKEN as error:
            self._file.close()
            message = f"{self.name} is a damaged or truncated zip archive: get it again"
            raise SourceError(message) from error
        try:
            self._list(Budget(limits))
        except SourceError:
            self.close()
            raise

    def _list(self, budget: Budget) -> None:
        """Take in all members of the central directory."""
        bounds = _Bounds()
        for info in self._zip.infolist():
            budget.count_member()
            name = _name_of(info)
            member = self._check_local(info, bounds)
            cleaned = clean_name(name, self._limits)
            if name.endswith("/") and not info.file_size:
                if isinstance(cleaned, Problem) and not cleaned.reason.startswith("empty-name"):
                    self.notes.append(Refusal(refused_path(name), cleaned.reason, incomplete=False))
            elif isinstance(cleaned, Problem):
                self.notes.append(Refusal(refused_path(name), cleaned.reason, cleaned.incomplete))
            else:
                self._add(cleaned, info, member, is_folder=name.endswith("/"))
        self.notes.extend(bounds.remarks(self.name, self._zip, self.packed_size))

    def _add(self, name: str, info: zipfile.ZipInfo, member: _Member | Problem, *, is_folder: bool) -> None:
        """Take in one member that is no empty folder."""
        entry = Entry(name, info.file_size, handle=member, packed=info.compress_size)
        self.entries.append(entry)
        if isinstance(member, Problem):
            entry.problem = member
        elif is_folder:
            entry.problem = Problem("folder-with-data: a folder's member holds data")
        else:
            entry.problem = _judge_member(info)
        if entry.problem is None and stat.S_ISLNK(info.external_attr >> 16):
            entry.link = self._target(entry)

    def _target(self, entry: Entry) -> str | None:
        """Target of a symbolic link: the member's content."""
        if entry.size > self._limits.max_name:
            entry.problem = Problem("symlink: its target is too long")
            return None
        try:
            return decode_name(self._unpack(entry))
        except _UnpackError as error:
            entry.problem = Problem(str(error))
            return None

    def _check_local(self, info: zipfile.ZipInfo, bounds: _Bounds) -> _Member | Problem:
        """Where a member's data are, unless its local header says something else than the central directory."""
        try:
            self._file.seek(info.header_offset)
            raw = self._file.read(_LOCAL.size)
            fields = _LOCAL.unpack(raw)
            name = self._file.read(fields[9])
        except (OSError, ValueError, struct.error):
            return Problem("header-mismatch: the archive holds no data for the member")
        signature, _, flags, method, _, _, crc, packed, size, _, extra = fields
        start = info.header_offset
        offset = start + _LOCAL.size + len(name) + extra
        overlaps = bounds.add(start, offset + info.compress_size, descriptor=bool(flags & _DESCRIPTOR))
        if signature != b"PK\x03\x04" or name != _raw_name(info):
            return Problem("header-mismatch: the member has another name before its data")
        stated = (crc, packed, size)
        listed = (info.CRC, info.compress_size, info.file_size)
        same = all(left in {right, _UNKNOWN} for left, right in zip(stated, listed, strict=True))
        encrypted = (flags ^ info.flag_bits) & _ENCRYPTED
        if method != info.compress_type or encrypted or not (same or flags & _DESCRIPTOR):
            return Problem("header-mismatch: the member has another size or method before its data")
        return Problem("overlap: the member shares its data with another") if overlaps else _Member(offset, info)

    def examine(self, chosen: list[Entry]) -> list[Examined]:
        """Digests, in one pass over the archive's data."""
        return [self._examine(entry) for entry in chosen]

    def _examine(self, entry: Entry) -> Examined:
        try:
            return judge_content(self._unpack(entry))
        except _UnpackError as error:
            return Problem(str(error))

    def _unpack(self, entry: Entry) -> bytes:
        """Bytes of a member: exactly as many as stated, with the stated checksum. Raises: _UnpackError."""
        member = entry.handle
        if not isinstance(member, _Member):
            message = "damaged: the archive holds no data for the member"
            raise _UnpackError(message)
        info = member.info
        size, packed = info.file_size, info.compress_size
        if packed > size + (size >> 3) + _SLACK:
            message = "bad-size: the packed data are longer than the file"
            raise _UnpackError(message)
        try:
            self._file.seek(member.offset)
            data = _decompress(self._file.read(packed), info)
        except (OSError, ValueError, zlib.error) as error:
            message = "damaged: the member cannot be unpacked"
            raise _UnpackError(message) from error
        if len(data) != size:
            message = "bad-size: the member's data are not as long as stated"
            raise _UnpackError(message)
        if zlib.crc32(data) != info.CRC:
            message = "bad-crc: the member's data do not match their checksum"
            raise _UnpackError(message)
        return data

    def read(self, entry: Entry) -> bytes:
        """Bytes of one member. Raises: SourceError."""
        try:
            return self._unpack(entry)
        except _UnpackError as error:
            message = f"{self.name}: {printable(entry.name)} cannot be unpacked ({error}): get the archive again"
            raise SourceError(message) from error

    def disk_path(self, entry: Entry) -> str | None:  # noqa: ARG002 - part of the protocol
        """Members have no path of their own."""
        return None

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()
        self._file.close()


class _Bounds:
    """Which bytes of the archive belong to members."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, bool]] = []
        self._starts: set[int] = set()
        self._last = 0

    def add(self, start: int, end: int, *, descriptor: bool) -> bool:
        """Record one member's bytes; True when it begins where another does."""
        seen = start in self._starts
        self._starts.add(start)
        self._spans.append((start, end, descriptor))
        return seen

    def remarks(self, name: str, archive: zipfile.ZipFile, size: int) -> list[Refusal]:
        """What lies before, between and after the members: hidden from one program, seen by another."""
        position = 0
        gaps = overlaps = 0
        first = min((start for start, _, _ in self._spans), default=archive.start_dir)
        for start, end, descriptor in [*sorted(self._spans), (archive.start_dir, archive.start_dir, False)]:
            slack = start - position if position else 0
            gaps += slack > 0
            overlaps += slack < 0
            position = max(position, end + (_descriptor_size(archive, end) if descriptor else 0))
        trailing = size - _end_of(archive)
        found = [
            (first, "data-before-archive", f"{first} bytes before the first member"),
            (gaps, "unlisted-data", f"{gaps} stretches of data between members belong to none"),
            (overlaps, "overlap", f"{overlaps} members share data with others"),
            (trailing > 0, "data-after-archive", f"{trailing} bytes after the end of the archive"),
        ]
        return [Refusal(name, f"{code}: {text}", code != "data-before-archive") for hit, code, text in found if hit]


def _descriptor_size(archive: zipfile.ZipFile, end: int) -> int:
    """Bytes of the data descriptor that follows a member's data."""
    stream = archive.fp
    if stream is None:
        return 0
    stream.seek(end)
    raw = stream.read(_MAX_DESCRIPTOR + 4)
    start = 4 if raw.startswith(b"PK\x07\x08") else 0
    for length in (12, 20):
        if raw[start + length : start + length + 4] in {b"PK\x03\x04", b"PK\x01\x02"}:
            return start + length
    return start + 12


def _end_of(archive: zipfile.ZipFile) -> int:
    """Offset at which the archive should end: central directory, zip64 records, end record, comment."""
    size = sum(46 + len(_raw_name(info)) + len(info.extra) + len(info.comment) for info in archive.infolist())
    stream = archive.fp
    position = archive.start_dir + size
    if stream is None:
        return position
    stream.seek(position)
    if stream.read(4) == b"PK\x06\x06":
        position += 12 + struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))[0] + 20
    return position + 22 + len(archive.comment)


def _judge_member(info: zipfile.ZipInfo) -> Problem | None:
    """Problem that the central directory itself shows."""
    if info.flag_bits & _ENCRYPTED:
        return Problem("encrypted: the member needs a password, unpack the archive and scan the folder")
    if info.compress_type not in _METHODS:
        return Problem(f"compression-method: number {info.compress_type}, unpack the archive and scan the folder")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.create_system == 3 and kind not in {0, stat.S_IFREG, stat.S_IFLNK}:  # noqa: PLR2004 - 3 is Unix
        return Problem("special-file: a device, pipe or socket", incomplete=False)
    return None


def _decompress(data: bytes, info: zipfile.ZipInfo) -> bytes:
    """A member's data unpacked, at most one byte more than stated.

    Raises: ValueError, OSError or zlib.error when the stream is damaged or does not end where the data end.
    """
    if info.compress_type == zipfile.ZIP_STORED:
        return data
    if info.compress_type == zipfile.ZIP_DEFLATED:
        inflater = zlib.decompressobj(wbits=-15)
        result = inflater.decompress(data, info.file_size + 1)
        complete = inflater.eof and not inflater.unused_data
    else:
        decoder = bz2.BZ2Decompressor()
        result = decoder.decompress(data, info.file_size + 1)
        complete = decoder.eof and not decoder.unused_data
    if not complete and len(result) <= info.file_size:
        message = "the stream does not end with the data"
        raise ValueError(message)
    return result


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """Bytes of the name in the central directory (zipfile decodes them as UTF-8 or code page 437)."""
    if info.orig_filename.isascii():
        return info.orig_filename.encode()
    return info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")


def _name_of(info: zipfile.ZipInfo) -> str:
    """Name of a member.

    A Unicode path (APPNOTE 4.6.9) counts when the plain name is not ASCII and its checksum fits. A name without any
    `/` from a DOS or Windows archiver is split at its backslashes, as unzip does.
    """
    raw = _raw_name(info)
    name = decode_name(raw)
    if not raw.isascii():
        name = _unicode_path(info.extra, raw) or name
    if info.create_system == 0 and "/" not in name:
        name = name.replace("\\", "/")
    return name


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Name in the extra field 0x7075: version, CRC of the plain name, UTF-8 text."""
    while len(extra) >= 4:  # noqa: PLR2004 - the head of one field
        kind, length = struct.unpack_from("<2H", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5:  # noqa: PLR2004 - version and CRC
            (crc,) = struct.unpack_from("<L", field, 1)
            if crc == zlib.crc32(raw):
                return decode_name(field[5:])
    return None
