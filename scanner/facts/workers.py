"""Worker processes: started when there is work, kept for a whole command.

A worker that dies (a crash in native code, the out-of-memory killer) or hangs costs at most the file it was at: that
file is tried once more by itself, everything else of its batch goes on elsewhere.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from scanner.facts.extract import SECONDS_PER_FILE, Job, Outcome, timed_out, work
from scanner.php import Vocabulary

MAX_BATCH = 1_500_000
"""Bytes of source in one batch; contents that are sent along are held only for the batches under way."""
_MIN_BATCH = 60_000
_PER_FILE = 2_000
"""What a file costs besides its bytes, in bytes."""
_GRACE = 1.5
"""A worker stops a file by itself; one that has not done so after this many times the limit is killed."""
_LAST_WAIT = 5.0
"""Seconds to wait for the end of a killed process: one that hangs in the kernel may take longer, and is left alone."""


class Workers:
    """A few processes that turn contents into facts.

    Args:
        vocabulary: Names that make a function body worth lowering.
        count: Number of processes; 0 to work in this one.
        seconds: Limit for one file.
    """

    def __init__(self, vocabulary: Vocabulary, count: int, seconds: float = SECONDS_PER_FILE) -> None:
        self._vocabulary = vocabulary
        self._count = count if _can_fork() else 0
        self._seconds = seconds
        self._workers: list[_Worker] = []

    @property
    def spare(self) -> bool:
        """Whether there is a processor for a second process while this one computes."""
        return self._count > 1

    def run(self, jobs: Iterable[Job], total: int = 0) -> Iterator[Outcome]:
        """Outcome of every job, in no particular order; jobs are taken only as fast as they are done.

        Units: `total` is the bytes of all jobs, from which the size of a batch follows.
        """
        if not self._count:
            for job in jobs:
                yield work(job, self._vocabulary, self._seconds)
            return
        queue = _Queue(jobs, max(_MIN_BATCH, min(MAX_BATCH, total // (4 * self._count))))
        try:
            yield from self._run(queue)
        except BaseException:
            self.close()
            raise

    def _run(self, queue: _Queue) -> Iterator[Outcome]:
        while True:
            while (worker := self._idle()) is not None and (batch := queue.next()):
                if not worker.give(batch):
                    yield from self._bury(worker, queue)
            busy = {worker.connection: worker for worker in self._workers if worker.batch}
            if not busy:
                return
            for connection in wait(busy, timeout=self._seconds * (_GRACE - 1) / 2):
                worker = busy[connection]  # type: ignore[index]  # `wait` gives back what it was given
                outcome = worker.take()
                if outcome is None:
                    yield from self._bury(worker, queue)
                else:
                    yield outcome
            for worker in busy.values():
                if worker.batch and worker.overdue(self._seconds * _GRACE):
                    worker.kill()
                    yield from self._bury(worker, queue, timed_out(self._seconds))

    def _idle(self) -> _Worker | None:
        """A worker without work; a new one while there are fewer than wanted."""
        for worker in self._workers:
            if not worker.batch:
                return worker
        if len(self._workers) >= self._count:
            return None
        worker = _Worker(self._vocabulary, self._seconds, [other.connection for other in self._workers])
        self._workers.append(worker)
        return worker

    def _bury(self, worker: _Worker, queue: _Queue, problem: str = "") -> Iterator[Outcome]:
        """Take leave of a dead worker; its file is tried once more unless it hung, the rest goes back."""
        self._workers.remove(worker)
        worker.kill()
        suspect, *rest = worker.batch
        worker.batch.clear()
        queue.put_back(rest)
        if problem or not queue.again(suspect):
            yield Outcome(suspect.key, None, problem or f"crash: the worker process died ({worker.how_it_ended()})")

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._workers:
            worker.kill()
        self._workers = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Queue:
    """Jobs in batches of about equal bytes; those that come back go first."""

    def __init__(self, jobs: Iterable[Job], size: int) -> None:
        self._source = iter(jobs)
        self._size = size
        self._returned: deque[list[Job]] = deque()
        self._suspects: set[str] = set()

    def next(self) -> list[Job]:
        """The next batch; empty when there is none."""
        if self._returned:
            return self._returned.popleft()
        batch: list[Job] = []
        room = self._size
        while room > 0 and (job := next(self._source, None)) is not None:
            batch.append(job)
            room -= job.file.size + _PER_FILE
        return batch

    def put_back(self, jobs: list[Job]) -> None:
        """Take in jobs that were not done."""
        if jobs:
            self._returned.append(jobs)

    def again(self, job: Job) -> bool:
        """Whether a job at which a worker died is tried once more: the first time only."""
        if job.key in self._suspects:
            return False
        self._suspects.add(job.key)
        self._returned.append([job])
        return True


class _Worker:
    """One process, and what it has to do; the first job of `batch` is the one it is at."""

    def __init__(self, vocabulary: Vocabulary, seconds: float, others: list[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.batch: deque[Job] = deque()
        self._since = 0.0
        self._process: BaseProcess = context.Process(
            target=_serve, args=(theirs, [self.connection, *others], vocabulary, seconds), daemon=True
        )
        self._process.start()
        theirs.close()

    def give(self, batch: list[Job]) -> bool:
        """Send work; False when the worker is gone."""
        self.batch = deque(batch)
        self._since = time.monotonic()
        try:
            self.connection.send(batch)
        except OSError:
            return False
        return True

    def take(self) -> Outcome | None:
        """The next outcome; None when the worker is gone."""
        try:
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            return None
        self.batch.popleft()
        self._since = time.monotonic()
        return outcome

    def overdue(self, seconds: float) -> bool:
        """Whether nothing has come for too long."""
        return time.monotonic() - self._since > seconds and not self.connection.poll()

    def kill(self) -> None:
        """End the process, if it still runs."""
        self._process.kill()
        self._process.join(_LAST_WAIT)
        self.connection.close()

    def how_it_ended(self) -> str:
        """Signal or exit code of the ended process."""
        code = self._process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _can_fork() -> bool:
    """Whether this process may have children: a worker of another program may not."""
    return "fork" in multiprocessing.get_all_start_methods() and not multiprocessing.current_process().daemon


def _serve(connection: Connection, inherited: list[Connection], vocabulary: Vocabulary, seconds: float) -> None:
    """Work of a worker process, until its parent closes the connection or is gone.

    A fork holds copies of all open ends. They must go, or nobody would see that the parent has died.
    """
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            for job in connection.recv():
                connection.send(work(job, vocabulary, seconds))
    except (EOFError, OSError):
        os._exit(0)
