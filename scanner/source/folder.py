"""An unpacked folder as a release. No link is followed; whatever cannot be read is accounted for."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scanner.errors import SourceError
from scanner.model.source import Refusal, SourceFile
from scanner.source.entries import DIGEST_SIZE, Entry, Examined, Problem, digest_of, judge_content
from scanner.source.limits import Budget, SourceLimits
from scanner.source.names import decode_name, printable

_CHUNK = 1 << 20
_BATCH = 256
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_GIT_DATA = re.compile(
    r"\.git(?:/(?:HEAD|ORIG_HEAD|FETCH_HEAD|config|description|index|packed-refs|shallow|COMMIT_EDITMSG|info/exclude"
    r"|gitk\.cache|(?:logs|refs)/[^.]*(?:\.[0-9][^./]*)*|hooks/[a-z-]+\.sample"
    r"|objects/(?:[0-9a-f]{2}/[0-9a-f]{38,62}|info/(?:packs|commit-graph)"
    r"|pack/(?:pack-[0-9a-f]{40,64}\.(?:pack|idx|rev|bitmap|keep|mtimes)|multi-pack-index))))?",
)
"""Names that git gives to its own data in a work tree. Anything else below `.git` is scanned like other files."""


class Folder:
    """A directory tree.

    Raises: SourceError when the folder itself cannot be listed or holds too many members.
    """

    packed_size = 0

    def __init__(self, path: str, limits: SourceLimits) -> None:
        self._root = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`, resolve follows links
        self._limits = limits
        base = os.path.basename(self._root)  # noqa: PTH119 - text of a name that may be no UTF-8
        self.base = decode_name(os.fsencode(base))
        self.name = printable(self.base) or "/"
        self.entries: list[Entry] = []
        self.notes: list[Refusal] = []
        self._git_data = 0
        self._walk(Budget(limits))
        if self._git_data:
            reason = f"git-data: {self._git_data} files of git's own data, not part of the release"
            self.notes.append(Refusal(".git", reason, incomplete=False))

    def _walk(self, budget: Budget) -> None:
        """List all members below the root, without recursion."""
        pending = [""]
        while pending:
            relative = pending.pop()
            try:
                with os.scandir(f"{self._root}/{relative}") as items:
                    for item in items:
                        budget.count_member()
                        name = f"{relative}{item.name}"
                        if item.is_dir(follow_symlinks=False):
                            pending.append(f"{name}/")
                        else:
                            self._add(item, name)
            except OSError as error:
                self._unlisted(relative, error)

    def _unlisted(self, relative: str, error: OSError) -> None:
        """Account for a folder that cannot be listed."""
        if not relative:
            message = f"{self.name} cannot be read: {os.strerror(error.errno or 0)}"
            raise SourceError(message) from error
        self.entries.append(Entry(_portable(relative.rstrip("/")), 0, problem=_problem_of(error)))

    def _add(self, item: os.DirEntry[str], name: str) -> None:
        """Take in one member that is no folder."""
        portable = _portable(name)
        if portable.startswith(".git") and _GIT_DATA.fullmatch(portable):
            self._git_data += 1
            return
        entry = Entry(portable, 0, handle=name)
        try:
            state = item.stat(follow_symlinks=False)
            entry.size = state.st_size
            if stat.S_ISLNK(state.st_mode):
                entry.link = self._target(name)
            elif not stat.S_ISREG(state.st_mode):
                entry.problem = Problem("special-file: a device, pipe or socket", incomplete=False)
        except OSError as error:
            entry.problem = _problem_of(error)
        self.entries.append(entry)

    def _target(self, name: str) -> str:
        """Target of a link; one that names this folder by its absolute path is made relative to it."""
        target = os.readlink(f"{self._root}/{name}")  # noqa: PTH115 - Path would rewrite the text
        inside = os.path.normpath(target)
        if inside == self._root or inside.startswith(f"{self._root}/"):
            target = "../" * name.count("/") + inside[len(self._root) + 1 :]
        return _portable(target)

    def examine(self, chosen: list[Entry]) -> list[Examined]:
        """Digests, computed by a few threads (hashing and reading release the interpreter's lock)."""
        batches = [chosen[start : start + _BATCH] for start in range(0, len(chosen), _BATCH)]
        with ThreadPoolExecutor(self._limits.threads) as pool:
            return [result for batch in pool.map(self._examine_batch, batches) for result in batch]

    def _examine_batch(self, batch: Sequence[Entry]) -> list[Examined]:
        return [_examine(f"{self._root}/{entry.handle}", entry.size) for entry in batch]

    def read(self, entry: Entry) -> bytes:
        """Bytes of one member. Raises: SourceError when it vanished or changed its size."""
        return _read_or_raise(f"{self._root}/{entry.handle}", entry.size, printable(entry.name))

    def disk_path(self, entry: Entry) -> str | None:
        """Absolute path of a member."""
        return f"{self._root}/{entry.handle}"

    def close(self) -> None:
        """Nothing is held open."""


def read_file(path: str, file: SourceFile) -> bytes:
    """Bytes of a file of an opened folder, read in any process from `OpenRelease.disk_path`.

    Raises: SourceError when the file is not what was opened any more.
    """
    data = _read_or_raise(path, file.size, file.path)
    check_digest(data, file)
    return data


def check_digest(data: bytes, file: SourceFile) -> None:
    """Raise SourceError unless the bytes are those that were digested when the release was opened."""
    if digest_of(data) != file.digest:
        message = f"{file.path} changed during the scan: scan a copy that nothing writes to"
        raise SourceError(message)


def _read_or_raise(path: str, size: int, shown: str) -> bytes:
    try:
        handle = os.open(path, _FLAGS)
        try:
            data = b"".join(_chunks(handle, size))
        finally:
            os.close(handle)
    except OSError as error:
        message = f"{shown} cannot be read: {_problem_of(error).reason}"
        raise SourceError(message) from error
    if len(data) != size:
        message = f"{shown} changed during the scan: scan a copy that nothing writes to"
        raise SourceError(message)
    return data


def _chunks(handle: int, size: int) -> list[bytes]:
    """A regular file's bytes, at most one more than expected. Raises: OSError."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "no regular file")
    chunks = []
    left = size + 1
    while left > 0:
        chunk = os.read(handle, min(left, _CHUNK))
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return chunks


def _examine(path: str, size: int) -> Examined:
    """Digest of one file; a file that is not what was listed has none."""
    try:
        handle = os.open(path, _FLAGS)
        try:
            return _digest_small(handle, size) if size < _CHUNK else _digest_large(handle, size)
        finally:
            os.close(handle)
    except OSError as error:
        return _problem_of(error)


def _digest_small(handle: int, size: int) -> Examined:
    """Digest of a file that one read returns whole. Raises: OSError."""
    data = os.read(handle, size + 1)
    return judge_content(data) if len(data) == size else _CHANGED


def _digest_large(handle: int, size: int) -> Examined:
    """Digest in chunks, so that a large file is never held whole. Raises: OSError."""
    before = os.fstat(handle)
    digest = hashlib.blake2b(digest_size=DIGEST_SIZE)
    seen = 0
    while seen <= size and (chunk := os.read(handle, _CHUNK)):
        digest.update(chunk)
        seen += len(chunk)
    after = os.fstat(handle)
    same = stat.S_ISREG(after.st_mode) and before.st_mtime_ns == after.st_mtime_ns
    return digest.hexdigest() if same and seen == size else _CHANGED


_CHANGED = Problem("changed: the file changed while it was read")


def _problem_of(error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem("vanished: the file was gone when it was read")
    return Problem(f"unreadable: {os.strerror(error.errno or 0).lower()}")


def _portable(name: str) -> str:
    """Name with undecodable bytes as PEP 383 surrogates, whatever the locale is."""
    return name if name.isascii() else decode_name(os.fsencode(name))


def is_folder(path: str) -> bool:
    """Whether a path is a folder (a link to one included)."""
    return Path(path).is_dir()
