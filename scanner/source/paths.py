"""Canonical paths: one name for a file in every release, whatever folder or version folder it lies in.

The folder that holds the version folder is the root of the release. `redcap_v15.7.6/` becomes `redcap_v@/`.
What lies beside the root keeps its name below `@outside/`. The mapping of names is injective: a folder that is
really called `redcap_v@` or `@outside` is written with an escaped `@`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scanner.errors import SourceError
from scanner.source.names import printable

VERSION_FOLDER = "redcap_v@"
OUTSIDE = "@outside"
_RESERVED = {VERSION_FOLDER: "redcap_v\\x40", OUTSIDE: "\\x40outside"}
_VERSION = re.compile(r"redcap_v([0-9]{1,9}(?:\.[0-9]{1,9}){1,4})", re.IGNORECASE)
_SIDE_FOLDERS = frozenset({"__MACOSX", ".DS_Store", ".git", "Thumbs.db", "desktop.ini"})
"""Left by archivers and desktops beside a release: they only do not count as a second top folder."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the release lies among the names, and which folder is its version."""

    root: str
    """Wrapping folders, with `/` at the end; empty for none."""
    folder: str
    """Name of the version folder; empty for none."""
    version: str | None
    others: frozenset[str]
    """Folders of other versions."""
    prefix: str = ""
    """Put before every name: the opened folder is itself the version folder."""
    wrapper: str = ""
    """Folders around root and everything beside it."""

    def is_other_version(self, name: str) -> bool:
        """Whether a file belongs to a version folder that is not the release."""
        if not self.others or not name.startswith(self.root):
            return False
        return name[len(self.root) :].partition("/")[0] in self.others

    def canonical(self, name: str) -> str:
        """Canonical path of a member."""
        name = self.prefix + name
        if not name.startswith(self.root):
            return f"{OUTSIDE}/{printable(name.removeprefix(self.wrapper))}"
        head, slash, tail = name[len(self.root) :].partition("/")
        if slash and head == self.folder:
            return f"{VERSION_FOLDER}/{printable(tail)}"
        if head in _RESERVED:
            return _RESERVED[head] + slash + printable(tail)
        return printable(head + slash + tail)

    def kind(self, names: Sequence[str]) -> str:
        """`full`, `upgrade` or `plain`: a release is full when PHP lies beside its version folder."""
        if not self.folder:
            return "plain"
        return "full" if any(self._is_root_php(self.prefix + name) for name in names) else "upgrade"

    def _is_root_php(self, name: str) -> bool:
        """Whether a file is PHP of the release that lies outside its version folder."""
        if not (name.lower().endswith(".php") and name.startswith(self.root)):
            return False
        return not name.startswith(f"{self.root}{self.folder}/") and not self.is_other_version(name)


def folder_version(folder: str) -> str | None:
    """`15.7.6` of `redcap_v15.7.6`, in any case of letters; None for another name."""
    match = _VERSION.fullmatch(folder)
    return match.group(1) if match else None


def version_key(version: str) -> tuple[int, ...]:
    """Sort key: numeric, so that 15.10.0 follows 15.9.9 and 15.7.06 equals 15.7.6."""
    key = [int(part) for part in version.split(".")]
    while key and not key[-1]:
        key.pop()
    return tuple(key)


def find_layout(names: Sequence[str], base: str, version: str | None) -> Layout:
    """Where the release lies among its members' names.

    Args:
        names: Relative POSIX names of all members.
        base: Name of the opened folder, empty for an archive.
        version: Version that the user asked for.

    Raises: SourceError when the version asked for is not there.
    """
    wrapper = _wrapper(names)
    root = _release_root(names, wrapper)
    if root is None and folder_version(base):
        return _choose({base}, "", version, prefix=f"{base}/")
    if root is None:
        if version is not None:
            message = f"no version folder in the release, so no version {version}: leave the version out"
            raise SourceError(message)
        return Layout(wrapper, "", None, frozenset())
    length = len(root)
    tops = {name[length:].partition("/")[0] for name in names if name.startswith(root) and "/" in name[length:]}
    return _choose({top for top in tops if folder_version(top)}, root, version, wrapper=wrapper)


def _wrapper(names: Sequence[str]) -> str:
    """The chain of folders that everything lies in, with `/` at the end."""
    tops = {name.partition("/")[0] for name in names} - _SIDE_FOLDERS
    if len(tops) != 1:
        return ""
    first = f"{next(iter(tops))}/"
    inner = [name for name in names if name.startswith(first)]
    sides = sum(name.partition("/")[0] in _SIDE_FOLDERS for name in names)
    if not inner or len(inner) + sides != len(names):
        return ""
    prefix = common_folder(inner)
    parts = prefix.split("/")
    for index, part in enumerate(parts):
        if folder_version(part):
            return "".join(f"{item}/" for item in parts[:index])
    return prefix


def common_folder(names: Sequence[str]) -> str:
    """Longest common folder of some names, with `/` at the end."""
    low, high = min(names), max(names)
    end = 0
    for index, (left, right) in enumerate(zip(low, high, strict=False)):
        if left != right:
            break
        if left == "/":
            end = index + 1
    return low[:end]


def _release_root(names: Sequence[str], wrapper: str) -> str | None:
    """The folder that holds the version folders: the wrapper, or the highest one with at least half of all files."""
    parents: Counter[str] = Counter()
    for name in names:
        if "redcap_v" in name.lower():
            parent = _parent_of_version(name)
            if parent is not None:
                parents[parent] += 1
    for parent in sorted(parents, key=lambda item: (item.count("/"), -parents[item], item)):
        if parent == wrapper or 2 * sum(name.startswith(parent) for name in names) >= len(names):
            return parent
    return None


def _parent_of_version(name: str) -> str | None:
    parts = name.split("/")
    for index, part in enumerate(parts[:-1]):
        if folder_version(part):
            return "".join(f"{item}/" for item in parts[:index])
    return None


def _choose(folders: set[str], root: str, version: str | None, prefix: str = "", wrapper: str = "") -> Layout:
    """The version folder that is the release: the one asked for, else the highest."""
    exact = {folder for folder in folders if folder.startswith("redcap_v")} or folders
    keys = {folder: version_key(folder_version(folder) or "") for folder in exact}
    wanted = exact
    if version is not None:
        try:
            wanted_key = version_key(version.strip().removeprefix("v"))
        except ValueError as error:
            message = f"{version!r} is no version: write it as 15.7.6"
            raise SourceError(message) from error
        wanted = {folder for folder in exact if keys[folder] == wanted_key}
        if not wanted:
            there = ", ".join(sorted((folder_version(item) or "" for item in exact), key=version_key))
            message = f"no version {version} in the release: it holds {there}"
            raise SourceError(message)
    # Equal numbers (15.7.6 and 15.7.06): the shorter spelling is the release, the other is scanned beside it.
    highest = max(keys[folder] for folder in wanted)
    chosen = min((item for item in wanted if keys[item] == highest), key=lambda item: (len(item), item))
    others = frozenset(item for item in exact if keys[item] != keys[chosen])
    return Layout(root, chosen, folder_version(chosen), others, prefix, wrapper)
