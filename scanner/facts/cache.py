"""What was computed before, by content: one SQLite file, safe for several scans at once and for killed ones.

A cache that cannot be used never stops a scan: every operation degrades to "not cached", and `problem` says why once.
Every entry carries a digest over its key and its value, so a damaged file can lose entries but not change a report.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import zstandard

SCHEMA = 2
"""Layout of the database; another layout lives in another file, so an old cache is never read."""
MAX_BYTES = 2 * 1024**3
"""A larger cache is emptied: facts of releases that nobody scans any more are never asked for again."""
MAX_VALUE = 1 << 30
"""Bytes of one value; an entry that claims more is damaged."""
_CHECK = 16
_CHUNK = 500
_SECONDS = 20.0
"""How long to wait for another scan that is writing."""
_PAUSE = 0.02
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_LOCKED)


def default_folder() -> Path:
    """Cache folder of the user: `$XDG_CACHE_HOME/redcap-scanner`, else `~/.cache/redcap-scanner`.

    Without a home directory it is a folder that cannot be made, so that nothing is cached.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "redcap-scanner"
    try:
        return Path.home() / ".cache" / "redcap-scanner"
    except RuntimeError:
        return Path(os.devnull) / "redcap-scanner"


class Cache:
    """Key-value store of encoded facts and results. Keys are text, values bytes (compressed here)."""

    def __init__(self, folder: Path | None, seconds: float = _SECONDS) -> None:
        self.problem = ""
        self._seconds = seconds
        self._connection: sqlite3.Connection | None = None
        self._compress = zstandard.ZstdCompressor(level=1)
        self._decompress = zstandard.ZstdDecompressor()
        if folder is not None:
            self._path = folder / f"facts-{SCHEMA}.sqlite"
            self._open()

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connect()
        except (OSError, sqlite3.OperationalError) as error:
            self._give_up(error)
        except sqlite3.DatabaseError as error:
            self._discard(error)
            self._open_afresh()

    def _open_afresh(self) -> None:
        """Make the file anew after a damaged one was thrown away."""
        try:
            self._connect()
            self.problem = ""
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _connect(self) -> None:
        """Open the file and make its table. Raises: sqlite3.Error."""
        self._connection = sqlite3.connect(self._path, timeout=self._seconds, isolation_level=None)
        run = self._connection.execute
        self._share(run)
        run("PRAGMA synchronous=OFF")
        run("CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        if self._path.stat().st_size > MAX_BYTES:
            run("DELETE FROM entry")
            run("VACUUM")

    def _share(self, run: Callable[[str], object]) -> None:
        """Switch to the write-ahead log. SQLite does not wait here when another scan makes the same new file."""
        end = time.monotonic() + self._seconds
        while True:
            try:
                run("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _BUSY or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    def _discard(self, error: Exception) -> None:
        """A file that is no database (a torn write, another program): away with it, the next scan makes a new one."""
        self._give_up(error)
        with contextlib.suppress(OSError):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def _give_up(self, error: Exception) -> None:
        self.problem = self.problem or f"cache not used: {error}"
        self.close()

    def _fail(self, error: sqlite3.Error) -> None:
        """Go on without; `OperationalError` is a full disk or a lock, its parent class a damaged file."""
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        (self._discard if damaged else self._give_up)(error)

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Values of the keys that are there and whole."""
        found: dict[str, bytes] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _CHUNK):
            if self._connection is None:
                break
            chunk = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            try:
                rows = self._connection.execute(f"SELECT key, value FROM entry WHERE key IN ({marks})", chunk)  # noqa: S608  only question marks
                for key, stored in rows:
                    value = self._unpack(key, stored)
                    if value is not None:
                        found[key] = value
            except sqlite3.Error as error:
                self._fail(error)
        return found

    def write(self, entries: Mapping[str, bytes]) -> None:
        """Store values in one transaction; all of them or none."""
        if self._connection is None or not entries:
            return
        rows = [(key, self._pack(key, value)) for key, value in entries.items()]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            self._fail(error)

    def _pack(self, key: str, value: bytes) -> bytes:
        return _check(key, value) + self._compress.compress(value)

    def _unpack(self, key: str, stored: object) -> bytes | None:
        """Value of an entry, None for one that is damaged."""
        if not isinstance(stored, bytes):
            return None
        try:
            if zstandard.frame_content_size(stored[_CHECK:]) > MAX_VALUE:
                return None
            value = self._decompress.decompress(stored[_CHECK:])
        except (zstandard.ZstdError, MemoryError):
            return None
        return value if stored[:_CHECK] == _check(key, value) else None

    def close(self) -> None:
        """Release the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check(key: str, value: bytes) -> bytes:
    name = key.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(b"%d:%b%b" % (len(name), name, value), digest_size=_CHECK).digest()
