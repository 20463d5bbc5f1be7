"""Bytes of a compressed stream, bounded in size, ratio and memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol

import zstandard

from scanner.errors import SourceError
from scanner.source.limits import Budget, SourceLimits

_CHUNK = 1 << 18
MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
"""First bytes of each compression."""


class DamagedStreamError(Exception):
    """The compressed data end early or make no sense; the caller knows what to say of it."""


class _Decoder(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...


class _Gzip:
    """zlib's decoder with the interface of those of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail


def compression_of(head: bytes) -> str:
    """Name of the compression that some first bytes show, empty for none."""
    return next((name for magic, name in MAGIC if head.startswith(magic)), "")


def open_stream(file: IO[bytes], kind: str, limits: SourceLimits, packed: int) -> BoundedStream:
    """A bounded reader over a file, compressed as `compression_of` said."""
    if not kind:
        return BoundedStream(file.read, limits, 0)
    if kind == "zstd":
        decoder = zstandard.ZstdDecompressor(max_window_size=limits.max_memory)
        reader = decoder.stream_reader(file, read_across_frames=True, closefd=False)
        return BoundedStream(reader.read, limits, packed)
    makers: dict[str, Callable[[], _Decoder]] = {
        "gzip": _Gzip,
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=limits.max_memory),
    }
    return BoundedStream(_Chained(file, makers[kind]).read, limits, packed)


class _Chained:
    """Decodes streams that follow each other in one file."""

    def __init__(self, file: IO[bytes], make: Callable[[], _Decoder]) -> None:
        self._file = file
        self._make = make
        self._decoder = make()

    def read(self, size: int) -> bytes:
        """At most `size` bytes, empty at the end."""
        fed = b""
        while True:
            if self._decoder.eof:
                fed = self._decoder.unused_data or self._file.read(_CHUNK)
                if not fed.lstrip(b"\0"):
                    return b""
                self._decoder = self._make()
            elif self._decoder.needs_input:
                fed = self._file.read(_CHUNK)
            ended = not fed and self._decoder.needs_input
            data = self._decoder.decompress(fed, size)
            fed = b""
            if data:
                return data
            if ended and not self._decoder.eof:
                message = "truncated"
                raise DamagedStreamError(message)


class BoundedStream:
    """Reads forward only and counts.

    Raises: SourceError beyond the limits, DamagedStreamError on damaged data.
    """

    def __init__(self, read: Callable[[int], bytes], limits: SourceLimits, packed: int) -> None:
        self._read = read
        self._limit = limits.max_total + limits.max_members * 1024
        self._budget = Budget(limits, packed)
        self._pending = memoryview(b"")
        self.position = 0

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        parts = []
        left = size
        while left:
            if not self._pending:
                self._pending = memoryview(self._next())
                if not self._pending:
                    break
            part, self._pending = self._pending[:left], self._pending[left:]
            parts.append(part)
            left -= len(part)
        self.position += size - left
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    def _next(self) -> bytes:
        try:
            data = self._read(_CHUNK)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, ValueError) as error:
            raise DamagedStreamError(str(error)) from error
        except MemoryError as error:
            message = "the decoder needs more memory than allowed"
            raise DamagedStreamError(message) from error
        total = self.position + len(data)
        if total > self._limit:
            message = f"unpacks to more than {self._limit} bytes: raise the limit if that is right"
            raise SourceError(message)
        if self._budget.is_bomb(total):
            message = "unpacks to far more than its size allows: it is no release but a bomb"
            raise SourceError(message)
        return data
