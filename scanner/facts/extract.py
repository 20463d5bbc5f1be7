"""Facts of many files, computed in worker processes.

A worker that dies (a crash in native code, the out-of-memory killer) costs one file, never the scan: its batch is
repeated file by file, and the file that kills again is reported as skipped.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

from scanner.facts.classify import holds_php
from scanner.model.facts import FileFacts
from scanner.php import Vocabulary, extract

BATCH_BYTES = 1_500_000
SECONDS_PER_FILE = 60
_ENCODER = msgspec.msgpack.Encoder()
_vocabulary: Vocabulary | None = None


class Job(NamedTuple):
    """One distinct content to look at."""

    digest: str
    path: str
    """Canonical path of one file with this content: its suffix matters."""
    disk: str | None
    """Where a worker can read it, None when `content` is sent along."""
    content: bytes | None
    size: int


class Outcome(NamedTuple):
    """What became of one job."""

    digest: str
    facts: bytes | None
    """Encoded `FileFacts`; b"" for a file without PHP; None when it failed."""
    problem: str


class _FileTimeoutError(Exception):
    """A file took longer than its limit."""


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise _FileTimeoutError


def _start(vocabulary: Vocabulary) -> None:
    global _vocabulary  # noqa: PLW0603  set once per worker process
    _vocabulary = vocabulary
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(jobs: Sequence[Job]) -> list[Outcome]:
    return [_one(job) for job in jobs]


def _one(job: Job) -> Outcome:
    try:
        content = job.content if job.content is not None else Path(job.disk or "").read_bytes()
    except OSError as error:
        return Outcome(job.digest, None, f"unreadable: {error.strerror or error}")
    if not holds_php(job.path, content):
        return Outcome(job.digest, b"", "")
    previous = signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(SECONDS_PER_FILE)
    try:
        return Outcome(job.digest, _ENCODER.encode(extract(content, _vocabulary)), "")
    except _FileTimeoutError:
        return Outcome(job.digest, None, f"timeout: more than {SECONDS_PER_FILE} seconds")
    except (MemoryError, RecursionError) as error:
        return Outcome(job.digest, None, f"limit: {type(error).__name__}")
    except Exception as error:  # noqa: BLE001  one bad file never stops a scan: it is reported
        return Outcome(job.digest, None, f"internal-error: {type(error).__name__}: {error}"[:200])
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def batches(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Jobs in batches of about equal bytes."""
    batch: list[Job] = []
    size = 0
    for job in jobs:
        batch.append(job)
        size += job.size + 2000
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def extract_all(
    jobs: Iterable[Job], vocabulary: Vocabulary, workers: int, done: Callable[[int], None]
) -> Iterator[Outcome]:
    """Outcome of every job, in no particular order. `done` is told how many files were finished.

    Jobs are taken one batch ahead of the workers, so contents sent along are not all in memory at once.
    """
    if workers <= 1:
        for batch in batches(jobs):
            for job in batch:
                yield _in_process(job, vocabulary)
            done(len(batch))
        return
    source = batches(jobs)
    failed: list[Job] = []
    pool = _pool(vocabulary, workers)
    running: dict[Future[list[Outcome]], list[Job]] = {}
    try:
        exhausted = False
        while running or not exhausted:
            while not exhausted and len(running) < workers + 2:
                batch = next(source, None)
                if batch is None:
                    exhausted = True
                    break
                running[pool.submit(_work, batch)] = batch
            finished, _waiting = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                batch = running.pop(future)
                try:
                    yield from future.result()
                    done(len(batch))
                except BrokenProcessPool:
                    failed.extend(batch)
                    for other in running.values():
                        failed.extend(other)
                    running.clear()
                    pool.shutdown(wait=False)
                    pool = _pool(vocabulary, workers)
                    break
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for job in failed:
        yield _alone(job, vocabulary)
        done(1)


def _pool(vocabulary: Vocabulary, workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(vocabulary,))


def _alone(job: Job, vocabulary: Vocabulary) -> Outcome:
    """A job in a process of its own, after the pool died with it or with a neighbour."""
    with _pool(vocabulary, 1) as pool:
        try:
            return pool.submit(_work, [job]).result()[0]
        except BrokenProcessPool:
            return Outcome(job.digest, None, "crash: the worker process died")


def _in_process(job: Job, vocabulary: Vocabulary) -> Outcome:
    global _vocabulary  # noqa: PLW0603  the worker's state, when there is no worker
    _vocabulary = vocabulary
    return _one(job)


_DECODER = msgspec.msgpack.Decoder(FileFacts)


def decode(facts: bytes) -> FileFacts:
    """Facts from what a worker sent or the cache held.

    Raises: msgspec.DecodeError, msgspec.ValidationError for bytes of another version.
    """
    return _DECODER.decode(facts)
