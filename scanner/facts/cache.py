"""What was computed before, by content: one SQLite file, safe for several scans at once and for killed ones.

A cache that cannot be used never stops a scan: every operation degrades to "not cached", and `problem` says why once.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

import zstandard

SCHEMA = 1
"""Layout of the database; another layout lives in another file, so an old cache is never read."""
MAX_BYTES = 2 * 1024**3
_CHUNK = 500


def default_folder() -> Path:
    """Cache folder of the user: `$XDG_CACHE_HOME/redcap-scanner`, else `~/.cache/redcap-scanner`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "redcap-scanner"


class Cache:
    """Key-value store of encoded facts and results. Keys are text, values bytes (compressed here)."""

    def __init__(self, folder: Path | None) -> None:
        self.problem = ""
        self._connection: sqlite3.Connection | None = None
        self._compress = zstandard.ZstdCompressor(level=1)
        self._decompress = zstandard.ZstdDecompressor()
        if folder is not None:
            self._open(folder)

    def _open(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"facts-{SCHEMA}.sqlite"
            if path.exists() and path.stat().st_size > MAX_BYTES:
                path.unlink()
            self._connection = self._connect(path)
        except sqlite3.DatabaseError:
            self._replace(folder / f"facts-{SCHEMA}.sqlite")
        except OSError as error:
            self._give_up(error)

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=20, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        return connection

    def _replace(self, path: Path) -> None:
        """A file that is no database (a torn write, another program): start afresh."""
        try:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._connection = self._connect(path)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.problem = self.problem or f"cache not used: {error}"
        self.close()

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Values of the keys that are there."""
        found: dict[str, bytes] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _CHUNK):
            if self._connection is None:
                break
            chunk = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            try:
                rows = self._connection.execute(f"SELECT key, value FROM entry WHERE key IN ({marks})", chunk)  # noqa: S608  only question marks
                for key, value in rows:
                    with contextlib.suppress(zstandard.ZstdError):
                        found[key] = self._decompress.decompress(value)
            except sqlite3.Error as error:
                self._give_up(error)
        return found

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Store values in one transaction; all of them or none."""
        if self._connection is None or not entries:
            return
        rows = [(key, self._compress.compress(value)) for key, value in entries.items()]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            self._give_up(error)

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
