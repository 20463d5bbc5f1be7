"""A release as a list of files with canonical names and content digests."""

from __future__ import annotations

import msgspec


class SourceFile(msgspec.Struct, frozen=True):
    """One regular file of a release."""

    path: str
    """Canonical path: POSIX, relative to the release root, version folder written `redcap_v@`."""
    origin: str
    """Name as it stands in the release (member name, path below the given folder, git path)."""
    size: int
    """Bytes."""
    digest: str
    """BLAKE2b-256 of the content, hex: the key of everything that is cached."""


class Refusal(msgspec.Struct, frozen=True, order=True):
    """A member or file that was not taken in, and why. Refusals are part of the coverage account."""

    path: str
    reason: str
    """`kebab-case-code: short text`, for example `symlink: points outside the release`."""
    incomplete: bool = True
    """Whether this makes the scan incomplete (exit code 3). False for what is by design no content of the
    release: a link to a file that is scanned anyway, an older version folder beside the newest."""


class Release(msgspec.Struct, frozen=True):
    """What was opened: files sorted by canonical path, and what was left out."""

    name: str
    """Base name of the folder or archive, or `repository@ref`. Never an absolute path."""
    version: str | None
    """Version read from the version folder, `15.7.6`; None when the release has none."""
    layout: str
    """`full` (root files and version folder), `upgrade` (version folder alone), `plain` (no version folder)."""
    files: tuple[SourceFile, ...]
    refused: tuple[Refusal, ...] = ()
