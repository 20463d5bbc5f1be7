"""One computation in a process of its own while this one does something else."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

_LAST_WAIT = 5.0


class Aside:
    """A forked process that computes bytes from what this process holds; nothing is copied to it.

    Whatever the computation uses that has a position (an open archive, the pipe of a git process) is the child's until
    `result` has been asked for.
    """

    def __init__(self, compute: Callable[[], bytes]) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(self._connection, theirs, compute), daemon=True)
        self._process.start()
        theirs.close()

    def result(self) -> bytes | None:
        """What was computed; None when the process died or could not do it."""
        try:
            return self._connection.recv_bytes() or None
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.join(_LAST_WAIT)
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _run(inherited: Connection, connection: Connection, compute: Callable[[], bytes]) -> None:
    """Compute and leave without what a process does at its end: open files and processes belong to the parent."""
    inherited.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        connection.send_bytes(compute())
    except BaseException:  # noqa: BLE001  the parent does it again itself, and shows what is wrong
        os._exit(1)
    os._exit(0)
