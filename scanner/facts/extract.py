"""Facts of one content, within its limits: what a worker does for each file."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

import msgspec

from scanner.errors import SourceError
from scanner.facts.classify import holds_php, php_suffix
from scanner.facts.encoding import front_end_text, wide_encoding
from scanner.files.archives import archive_kind, members, outside
from scanner.files.commands import interpreter_of
from scanner.files.kinds import inner_name, kind_of
from scanner.files.reading import read_other
from scanner.model.facts import FACTS_VERSION, FileFacts, Gap
from scanner.model.other import NOTHING, OtherFacts, Remark
from scanner.model.source import SourceFile
from scanner.php import Vocabulary, extract
from scanner.source import read_file

SECONDS_PER_FILE = 60.0
_MAX_ARCHIVES = 2
"""Archives within archives that are looked into."""
_MAX_NAMES = 200
_MAX_PROBLEM = 200
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(FileFacts)


class Job(NamedTuple):
    """One distinct content to look at."""

    key: str
    """What its facts are cached under."""
    file: SourceFile
    """One of the files with this content."""
    disk: str | None
    """Where a worker can read it, None when `content` is sent along."""
    content: bytes | None


class Outcome(NamedTuple):
    """What became of one job."""

    key: str
    facts: bytes | None
    """Encoded `FileFacts`; b"" for a file without PHP; None when there are none."""
    problem: str = ""
    """Why there are no facts: `code: text`."""
    unread: bool = False
    """The bytes could not be had: another file with the same content may do."""


class _TimeoutError(Exception):
    """A file took longer than its limit."""


def work(job: Job, vocabulary: Vocabulary, seconds: float = SECONDS_PER_FILE) -> Outcome:
    """Facts for one job. Never raises: whatever happens is in the outcome."""
    try:
        content = job.content if job.content is not None else read_file(job.disk or "", job.file)
    except SourceError as error:
        return Outcome(job.key, None, f"unreadable: {error}", unread=True)
    try:
        with _time_limit(seconds):
            return Outcome(job.key, _encoded(content, job.file.path, vocabulary))
    except _TimeoutError:
        return Outcome(job.key, None, timed_out(seconds))
    except (MemoryError, RecursionError) as error:
        return Outcome(job.key, None, f"limit: {type(error).__name__}")
    except Exception as error:  # noqa: BLE001  one bad file never stops a scan: it is reported
        return Outcome(job.key, None, f"internal-error: {type(error).__name__}: {error}"[:_MAX_PROBLEM])


def timed_out(seconds: float) -> str:
    """Problem of a file that took longer than `seconds`."""
    return f"timeout: more than {seconds:g} seconds"


def decode(facts: bytes) -> FileFacts:
    """Facts from what a worker sent or the cache held.

    Raises: msgspec.DecodeError, msgspec.ValidationError for bytes of another version.
    """
    return _DECODER.decode(facts)


def _encoded(content: bytes, path: str, vocabulary: Vocabulary) -> bytes:
    """Facts of a file, b"" when it says nothing."""
    facts = all_facts(content, path, vocabulary)
    return _ENCODER.encode(facts) if facts is not None else b""


def all_facts(content: bytes, path: str, vocabulary: Vocabulary, depth: int = 0) -> FileFacts | None:
    """Facts of the PHP in a file and of everything else that it says; None for neither.

    Of the path only `php_suffix` and `kind_of` count: they are part of cache keys. `depth`: archives around it.
    """
    kind = kind_of(path) or interpreter_of(content)
    inside: list[tuple[str, FileFacts]] = []
    remarks: list[Remark] = []
    cuts: set[str] = set()
    text = front_end_text(content, kind)
    if archive := archive_kind(content):
        found = _Archive(archive, php_suffix(path) or kind.startswith("archive"))
        text = found.read(content, path, vocabulary, depth)
        inside, remarks, cuts = found.inside, found.remarks, found.cuts
    facts = _php(content, text, php_suffix(path), vocabulary)
    other = read_other(text if facts is not None else content, kind, vocabulary.browser, php=facts is not None)
    if archive:
        other = OtherFacts(tuple(sorted((*other.remarks, *remarks))), tuple(sorted({*other.cuts, *cuts})))
    if other == NOTHING and not inside:
        return facts
    if facts is None:
        facts = FileFacts(FACTS_VERSION, (), (), (), (), (), (), content.count(b"\n") + 1, has_php=False)
    return msgspec.structs.replace(facts, other=other, members=tuple(inside))


def _php(content: bytes, text: bytes, named: bool, vocabulary: Vocabulary) -> FileFacts | None:  # noqa: FBT001  see `holds_php`
    if wide_encoding(content):
        return _wide(extract(text, vocabulary))
    return extract(text, vocabulary) if holds_php(named, text) else None


class _Archive:
    """What the members of an archive say.

    Args:
        kind: As `archive_kind` says.
        named: Whether the file's name says that it is an archive.
    """

    def __init__(self, kind: str, named: bool) -> None:  # noqa: FBT001  a fact, not a switch
        self._kind = kind
        self._named = named
        self.inside: list[tuple[str, FileFacts]] = []
        self.remarks: list[Remark] = []
        self.cuts: set[str] = set()

    def read(self, content: bytes, path: str, vocabulary: Vocabulary, depth: int) -> bytes:
        """Read all members, with all bodies since nothing reads them again; gives the PHP that is in no member."""
        if depth >= _MAX_ARCHIVES:
            self.cuts.add("archives-within-archives")
            return content
        whole = msgspec.structs.replace(vocabulary, short=1 << 40)
        contents: list[bytes] = []
        for member in members(content, self._kind, inner_name(path)):
            if member.problem:
                self.cuts.add(f"archive-{member.problem}")
                continue
            contents.append(member.content)
            facts = all_facts(member.content, member.name, whole, depth + 1)
            if facts is not None:
                self.inside.append((member.name, facts))
        if self._kind == "zip-behind" and not contents:
            self.cuts.clear()  # a signature by chance
            return content
        code = sum(facts.has_php for _, facts in self.inside)
        if self._kind == "zip-behind" or code:
            grade = "" if self._named and self._kind != "zip-behind" else "behind"
            self.remarks.append(Remark(0, 1, 1, "archive", self._kind, text=f"{code} files with PHP", grade=grade))
        return outside(content, self._kind, contents) if self._named else content


def _wide(facts: FileFacts) -> FileFacts:
    """Facts of code in UTF-16 or UTF-32, marked as a blind spot: whether PHP runs it is up to the server."""
    names = sorted({name for function in facts.functions for name in function.called if re.match(r"\w", name)})
    gap = Gap(1, facts.lines, "encoding", tuple(names[:_MAX_NAMES]))
    return msgspec.structs.replace(facts, gaps=tuple(sorted({gap, *facts.gaps})))


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TimeoutError` in the block after some seconds.

    Signals reach only the main thread, so elsewhere there is no limit; workers do their jobs in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise _TimeoutError
