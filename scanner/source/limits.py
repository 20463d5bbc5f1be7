"""Bounds on what is taken in from a release, and the account that is kept of them."""

from __future__ import annotations

import msgspec

from scanner.errors import SourceError

MEBIBYTE = 1 << 20


class SourceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of this stage. A release that stays within them is read whole."""

    max_file: int = 64 * MEBIBYTE
    """Bytes of one file; a larger one is refused with `too-large` and the scan goes on."""
    max_total: int = 8 * 1024 * MEBIBYTE
    """Bytes of all files; those beyond are refused with `total-limit`. A compressed tar beyond it is an error."""
    max_members: int = 500_000
    """Files, links and folders; more of them is an error."""
    max_ratio: int = 200
    """Uncompressed by compressed size. Repetitive PHP text reaches about 100, a bomb a thousand."""
    ratio_floor: int = 16 * MEBIBYTE
    """Uncompressed bytes up to which no ratio is suspicious."""
    max_name: int = 4096
    """Bytes of a member's name (PATH_MAX of Linux)."""
    max_header: int = MEBIBYTE
    """Bytes of one extended header of a tar archive."""
    max_memory: int = 256 * MEBIBYTE
    """Bytes that an xz or zstd decoder may ask for."""
    threads: int = 2
    """Threads that read a folder."""


DEFAULT = SourceLimits()


class Budget:
    """Running totals of one release against its limits.

    Args:
        limits: The bounds.
        packed: Size of the archive in bytes, 0 when the release is not compressed.
    """

    def __init__(self, limits: SourceLimits, packed: int = 0) -> None:
        self._limits = limits
        self._packed = packed
        self._members = 0
        self._total = 0

    def count_member(self) -> None:
        """Count one file, link or folder. Raises: SourceError when there are too many."""
        self._members += 1
        if self._members > self._limits.max_members:
            message = f"holds more than {self._limits.max_members} members: raise the limit if that is right"
            raise SourceError(message)

    def admit(self, size: int, packed: int | None = None) -> str:
        """Reason not to read a file of `size` bytes, or an empty text when it may be read (it is then counted).

        Units: bytes; `packed` is the compressed size, None when unknown.
        """
        limits = self._limits
        if size < 0:
            return "bad-size: the size is negative"
        if size > limits.max_file:
            return f"too-large: {size} bytes, limit {limits.max_file}"
        if packed is not None and size > limits.ratio_floor and size > packed * limits.max_ratio:
            return f"compression-ratio: {packed} bytes unpack to {size}, limit {limits.max_ratio} to 1"
        total = self._total + size
        if total > limits.max_total:
            return f"total-limit: all files together exceed {limits.max_total} bytes"
        if self.is_bomb(total):
            return f"compression-ratio: the archive unpacks to more than {limits.max_ratio} times its size"
        self._total = total
        return ""

    def is_bomb(self, unpacked: int) -> bool:
        """Whether so many bytes are too many for the size of the archive."""
        limits = self._limits
        return bool(self._packed) and unpacked > limits.ratio_floor and unpacked > self._packed * limits.max_ratio
