"""Two releases without version folders under one root, so that a file has one path in both."""

from __future__ import annotations

from scanner.source.opening import OpenRelease
from scanner.source.paths import common_folder


def align(baseline: OpenRelease, current: OpenRelease) -> None:
    """Take the same folders away from both, where more files have one path then.

    The folders around all files of a release are no part of their paths. When a release has lost, or got, a file beside
    them, as a package that ships no `etc/` any more, that alone would move every file.

    Raises: SourceError.
    """
    before, after = baseline.wrapper, current.wrapper
    if before is None or after is None or before == after:
        return
    whole = [
        {f"{wrapper}{file.path}" for file in side.release.files}
        for wrapper, side in ((before, baseline), (after, current))
    ]
    inner = [{file.path for file in side.release.files} for side in (baseline, current)]
    if len(whole[0] & whole[1]) > len(inner[0] & inner[1]):
        for side in (baseline, current):
            side.keep_folders(common_folder((before, after)))
