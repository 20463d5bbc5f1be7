"""From the members of whatever was opened to a release: canonical, unique, digested, accounted for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from scanner.errors import SourceError
from scanner.model.source import Refusal, Release, SourceFile
from scanner.source.entries import Backend, Entry, Problem
from scanner.source.limits import Budget, SourceLimits
from scanner.source.links import judge_links
from scanner.source.names import origin_text, printable
from scanner.source.paths import VERSION_FOLDER, Layout, find_layout

NOTE_CODES = frozenset({"case-collision", "duplicate-name", "reserved-name"})
"""Codes of refusals that are only remarks on a file that was taken in."""

_PHP_NAME = re.compile(r".*\.(?:php[0-9]?|phtml|phar|inc|module)", re.IGNORECASE | re.DOTALL)
_PHP_TAG = re.compile(rb"<\?(?:php|=)", re.IGNORECASE)


class Assembly:
    """A release, the members behind its paths, and the folders around a plain release (None around another)."""

    def __init__(self, release: Release, members: dict[str, Entry], wrapper: str | None) -> None:
        self.release = release
        self.members = members
        self.wrapper = wrapper


def assemble(backend: Backend, version: str | None, limits: SourceLimits, *, wrapper: str | None = None) -> Assembly:
    """Build the release of an opened backend.

    `wrapper`: folders that are taken away from all paths, with `/` at the end, empty for none; None to find the
    release among the members.

    Raises: SourceError when there is nothing to scan or the version asked for is not there.
    """
    entries = backend.entries
    judge_links(entries)
    names = [entry.name for entry in entries]
    given = wrapper is not None
    layout = Layout(wrapper or "", "", None, frozenset()) if given else find_layout(names, backend.base, version)
    refused = list(backend.notes)
    members = _unique_paths(entries, layout, refused)
    wanted = _admitted(members, layout, Budget(limits, backend.packed_size), refused)
    kept = {path: members[path] for path in wanted}
    files = _examined(backend, kept, refused)
    release = Release(
        name=backend.name,
        version=layout.version,
        layout=layout.kind(names),
        files=tuple(files),
        refused=tuple(sorted(refused)),
    )
    _expect_php(backend, release, kept)
    return Assembly(release, kept, None if layout.folder else layout.root)


def _unique_paths(entries: Sequence[Entry], layout: Layout, refused: list[Refusal]) -> dict[str, Entry]:
    """Members by canonical path.

    Of several members with one name the last has it, as unpacking would leave it; the others get names of their
    own, so that nothing hides behind another.
    """
    members: dict[str, Entry] = {}
    shadowed: list[tuple[str, Entry]] = []
    for entry in entries:
        path = layout.canonical(entry.name)
        if path in members:
            shadowed.append((path, members[path]))
        members[path] = entry
    taken: Counter[str] = Counter()
    for path, entry in shadowed:
        other = path
        while other in members:
            taken[path] += 1
            other = _numbered(path, taken[path])
        members[other] = entry
        refused.append(Refusal(other, f"duplicate-name: another member is also called {path}", incomplete=False))
    refused.extend(_remarks(members))
    return members


def _numbered(path: str, number: int) -> str:
    """`a/b.php` -> `a/b (duplicate 1).php`: the ending stays, since it decides how a file is run."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.partition(".") if not name.startswith(".") else (name, "", "")
    return f"{folder}{slash}{stem} (duplicate {number}){dot}{ending}"


def _remarks(paths: Iterable[str]) -> Iterable[Refusal]:
    """Names that some systems would take for each other, and names that would pass for the version folder."""
    first: dict[str, str] = {}
    for path in sorted(paths):
        if path.startswith(("redcap_v\\x40", "\\x40outside")):
            reason = "reserved-name: the release itself uses a name that stands for something else here"
            yield Refusal(path, reason, incomplete=False)
        known = first.setdefault(path.lower(), path)
        if known != path:
            yield Refusal(path, f"case-collision: differs from {known} only in case", incomplete=False)


def _admitted(members: dict[str, Entry], layout: Layout, budget: Budget, refused: list[Refusal]) -> list[str]:
    """Paths that are read, in the order of their names; the reasons for all others go to `refused`."""
    wanted = []
    for path in sorted(members):
        entry = members[path]
        problem = entry.problem
        if problem is None and layout.is_other_version(entry.name):
            problem = Problem(f"other-version: the release is {VERSION_FOLDER} = {layout.version}", incomplete=False)
        if problem is None:
            reason = budget.admit(entry.size, entry.packed)
            problem = Problem(reason) if reason else None
        if problem is None:
            wanted.append(path)
        else:
            refused.append(Refusal(path, problem.reason, problem.incomplete))
    return wanted


def _examined(backend: Backend, kept: dict[str, Entry], refused: list[Refusal]) -> list[SourceFile]:
    """Files with their digests; a member that cannot be read leaves `kept` for `refused`."""
    files = []
    paths = list(kept)
    for path, result in zip(paths, backend.examine(list(kept.values())), strict=True):
        entry = kept[path]
        if isinstance(result, Problem):
            refused.append(Refusal(path, result.reason, result.incomplete))
            del kept[path]
        else:
            files.append(SourceFile(path=path, origin=origin_text(entry.name), size=entry.size, digest=result))
    return files


def _expect_php(backend: Backend, release: Release, kept: dict[str, Entry]) -> None:
    """Raise SourceError when the release is empty or holds no PHP; a refused member might be PHP, so it passes."""
    if any(item.incomplete for item in release.refused):
        return
    name = printable(release.name)
    if not release.files:
        message = f"{name} holds no files: give the folder or archive of a release"
        raise SourceError(message)
    if any(_PHP_NAME.fullmatch(path) for path in kept):
        return
    if not any(_PHP_TAG.search(backend.read(entry)) for entry in kept.values()):
        message = f"no PHP in {name}: give the folder or archive that holds the release"
        raise SourceError(message)
