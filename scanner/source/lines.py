"""Single lines of a release's files, for people who read what a finding says."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from scanner.errors import SourceError
from scanner.source.opening import open_release


def source_lines(
    source: str, places: Iterable[tuple[str, int]], version: str | None = None
) -> dict[str, dict[int, str]]:
    """Lines of a release by canonical path and 1-based number; what is not there is left out.

    Raises: ScannerError when the release cannot be opened.
    """
    wanted: dict[str, set[int]] = {}
    for path, line in places:
        wanted.setdefault(path, set()).add(line)
    found: dict[str, dict[int, str]] = {}
    with open_release(source, version=version) as opened:
        files = {file.path: file for file in opened.release.files}
        for path in sorted(wanted.keys() & files.keys()):
            with suppress(SourceError):
                lines = opened.read(files[path]).split(b"\n")
                found[path] = {
                    number: lines[number - 1].decode("utf-8", "replace").rstrip("\r")
                    for number in sorted(wanted[path])
                    if 0 < number <= len(lines)
                }
    return found
