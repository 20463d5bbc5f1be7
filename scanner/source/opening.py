"""What a user names - a path or a git ref - opened as a release."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from scanner.errors import SourceError
from scanner.model.source import Release, SourceFile
from scanner.source.assemble import Assembly, assemble
from scanner.source.decompress import compression_of
from scanner.source.entries import Backend
from scanner.source.folder import Folder, check_digest
from scanner.source.git_objects import GitObjects, git_dir_of
from scanner.source.git_tree import GitTree
from scanner.source.limits import DEFAULT, SourceLimits
from scanner.source.names import printable
from scanner.source.tar_archive import TarRelease, is_tar
from scanner.source.zip_archive import ZipRelease

_FORMS = "give a folder, a zip or tar archive, or REPO@REF"
_BLOCK = 512
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 66_000
"""Bytes at the end of a zip archive in which its end record lies: 22 and a comment of up to 65,535."""


class OpenRelease:
    """An opened release: its list of files, and their bytes.

    Use it in a `with` statement. It belongs to one process and one thread; other processes read a folder's files
    themselves, with `disk_path` and `scanner.source.read_file`.
    """

    def __init__(self, backend: Backend, version: str | None, limits: SourceLimits, *, whole: bool = False) -> None:
        self._backend = backend
        self._limits = limits
        self._take(assemble(backend, version, limits, wrapper="" if whole else None))

    def _take(self, assembly: Assembly) -> None:
        self.release: Release = assembly.release
        self._members = assembly.members
        self.wrapper = assembly.wrapper
        """Folders around a release without a version folder, taken away from its paths; None with a version folder."""

    def keep_folders(self, wrapper: str) -> None:
        """Take only these folders away from the paths of all files. Raises: SourceError."""
        self._take(assemble(self._backend, None, self._limits, wrapper=wrapper))

    def read(self, file: SourceFile) -> bytes:
        """Bytes of one file, checked against its digest.

        Raises: SourceError when they cannot be read (any more) or are not those that were opened.
        """
        if file.path not in self._members:
            message = f"{file.path} is no file of {self.release.name}"
            raise SourceError(message)
        data = self._backend.read(self._members[file.path])
        check_digest(data, file)
        return data

    def disk_path(self, file: SourceFile) -> str | None:
        """Absolute path of the file for another process; None for archives and git, which only `read` reaches."""
        entry = self._members.get(file.path)
        return self._backend.disk_path(entry) if entry is not None else None

    def close(self) -> None:
        """Free files and processes."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_release(
    spec: str, *, version: str | None = None, limits: SourceLimits = DEFAULT, whole: bool = False
) -> OpenRelease:
    """Open what a user named.

    Args:
        spec: A folder; a zip or tar archive (told by content, not by name); `REPO@REF` with a branch, tag, commit or
            `REF:folder`; or a bare `REF` inside a repository. An existing path wins over the reading with `@`.
        version: Which `redcap_v*` folder is the release; the highest when None.
        limits: Bounds on what is taken in.
        whole: Keep all paths as they stand: no folder around the files is taken away, none is the release.

    Raises: SourceError, in one line that says what to do.
    """
    backend = _backend(spec, limits)
    try:
        return OpenRelease(backend, version, limits, whole=whole)
    except BaseException:
        backend.close()
        raise


def _backend(spec: str, limits: SourceLimits) -> Backend:
    if not spec or "\0" in spec:
        message = f"no release named: {_FORMS}"
        raise SourceError(message)
    if os.path.lexists(spec):
        return _open_path(spec, limits)
    split = split_ref(spec)
    if split is not None:
        return GitTree(*split, limits)
    repository = _repository_around(str(Path.cwd()))
    if repository is not None and has_ref(repository, spec):
        return GitTree(repository, spec, limits)
    message = f"nothing found at {printable(spec)!r}: {_FORMS}"
    raise SourceError(message)


def split_ref(spec: str) -> tuple[str, str] | None:
    """Repository and ref of `REPO@REF`; both may hold `@`, so the longest existing path is the repository."""
    at = spec.rfind("@")
    while at > 0:
        if Path(spec[:at]).exists():
            return spec[:at], spec[at + 1 :]
        at = spec.rfind("@", 0, at)
    return None


def has_ref(repository: str, ref: str) -> bool:
    """Whether a repository knows a commit or tree by this name."""
    git_dir = git_dir_of(repository)
    if git_dir is None or "\n" in ref:
        return False
    objects = GitObjects(git_dir)
    try:
        return objects.header(ref if ":" in ref else f"{ref}^{{tree}}") is not None
    finally:
        objects.close()


def _repository_around(path: str) -> str | None:
    """The repository that a folder lies in."""
    for folder in (Path(path), *Path(path).parents):
        if git_dir_of(str(folder)) is not None:
            return str(folder)
    return None


def _open_path(path: str, limits: SourceLimits) -> Backend:
    """Open an existing path."""
    shown = printable(Path(path).name or path)
    if Path(path).is_dir():
        if is_bare(path):
            message = f"{shown} is a git repository without files: name a ref, as in {shown}@REF"
            raise SourceError(message)
        return Folder(path, limits)
    if not Path(path).is_file():
        message = f"{shown} is neither a folder nor a regular file: {_FORMS}"
        raise SourceError(message)
    try:
        kind = archive_kind(path)
        if kind == "zip":
            return ZipRelease(path, limits)
        if kind == "tar":
            return TarRelease(path, limits)
    except OSError as error:
        message = f"{shown} cannot be read: {os.strerror(error.errno or 0)}"
        raise SourceError(message) from error
    message = f"{shown} is neither a zip nor a tar archive: {_FORMS}"
    raise SourceError(message)


def is_bare(path: str) -> bool:
    """Whether a folder is itself a repository's database (bare, or a `.git` folder)."""
    root = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`
    return git_dir_of(path) == root and (Path(root) / "refs").is_dir()


def archive_kind(path: str) -> str:
    """`zip`, `tar` (compressed or not) or an empty text, by content. Raises: OSError."""
    with Path(path).open("rb") as file:
        head = file.read(_BLOCK)
        if head.startswith(_ZIP_MAGIC):
            return "zip"
        if compression_of(head) or is_tar(head):
            return "tar"
        file.seek(max(0, os.fstat(file.fileno()).st_size - _ZIP_TAIL))
        return "zip" if _ZIP_END in file.read() else ""
