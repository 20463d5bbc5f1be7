"""Releases: a folder, an archive or a git ref as a list of files with canonical names, digests and bytes."""

from scanner.source.align import align
from scanner.source.assemble import NOTE_CODES
from scanner.source.folder import read_file
from scanner.source.limits import DEFAULT, SourceLimits
from scanner.source.opening import OpenRelease, open_release
from scanner.source.pair import list_releases, resolve_pair

__all__ = [
    "DEFAULT",
    "NOTE_CODES",
    "OpenRelease",
    "SourceLimits",
    "align",
    "list_releases",
    "open_release",
    "read_file",
    "resolve_pair",
]
