"""A tree of a git repository as a release, read from its objects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scanner.errors import SourceError
from scanner.model.source import Refusal
from scanner.source.entries import Entry, Examined, Problem, judge_content
from scanner.source.git_objects import GitObjects, git_dir_of
from scanner.source.limits import Budget, SourceLimits
from scanner.source.names import decode_name, printable, refused_path

_LINK, _SUBMODULE, _FOLDER = 0o120000, 0o160000, 0o040000
_KIND = 0o170000
_MISSING = Problem("missing: the object is not in the repository or is damaged")
_KNOWN: dict[str, dict[str, tuple[int, Examined]]] = {}
"""Repository -> blob -> size and digest. A blob that two refs share is read once in a process."""


class GitTree:
    """The files of one commit or of a folder in it.

    Args:
        path: Work tree, `.git` folder or bare repository.
        ref: Branch, tag, commit or any expression of git's; `REF:folder` for a part of it.

    Raises: SourceError when there is no repository or no such ref.
    """

    packed_size = 0

    def __init__(self, path: str, ref: str, limits: SourceLimits) -> None:
        git_dir = git_dir_of(path)
        if git_dir is None:
            message = f"{printable(path)} is no git repository: give REPO@REF with a work tree or a bare repository"
            raise SourceError(message)
        self.name = printable(f"{repository_name(path)}@{ref}")
        self.base = ref.partition(":")[2].rstrip("/").rpartition("/")[2]
        self.entries: list[Entry] = []
        self.notes: list[Refusal] = []
        self._limits = limits
        self._known = _KNOWN.setdefault(os.path.realpath(git_dir), {})
        self._objects = GitObjects(git_dir)
        try:
            self._walk(self._resolve(ref), Budget(limits))
            self._measure()
        except BaseException:
            self.close()
            raise

    def _resolve(self, ref: str) -> str:
        """Object id of the tree."""
        expression = ref.rstrip("/") if ":" in ref else f"{ref}^{{tree}}"
        found = self._objects.header(expression) if ref and not ref.startswith(":") else None
        if found is None:
            shown = printable(ref)
            message = f"no branch, tag or commit {shown!r} in the repository: `git tag` and `git branch` list them"
            raise SourceError(message)
        if found.type != "tree":
            message = f"{printable(ref)!r} is no folder: name a commit, or a folder in it as REF:folder"
            raise SourceError(message)
        return found.oid

    def _walk(self, root: str, budget: Budget) -> None:
        """List all members, level by level."""
        level = [("", root)]
        while level:
            below: list[tuple[str, str]] = []
            answers = self._objects.contents((oid for _, oid in level), self._limits.max_file)
            for (prefix, oid), found in zip(level, answers, strict=True):
                if found is None or found.data is None:
                    self.notes.append(Refusal(printable(prefix) or "/", _MISSING.reason))
                    continue
                for mode, name, child in self._parse(prefix, found.data, len(oid) // 2):
                    budget.count_member()
                    self._add(prefix, name, mode, child, below)
            level = below

    def _parse(self, prefix: str, data: bytes, width: int) -> Iterator[tuple[int, str, str]]:
        """Members of a tree object: mode, blank, name, NUL, binary id of `width` bytes."""
        position = 0
        while position < len(data):
            blank = data.find(b" ", position)
            end = data.find(b"\0", blank)
            if blank == -1 or end == -1 or not data[position:blank].isdigit() or end + width >= len(data) + 1:
                self.notes.append(Refusal(printable(prefix) or "/", "damaged: the folder's listing makes no sense"))
                return
            mode = int(data[position:blank], 8)
            position = end + 1 + width
            yield mode, decode_name(data[blank + 1 : end]), data[end + 1 : position].hex()

    def _add(self, prefix: str, name: str, mode: int, oid: str, below: list[tuple[str, str]]) -> None:
        """Take in one member of a folder."""
        path = prefix + name
        if name in {"", ".", ".."} or "/" in name or len(path) > self._limits.max_name:
            self.notes.append(Refusal(refused_path(path), "traversal: no folder can hold a member of that name"))
            return
        kind = mode & _KIND
        if kind == _FOLDER:
            below.append((f"{path}/", oid))
            return
        entry = Entry(path, 0, handle=oid)
        if kind == _SUBMODULE:
            entry.problem = Problem("submodule: its content is in another repository")
        elif kind == _LINK:
            entry.link = ""
        self.entries.append(entry)

    def _measure(self) -> None:
        """Sizes of all blobs and targets of all links."""
        blobs = [entry for entry in self.entries if entry.problem is None]
        unknown = sorted({_oid(entry) for entry in blobs} - self._known.keys())
        sizes = {oid: known[0] for oid, known in self._known.items()} if blobs else {}
        for oid, found in zip(unknown, self._objects.headers(unknown), strict=True):
            if found is not None and found.type == "blob":
                sizes[oid] = found.size
        for entry in blobs:
            size = sizes.get(_oid(entry))
            if size is None:
                entry.problem = _MISSING
                entry.link = None
            else:
                entry.size = size
        self._read_links([entry for entry in blobs if entry.link is not None])

    def _read_links(self, links: list[Entry]) -> None:
        answers = self._objects.contents((_oid(entry) for entry in links), self._limits.max_name)
        for entry, found in zip(links, answers, strict=True):
            if found is None or found.data is None:
                entry.link = None
                entry.problem = Problem("symlink: its target cannot be read")
            else:
                entry.link = decode_name(found.data)

    def examine(self, chosen: list[Entry]) -> list[Examined]:
        """Digests; only blobs that no earlier release of this process had are read."""
        unknown = list(dict.fromkeys(_oid(entry) for entry in chosen if _oid(entry) not in self._known))
        for oid, found in zip(unknown, self._objects.contents(unknown, self._limits.max_file), strict=True):
            if found is not None and found.data is not None:
                self._known[oid] = (found.size, judge_content(found.data))
        return [self._known.get(_oid(entry), (0, _MISSING))[1] for entry in chosen]

    def read(self, entry: Entry) -> bytes:
        """Bytes of one member. Raises: SourceError."""
        found = self._objects.content(_oid(entry), self._limits.max_file)
        if found is None or found.data is None:
            message = f"{self.name}: {printable(entry.name)} is not in the repository or is damaged: run `git fsck`"
            raise SourceError(message)
        return found.data

    def disk_path(self, entry: Entry) -> str | None:  # noqa: ARG002 - part of the protocol
        """Blobs have no path of their own."""
        return None

    def close(self) -> None:
        """Stop git."""
        self._objects.close()


def _oid(entry: Entry) -> str:
    return str(entry.handle)


def repository_name(path: str) -> str:
    """Name of a repository: its folder, or the folder that holds its `.git`."""
    root = Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`
    name = root.parent.name if root.name == ".git" else root.name
    return decode_name(os.fsencode(name))
