"""A limit of time for what may not end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class SlowError(BaseException):
    """It took too long. No `Exception`, so that nothing that is tried takes it for a failure of its own."""


def _slow(_number: int, _frame: FrameType | None) -> None:
    raise SlowError


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Stop what takes more of the processor's time. Raises: SlowError.

    Matching looks for signals, so that an expression is stopped, too.
    """
    previous = signal.signal(signal.SIGVTALRM, _slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
