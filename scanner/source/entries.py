"""What every kind of release hands over: its members, and a way to their bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from scanner.model.source import Refusal

DIGEST_SIZE = 32
_LFS_LIMIT = 1024
_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:[0-9a-f]{64}\nsize [0-9]+\n?",
)


class Problem(NamedTuple):
    """Why a member is not taken in."""

    reason: str
    incomplete: bool = True


@dataclass(slots=True)
class Entry:
    """One member that is no folder.

    Shape: `name` is a relative POSIX name without `.` and `..`; bytes that are no UTF-8 stand in it as lone
    surrogates (PEP 383).
    """

    name: str
    size: int
    handle: object = None
    """What the backend needs to find the bytes again."""
    problem: Problem | None = None
    link: str | None = None
    """Target of a symbolic link, as written."""
    packed: int | None = None
    """Compressed size in bytes where the archive states it."""


Examined = str | Problem
"""Digest of a member's bytes, or why there is none."""


class Backend(Protocol):
    """One opened folder, archive or git tree."""

    name: str
    """Name of the release as the report shows it."""
    base: str
    """Name of the folder that the members lie in; `` for archives."""
    entries: list[Entry]
    notes: list[Refusal]
    """Remarks on the release as a whole, and members whose name cannot be used."""
    packed_size: int
    """Bytes of the archive, 0 when the release is not compressed."""

    def examine(self, chosen: list[Entry]) -> list[Examined]:
        """Digests of members, in the order given."""

    def read(self, entry: Entry) -> bytes:
        """Bytes of one member. Raises: SourceError."""

    def disk_path(self, entry: Entry) -> str | None:
        """Absolute path at which another process finds the bytes, or None."""

    def close(self) -> None:
        """Free everything that is held."""


def digest_of(data: bytes) -> str:
    """BLAKE2b-256 of some bytes, hex."""
    return hashlib.blake2b(data, digest_size=DIGEST_SIZE).hexdigest()


def judge_content(data: bytes) -> Examined:
    """Digest of a file's bytes, or the problem that they are only a stand-in for the file."""
    if is_lfs_pointer(data):
        return LFS_PROBLEM
    return digest_of(data)


LFS_PROBLEM = Problem("git-lfs pointer: content is not in the repository")


def is_lfs_pointer(data: bytes) -> bool:
    """Whether the whole content is a pointer of Git LFS (a file that only begins like one is not)."""
    return len(data) < _LFS_LIMIT and _LFS.fullmatch(data) is not None
