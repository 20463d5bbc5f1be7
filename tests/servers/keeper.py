"""Runs one server in the foreground and ends it, with all its processes, when standard input closes.

The pipe closes when the tests end, however they end: a killed pytest leaves no server behind. Used as a program:
`python keeper.py PROGRAM ARGUMENT...`.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
GRACE = 1.0
"""Seconds between asking to end and killing."""
POLL = 0.05


def children(pid: int) -> set[int]:
    """All processes below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    grown = {pid}
    while grown:
        grown = {child for child, parent in parents.items() if parent in grown} - found
        found |= grown
    return found


def end(how: int) -> None:
    """Send a signal to everything below this process."""
    for pid in children(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, how)


def reap() -> bool:
    """Collect ended children; False when none is left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return bool(children(os.getpid()))


def main() -> int:
    # Workers whose parent died become children of this process, so that none is lost.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    while server.poll() is None:
        ready, _, _ = select.select([0], [], [], POLL)
        if ready and not os.read(0, 1):
            break
    code = server.returncode
    end(signal.SIGTERM)
    limit = time.monotonic() + GRACE
    while reap() and time.monotonic() < limit:
        time.sleep(POLL)
    while reap():
        end(signal.SIGKILL)
        time.sleep(POLL)
    return code or 0


if __name__ == "__main__":
    sys.exit(main())
