"""A tar archive as a release, compressed or not: read once, front to back.

Members of a compressed archive are written to one unnamed temporary file and read from there; an uncompressed
archive is read in place. The reader is our own because the standard library's ends silently at a damaged header,
which would hide all members behind it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, NamedTuple

from scanner.errors import SourceError
from scanner.model.source import Refusal
from scanner.source.decompress import BoundedStream, DamagedStreamError, compression_of, open_stream
from scanner.source.entries import DIGEST_SIZE, LFS_PROBLEM, Entry, Examined, Problem, is_lfs_pointer
from scanner.source.limits import Budget, SourceLimits
from scanner.source.names import clean_name, decode_name, printable, refused_path
from scanner.source.tar_header import BLOCK, BadHeaderError, TarHeader, parse_header, parse_number, parse_pax

_CHUNK = 1 << 18
_ZERO = bytes(BLOCK)
_REGULAR = frozenset({b"0", b"\0", b"7"})
_FOLDER, _SYMLINK, _HARDLINK = b"5", b"2", b"1"
_SPECIAL = frozenset({b"3", b"4", b"6"})
_PAX, _PAX_GLOBAL, _PAX_SOLARIS = b"x", b"g", b"X"
_LONG_NAME, _LONG_LINK, _LABEL = b"L", b"K", b"V"
_UNSUPPORTED = {b"S": "sparse", b"M": "multi-volume", b"N": "old-long-names"}


class _Stored(NamedTuple):
    """Where a member's bytes lie, and their digest."""

    offset: int
    digest: Examined


class _Pending:
    """Extended headers that apply to the next member."""

    def __init__(self) -> None:
        self.lasting: dict[bytes, bytes] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all but the global headers."""
        self.records: dict[bytes, bytes] = {}
        self.name: bytes | None = None
        self.link: bytes | None = None
        self.sparse_blocks = False

    def apply(self, header: TarHeader) -> bool:
        """Complete a member's header; True when it describes a sparse file. Raises: BadHeaderError."""
        records = self.lasting | self.records
        header.name = self.name if self.name is not None else header.name
        header.link = self.link if self.link is not None else header.link
        header.name = records.get(b"path", header.name)
        header.link = records.get(b"linkpath", header.link)
        size = records.get(b"size")
        if size is not None:
            if not size.isdigit() or len(size) > 18:  # noqa: PLR2004 - digits of a 64-bit number
                message = "an extended header states no valid size"
                raise BadHeaderError(message)
            header.size = int(size)
        return any(key.startswith(b"GNU.sparse.") for key in records)


