"""Facts of a whole release: from what is known where the content is, else from workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from scanner.errors import SourceError
from scanner.facts.extract import Job, Outcome
from scanner.facts.known import Known
from scanner.facts.workers import Workers
from scanner.model.facts import FileFacts
from scanner.model.other import MEMBER_MARK, NOTHING, OtherFacts
from scanner.model.source import SourceFile


class Contents(Protocol):
    """Where the bytes of a release's files come from (`scanner.source.OpenRelease`)."""

    def read(self, file: SourceFile) -> bytes:
        """Content of a file. Raises: SourceError."""

    def disk_path(self, file: SourceFile) -> str | None:
        """Where a worker can read it by itself."""


class Gathered(NamedTuple):
    """What became of every file: a file that is in no mapping says nothing."""

    facts: Mapping[str, FileFacts]
    """Path -> facts of every file with PHP in it, in the order of paths."""
    failed: Mapping[str, str]
    """Path -> problem, for files that could not be analysed."""
    cached: int
    """Files whose facts were known before."""
    others: Mapping[str, OtherFacts]
    """Path -> what files say besides PHP, in the order of paths."""


def gather(
    files: tuple[SourceFile, ...],
    contents: Contents,
    known: Known,
    workers: Workers,
    advance: Callable[[int], None],
) -> Gathered:
    """Facts of every PHP file of a release; the same content is analysed once. `advance` is told files done."""
    copies: dict[str, list[SourceFile]] = {}
    for file in files:
        copies.setdefault(known.key_of(file), []).append(file)
    found = known.find(copies)
    cached = sum(len(copies[key]) for key in found)
    advance(cached)
    failed: dict[str, str] = {}
    waiting = {key: group for key, group in copies.items() if key not in found}
    while waiting:
        unread: dict[str, list[SourceFile]] = {}
        for outcome in _outcomes(waiting, contents, workers):
            group = waiting[outcome.key]
            if outcome.facts is not None:
                found[outcome.key] = known.add(outcome.key, outcome.facts)
            elif outcome.unread:
                failed[group[0].path] = outcome.problem
                advance(1)
                if group[1:]:
                    unread[outcome.key] = group[1:]
                continue
            else:
                failed.update((file.path, outcome.problem) for file in group)
            advance(len(group))
        waiting = unread
    known.save()
    facts: dict[str, FileFacts] = {}
    others: dict[str, OtherFacts] = {}
    for file in files:
        fact = found.get(known.key_of(file))
        if fact is not None and file.path not in failed:
            _sort_in(file.path, fact, facts, others)
    return Gathered(facts, failed, cached, others)


def _sort_in(path: str, fact: FileFacts, facts: dict[str, FileFacts], others: dict[str, OtherFacts]) -> None:
    """A file's facts to where they belong, and those of the members of an archive under its own path."""
    if fact.has_php or fact.functions:
        facts[path] = fact
    if fact.other != NOTHING:
        others[path] = fact.other
    for name, member in fact.members:
        _sort_in(f"{path}{MEMBER_MARK}{name}", member, facts, others)


def _outcomes(waiting: Mapping[str, list[SourceFile]], contents: Contents, workers: Workers) -> Iterator[Outcome]:
    """Outcome for the first file of each group."""
    unread: list[Outcome] = []
    total = sum(group[0].size for group in waiting.values())
    yield from workers.run(_jobs(waiting, contents, unread), total)
    yield from unread


def _jobs(waiting: Mapping[str, list[SourceFile]], contents: Contents, unread: list[Outcome]) -> Iterator[Job]:
    """Jobs, largest files first, so that no worker is left with a large one at the end."""
    first = sorted(((group[0], key) for key, group in waiting.items()), key=lambda item: (-item[0].size, item[1]))
    for file, key in first:
        disk = contents.disk_path(file)
        content: bytes | None = None
        if disk is None:
            try:
                content = contents.read(file)
            except SourceError as error:
                unread.append(Outcome(key, None, f"unreadable: {error}", unread=True))
                continue
        yield Job(key, file, disk, content)
