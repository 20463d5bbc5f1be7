"""Facts of a whole release: from the cache where the content is known, else from workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import msgspec

from scanner.facts.cache import Cache
from scanner.facts.extract import Job, decode, extract_all
from scanner.model.facts import FACTS_VERSION, FileFacts
from scanner.model.source import SourceFile
from scanner.php import Vocabulary

_WRITE_EVERY = 400


class Contents(Protocol):
    """Where the bytes of a release's files come from (`scanner.source.OpenRelease`)."""

    def read(self, file: SourceFile) -> bytes:
        """Content of a file."""

    def disk_path(self, file: SourceFile) -> str | None:
        """Where a worker can read it by itself."""


class Gathered(NamedTuple):
    """Facts by canonical path, and what became of every file."""

    facts: Mapping[str, FileFacts]
    failed: Mapping[str, str]
    """Path -> problem, for files that could not be analysed."""
    cached: int
    """Files whose facts came from the cache."""


def gather(
    files: tuple[SourceFile, ...],
    contents: Contents,
    vocabulary: Vocabulary,
    cache: Cache,
    salt: str,
    workers: int,
    advance: Callable[[int], None],
) -> Gathered:
    """Facts of every PHP file of a release; the same content is analysed once.

    `salt` is what facts depend on besides the bytes: the vocabulary's digest.
    """
    by_digest: dict[str, list[SourceFile]] = {}
    for file in files:
        by_digest.setdefault(_key(file, salt), []).append(file)
    encoded = cache.read(by_digest)
    decoded: dict[str, FileFacts | None] = {}
    for key, data in encoded.items():
        try:
            decoded[key] = decode(data) if data else None
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
    cached = sum(len(by_digest[key]) for key in decoded)
    advance(cached)
    problems: dict[str, str] = {}
    missing = {key: group[0] for key, group in by_digest.items() if key not in decoded}
    fresh: dict[str, bytes] = {}
    for outcome in extract_all(_jobs(missing, contents, problems), vocabulary, workers, advance):
        if outcome.facts is None:
            problems[outcome.digest] = outcome.problem
            continue
        decoded[outcome.digest] = decode(outcome.facts) if outcome.facts else None
        fresh[outcome.digest] = outcome.facts
        if len(fresh) >= _WRITE_EVERY:
            cache.write(fresh)
            fresh = {}
    cache.write(fresh)
    facts: dict[str, FileFacts] = {}
    failed: dict[str, str] = {}
    for key, group in by_digest.items():
        known = decoded.get(key)
        for file in group:
            if key in problems:
                failed[file.path] = problems[key]
            elif known is not None:
                facts[file.path] = known
    return Gathered(facts, failed, cached)


def _key(file: SourceFile, salt: str) -> str:
    """Cache key: content, front end, vocabulary, and the suffix, which decides what counts as PHP."""
    suffix = file.path.rpartition("/")[2].lower().rpartition(".")[2][:12]
    return f"facts:{FACTS_VERSION}:{salt}:{suffix}:{file.digest}"


def _jobs(missing: Mapping[str, SourceFile], contents: Contents, problems: dict[str, str]) -> Iterator[Job]:
    """Jobs, largest files first, so that no worker is left with a large one at the end."""
    for key, file in sorted(missing.items(), key=lambda item: (-item[1].size, item[0])):
        disk = contents.disk_path(file)
        content: bytes | None = None
        if disk is None:
            try:
                content = contents.read(file)
            except Exception as error:  # noqa: BLE001  one unreadable member never stops a scan: it is reported
                problems[key] = f"unreadable: {error}"
                continue
        yield Job(key, file.path, disk, content, file.size)