class TarRelease:
    """A tar archive.

    Raises: SourceError when it is damaged, truncated, a bomb, or the temporary folder is full.
    """

    base = ""

    def __init__(self, path: str, limits: SourceLimits) -> None:
        self._limits = limits
        self.name = printable(Path(path).name)
        self.packed_size = 0
        self.entries: list[Entry] = []
        self.notes: list[Refusal] = []
        self._latest: dict[str, Entry] = {}
        self._budget = Budget(limits)
        self._file: IO[bytes] = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        self._spool: IO[bytes] | None = None
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        size = os.fstat(self._file.fileno()).st_size
        kind = compression_of(self._file.read(BLOCK))
        self._file.seek(0)
        stream = open_stream(self._file, kind, self._limits, size)
        try:
            if kind:
                self._spool = _open_spool()
            self._read_members(stream)
            if self._spool is not None:
                _write(self._spool, b"")
        except BadHeaderError as error:
            if not self.entries and not self.notes:
                message = f"{self.name} is no tar archive: give a folder, a zip or tar archive, or REPO@REF"
            else:
                message = f"{self.name} is damaged at byte {stream.position} ({error}): get it again"
            raise SourceError(message) from error
        except DamagedStreamError as error:
            message = f"{self.name} is damaged or truncated: get it again"
            raise SourceError(message) from error
        except SourceError as error:
            message = f"{self.name} {error}"
            raise SourceError(message) from error

    def _read_members(self, stream: BoundedStream) -> None:
        """All members up to the end mark."""
        pending = _Pending()
        zeros = 0
        while True:
            block = stream.read(BLOCK)
            if not block:
                if not zeros:
                    reason = "no-end-mark: the archive stops without its end mark, it may be cut off"
                    self.notes.append(Refusal(self.name, reason))
                return
            if block == _ZERO:
                zeros += 1
                if zeros > 1:
                    self._check_rest(stream)
                    return
                continue
            zeros = 0
            self._read_member(parse_header(block), stream, pending)

    def _check_rest(self, stream: BoundedStream) -> None:
        """Report data behind the end mark: some programs go on reading there."""
        try:
            while chunk := stream.read(_CHUNK):
                if chunk.strip(b"\0"):
                    break
            else:
                return
        except DamagedStreamError:
            pass
        self.notes.append(Refusal(self.name, "data-after-archive: there are data behind the end of the archive"))

    def _read_member(self, header: TarHeader, stream: BoundedStream, pending: _Pending) -> None:
        """One header and its data."""
        self._budget.count_member()
        if header.kind in {_PAX, _PAX_SOLARIS}:
            pending.records = parse_pax(self._meta(header, stream))
        elif header.kind == _PAX_GLOBAL:
            pending.lasting |= parse_pax(self._meta(header, stream))
        elif header.kind == _LONG_NAME:
            pending.name = self._meta(header, stream).partition(b"\0")[0]
        elif header.kind == _LONG_LINK:
            pending.link = self._meta(header, stream).partition(b"\0")[0]
        else:
            sparse = pending.apply(header)
            pending.clear()
            self._take_in(header, stream, sparse=sparse)

    def _meta(self, header: TarHeader, stream: BoundedStream) -> bytes:
        """Data of an extended header. Raises: BadHeaderError when it is too long."""
        if header.size > self._limits.max_header:
            message = "an extended header is too long"
            raise BadHeaderError(message)
        data = stream.read(header.data_blocks * BLOCK)
        if len(data) < header.size:
            message = "truncated"
            raise DamagedStreamError(message)
        return data[: header.size]

    def _take_in(self, header: TarHeader, stream: BoundedStream, *, sparse: bool) -> None:
        """One member proper: its entry, and its data stored or skipped."""
        kind = header.kind
        regular = kind in _REGULAR or kind not in {_FOLDER, _SYMLINK, _HARDLINK, _LABEL, *_SPECIAL, *_UNSUPPORTED}
        name = decode_name(header.name)
        if regular and name.endswith("/"):
            kind, regular = _FOLDER, False
            self._skip(stream, header.data_blocks * BLOCK)
        cleaned = clean_name(name, self._limits)
        entry = Entry("" if isinstance(cleaned, Problem) else cleaned, header.size)
        if isinstance(cleaned, Problem):
            entry.problem = cleaned
        if sparse or kind in _UNSUPPORTED:
            self._skip_unsupported(header, stream)
            code = "sparse" if sparse else _UNSUPPORTED[kind]
            entry.problem = entry.problem or Problem(f"{code}: this kind of member is not read")
        elif regular:
            self._store(entry, header, stream)
        else:
            self._no_data(entry, kind, header)
        if kind == _FOLDER and entry.problem is None:
            return
        if kind == _LABEL or (kind == _FOLDER and entry.problem and entry.problem.reason.startswith("empty-name")):
            return
        if isinstance(cleaned, Problem):
            self.notes.append(Refusal(refused_path(name), cleaned.reason, cleaned.incomplete))
            return
        self.entries.append(entry)
        if regular or kind == _HARDLINK:
            self._latest[entry.name] = entry

    def _skip_unsupported(self, header: TarHeader, stream: BoundedStream) -> None:
        """Skip the data of a member that is not read, the map of a sparse file included."""
        extended = header.kind == b"S" and header.extended
        while extended:
            block = stream.read(BLOCK)
            if len(block) < BLOCK:
                message = "truncated"
                raise DamagedStreamError(message)
            extended = block[504] != 0
        self._skip(stream, header.data_blocks * BLOCK)

    def _no_data(self, entry: Entry, kind: bytes, header: TarHeader) -> None:
        """A folder, link or special file: only its kind is recorded."""
        if entry.problem is not None:
            return
        if header.size and kind != _LABEL:
            entry.problem = Problem("ambiguous-size: the header of a folder, link or device announces data")
        elif kind == _SYMLINK:
            entry.link = decode_name(header.link)
        elif kind == _HARDLINK:
            self._link_to(entry, header)
        elif kind in _SPECIAL:
            entry.problem = Problem("special-file: a device, pipe or socket", incomplete=False)

    def _link_to(self, entry: Entry, header: TarHeader) -> None:
        """A hard link is a file with the same bytes as an earlier member."""
        target = clean_name(decode_name(header.link), self._limits)
        shown = printable(decode_name(header.link))
        original = None if isinstance(target, Problem) else self._latest.get(target)
        if original is None:
            where = "points outside the release, to" if isinstance(target, Problem) else "no earlier member is called"
            entry.problem = Problem(f"hardlink: {where} {shown}", incomplete=False)
            return
        entry.size, entry.handle, entry.problem = original.size, original.handle, original.problem

    def _store(self, entry: Entry, header: TarHeader, stream: BoundedStream) -> None:
        """Digest a regular file's data and put them aside, or skip them when the file is refused."""
        padding = header.data_blocks * BLOCK - header.size
        reason = "" if entry.problem else self._budget.admit(header.size)
        if entry.problem or reason:
            entry.problem = entry.problem or Problem(reason)
            self._skip(stream, header.size + padding)
            return
        offset = stream.position if self._spool is None else self._spool.tell()
        digest = hashlib.blake2b(digest_size=DIGEST_SIZE)
        left = header.size
        pointer = False
        while left:
            chunk = stream.read(min(left, _CHUNK))
            if not chunk:
                message = "truncated"
                raise DamagedStreamError(message)
            digest.update(chunk)
            if self._spool is not None:
                _write(self._spool, chunk)
            pointer = len(chunk) == header.size and is_lfs_pointer(chunk)
            left -= len(chunk)
        self._skip(stream, padding)
        entry.handle = _Stored(offset, LFS_PROBLEM if pointer else digest.hexdigest())

    def _skip(self, stream: BoundedStream, size: int) -> None:
        while size:
            chunk = stream.read(min(size, _CHUNK))
            if not chunk:
                message = "truncated"
                raise DamagedStreamError(message)
            size -= len(chunk)

    def examine(self, chosen: list[Entry]) -> list[Examined]:
        """Digests, known since the archive was read."""
        return [_stored(entry).digest for entry in chosen]

    def read(self, entry: Entry) -> bytes:
        """Bytes of one member. Raises: SourceError."""
        source = self._spool or self._file
        try:
            source.seek(_stored(entry).offset)
            data = source.read(entry.size)
        except (OSError, ValueError) as error:
            message = f"{self.name}: {printable(entry.name)} cannot be read: scan it again"
            raise SourceError(message) from error
        if len(data) != entry.size:
            message = f"{self.name} changed during the scan: scan a copy that nothing writes to"
            raise SourceError(message)
        return data

    def disk_path(self, entry: Entry) -> str | None:  # noqa: ARG002 - part of the protocol
        """Members have no path of their own."""
        return None

    def close(self) -> None:
        """Close the archive and let go of the temporary file."""
        self._file.close()
        if self._spool is not None:
            with contextlib.suppress(OSError):  # what a full disk did not take is written once more
                self._spool.close()


def _open_spool() -> IO[bytes]:
    """A temporary file without a name. Raises: SourceError."""
    try:
        return tempfile.TemporaryFile(prefix="redcap-scanner-")
    except OSError as error:
        message = "cannot be unpacked, there is no temporary folder: set TMPDIR to a folder that can be written"
        raise SourceError(message) from error


def _write(spool: IO[bytes], chunk: bytes) -> None:
    """Append to the temporary file; nothing to append means all must be written now.

    Raises: SourceError when there is no room.
    """
    try:
        spool.write(chunk)
        if not chunk:
            spool.flush()
    except OSError as error:
        message = "cannot be unpacked, the temporary folder is full: set TMPDIR to a folder with more room"
        raise SourceError(message) from error


def _stored(entry: Entry) -> _Stored:
    if not isinstance(entry.handle, _Stored):
        message = f"{printable(entry.name)} is no member of a tar archive"
        raise SourceError(message)
    return entry.handle


def is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are the header of a tar archive (or the end mark of an empty one)."""
    if head == _ZERO:
        return True
    try:
        parse_header(head)
    except BadHeaderError:
        return False
    return parse_number(head[148:156]) > 0
