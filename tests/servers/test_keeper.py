"""No server outlives the tests, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.rig import KEEPER, answers, free_ports

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
# A server with a worker that leaves its process group and ignores the polite signal.
STUBBORN = """
import os, signal, socket, sys, time
link = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() != 0:
        os._exit(0)
time.sleep(60)
"""
# What a test session does, in a process that can be killed.
SESSION = """
import subprocess, sys, time
command = [sys.executable, sys.argv[1], sys.executable, "-c", sys.argv[2], sys.argv[3]]
kept = subprocess.Popen(command, stdin=subprocess.PIPE)
time.sleep(60)
"""


def becomes(port: int, *, listening: bool) -> bool:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        if answers(port) is listening:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_session_leaves_no_server(how: signal.Signals, tmp_path: Path) -> None:
    port = free_ports(1)[0]
    command = [sys.executable, "-c", SESSION, str(KEEPER), STUBBORN, str(port)]
    session = subprocess.Popen(command, cwd=tmp_path)
    try:
        assert becomes(port, listening=True)
    finally:
        os.kill(session.pid, how)
        session.wait()
    assert becomes(port, listening=False)


def test_the_keeper_ends_when_its_server_does() -> None:
    with subprocess.Popen([sys.executable, str(KEEPER), "false"], stdin=subprocess.PIPE) as kept:
        assert kept.wait(10) == 1
