"""Files of the release as the program reads them while it runs: settings, lists, pictures with something behind them.

Only files that the release holds are read, by their path in it, and only from the release; nothing on this machine is
touched. Reading is bounded for each file and in all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from scanner.errors import SourceError

ROOT = "/@/@/@/@/@"
"""Where the release lies: deep enough that going up from its own folder never reaches the file system's root."""
MAX_FILE = 2_000_000
"""Bytes of a file that is read: lists of texts in many languages are as large."""
MAX_WHOLE = 65_536
"""Bytes of a file up to which its whole text is a value; of larger ones only what can be taken apart is kept."""
_MAX_TOTAL = 40_000_000
_MAX_FILES = 3
"""Files of one path's end that are all taken."""


class ReleaseData:
    """Text of the release's files by path."""

    def __init__(self, paths: Iterable[str] = (), read: Callable[[str], bytes] | None = None) -> None:
        """`read` gives the bytes of a file by its path. It may raise SourceError, KeyError for an unknown path."""
        self._paths = tuple(paths)
        self._read = read
        self._by_base: dict[str, list[str]] | None = None
        self._texts: dict[str, str | None] = {}
        self._left = _MAX_TOTAL

    def find(self, tail: str, near: str) -> list[str]:
        """Paths that end in `tail`, those nearest to `near`; none when they are many."""
        if self._by_base is None:
            self._by_base = defaultdict(list)
            for path in sorted(self._paths):
                self._by_base[path.rpartition("/")[2]].append(path)
        found = [
            path for path in self._by_base.get(tail.rpartition("/")[2], ()) if path == tail or path.endswith("/" + tail)
        ]
        if len(found) > 1:
            shared = {path: common_folders(path, near) for path in found}
            found = [path for path in found if shared[path] == max(shared.values())]
        return found if len(found) <= _MAX_FILES else []

    def text(self, path: str) -> str | None:
        """Text of a file, one character per byte; None where it is too large or cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._load(path)
        return self._texts[path]

    def holds(self, text: str) -> bool:
        """Whether a text stands, in any case, in a file that has been read."""
        return any(known is not None and text.lower() in known.lower() for known in self._texts.values())

    def _load(self, path: str) -> str | None:
        if self._read is None or self._left <= 0:
            return None
        try:
            data = self._read(path)
        except (SourceError, KeyError):
            return None
        if len(data) > MAX_FILE:
            return None
        self._left -= len(data)
        return data.decode("latin-1")


def common_folders(path: str, near: str) -> int:
    """Folders that two paths begin with alike."""
    count = 0
    for left, right in zip(path.split("/")[:-1], near.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
