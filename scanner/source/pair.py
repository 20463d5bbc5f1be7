"""The two releases that `diff` compares when it is given one argument."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scanner.errors import SourceError
from scanner.source.git_objects import GitObjects, git_dir_of
from scanner.source.names import decode_name, printable
from scanner.source.opening import archive_kind
from scanner.source.paths import folder_version, version_key

_VERSION = re.compile(r"(?<![0-9.])[0-9]{1,9}(?:\.[0-9]{1,9}){2,3}(?!\.?[0-9])")
_VERSION_TAG = re.compile(r"\D*[0-9]{1,9}(?:[._][0-9]{1,9}){1,3}(?![0-9]).*", re.DOTALL)
_MAX_COMMITS = 100_000
_MAX_OBJECT = 16 << 20
_DEPTH = 3
"""Folders around the version folder that are looked through in a commit."""
_WIDTH = 64


class _Commit(NamedTuple):
    oid: str
    tree: str
    version: tuple[int, ...] | None


def resolve_pair(spec: str) -> tuple[str, str]:
    """The last two releases that a repository or a folder of releases holds, older first.

    Shape: two texts for `open_release`.
    Raises: SourceError when there are not two.
    """
    found = list_releases(spec)
    if len(found) > 1:
        return found[-2], found[-1]
    if git_dir_of(spec) is not None:
        message = f"only one release on the current branch of {printable(spec)!r}: give two releases, as REPO@REF"
        raise SourceError(message)
    message = (
        f"{printable(spec)!r} holds {len(found)} releases with a version in their names, two are needed:"
        " give two releases"
    )
    raise SourceError(message)


def list_releases(spec: str) -> list[str]:
    """All releases that a repository or a folder of releases holds, oldest first.

    Shape: texts for `open_release`.
    Raises: SourceError when it is neither, or has no commits.
    """
    path = Path(spec)
    if not path.is_dir():
        what = "is one release" if path.exists() else "does not exist"
        message = f"{printable(spec)!r} {what}: give two releases, a git repository or a folder of archives"
        raise SourceError(message)
    git_dir = git_dir_of(spec)
    if git_dir is not None:
        return _releases_of_repository(spec, git_dir)
    return _releases_of_folder(spec)


def other_version_before(git_dir: str, commit: str) -> str | None:
    """The last commit before one, along first parents, that has a release of another version; None for none."""
    objects = GitObjects(git_dir)
    try:
        commits = _first_parents(objects, commit)
        newest = next(commits, None)
        if newest is None or newest.version is None:
            return None
        return next((item.oid for item in commits if item.version not in (None, newest.version)), None)
    finally:
        objects.close()


def _releases_of_folder(spec: str) -> list[str]:
    """Releases in a folder, by the version in their names."""
    best: dict[tuple[int, ...], tuple[bool, bool, str]] = {}
    try:
        names = sorted(os.listdir(spec))  # noqa: PTH208 - names alone are wanted
        for name in names:
            match = _VERSION.search(name)
            path = os.path.join(spec, name)  # noqa: PTH118 - names may be no UTF-8
            if match is None or not _is_release(path):
                continue
            key = version_key(match.group())
            rank = ("upgrade" in name.lower(), Path(path).is_dir(), path)
            best[key] = min(best.get(key, rank), rank)
    except OSError as error:
        message = f"{printable(spec)!r} cannot be read: {os.strerror(error.errno or 0)}"
        raise SourceError(message) from error
    return [best[key][2] for key in sorted(best)]


def _is_release(path: str) -> bool:
    return Path(path).is_dir() or (Path(path).is_file() and archive_kind(path) != "")


def _releases_of_repository(spec: str, git_dir: str) -> list[str]:
    """Releases on the current branch of a repository."""
    objects = GitObjects(git_dir)
    try:
        commits = list(_first_parents(objects, "HEAD"))
        if not commits:
            message = f"{printable(spec)!r} has no commits on its current branch: give two releases"
            raise SourceError(message)
        tags = _tags_by_commit(objects, commits)
    finally:
        objects.close()
    chosen = _releases(commits) if any(commit.version for commit in commits) else []
    if len(chosen) < 2:  # noqa: PLR2004 - a pair
        chosen = [commit for commit in commits if any(_VERSION_TAG.fullmatch(tag) for tag in tags[commit.oid])]
    if len(chosen) < 2 and not any(commit.version for commit in commits):  # noqa: PLR2004
        tagged = [commit for commit in commits if tags[commit.oid]]
        chosen = tagged if len(tagged) > 1 else commits
    return [_spec_of(spec, commit, tags) for commit in reversed(chosen)]


def _releases(commits: Sequence[_Commit]) -> list[_Commit]:
    """Commits, newest first, whose version differs from that of their first parent."""
    before = [*(commit.version for commit in commits[1:]), None]
    return [commit for commit, old in zip(commits, before, strict=True) if commit.version and commit.version != old]


def _spec_of(spec: str, commit: _Commit, tags: dict[str, list[str]]) -> str:
    """Text for `open_release`: by a version tag when the commit has one, else by its id."""
    for name in sorted(tags[commit.oid]):
        if _VERSION_TAG.fullmatch(name):
            return f"{spec}@{name}"
    return f"{spec}@{commit.oid[:12]}"


def _tags_by_commit(objects: GitObjects, commits: Sequence[_Commit]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {commit.oid: [] for commit in commits}
    for name, oid in objects.list_tags():
        if oid in tags:
            tags[oid].append(name)
    return tags


def _first_parents(objects: GitObjects, ref: str) -> Iterator[_Commit]:
    """Commits that a ref has, newest first, along their first parents."""
    versions: dict[str, tuple[int, ...] | None] = {}
    expression = f"{ref}^{{commit}}"
    for _ in range(_MAX_COMMITS):
        found = objects.content(expression, _MAX_OBJECT)
        if found is None or found.data is None or found.type != "commit":
            return
        lines = found.data.partition(b"\n\n")[0].split(b"\n")
        tree = lines[0].removeprefix(b"tree ").decode("ascii", "replace")
        if tree not in versions:
            versions[tree] = _tree_version(objects, tree)
        yield _Commit(found.oid, tree, versions[tree])
        if len(lines) < 2 or not lines[1].startswith(b"parent "):  # noqa: PLR2004 - the second line
            return
        expression = lines[1].removeprefix(b"parent ").decode("ascii", "replace")


def _tree_version(objects: GitObjects, tree: str) -> tuple[int, ...] | None:
    """Highest version folder of a commit, on the first level that has one."""
    level = [tree]
    for _ in range(_DEPTH):
        below: list[str] = []
        highest: tuple[int, ...] | None = None
        for found in objects.contents(level[:_WIDTH], _MAX_OBJECT):
            if found is None or found.data is None:
                continue
            for name, child in _folders(found.data, len(tree) // 2):
                version = folder_version(name)
                below.append(child)
                if version is not None:
                    highest = max(highest or (), version_key(version))
        if highest is not None:
            return highest
        level = below
    return None


def _folders(data: bytes, width: int) -> Iterator[tuple[str, str]]:
    """Names and ids of the folders in a tree object."""
    position = 0
    while (end := data.find(b"\0", position)) != -1:
        mode, _, name = data[position:end].partition(b" ")
        position = end + 1 + width
        if mode in {b"40000", b"040000"}:
            yield decode_name(name), data[end + 1 : position].hex()
