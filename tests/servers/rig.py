"""Real web servers on loopback: a folder of configuration, marker scripts, and processes that end with the tests.

Every configuration is served twice: open, and with the files that its target generates. One process per product
serves all of its configurations on ports of their own, so that a test session starts each product once.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from scanner.model.protection import RequestSpelling
from scanner.protect.wire import Response, parse_response, request_bytes

KEEPER = Path(__file__).with_name("keeper.py")
START_SECONDS = 60.0
ANSWER_SECONDS = 20.0
SERVER_PORTS = range(12_000, 32_000)
_GIVEN: set[int] = set()
"""Ports that `free_ports` has given to somebody in this process."""
LIMIT = 1 << 20
MARK = "@@reached:"
WORKER = "www-data"
"""User that the servers' workers become when the tests run as root."""


Listening = int | Path
"""Port on loopback, or socket in the file system."""


class Site(NamedTuple):
    """One address that serves the release."""

    name: str
    port: int
    target: str
    """Target whose files protect it; "" for none."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on now.

    Not from the range that the system gives to clients: a client that waits for a server could be given the server's
    own port, be connected with itself, and keep the port from the server. Nor one that was given before: what it was
    asked for may not have started yet, and two sockets that reuse addresses can both be bound to one port.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            port = SERVER_PORTS.start + secrets.randbelow(len(SERVER_PORTS))
            if port in _GIVEN:
                continue
            _GIVEN.add(port)
            link = socket.socket()
            sockets.append(link)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                link.bind(("127.0.0.1", port))
            except OSError:
                sockets.pop().close()
        return [int(link.getsockname()[1]) for link in sockets]
    finally:
        for link in sockets:
            link.close()


def program(*names: str) -> str:
    """Path of the first of these programs that exists; servers live in `sbin`, which a user's PATH may lack."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    for name in names:
        if found := shutil.which(name, path=places):
            return found
    message = f"{names[0]} is missing: `make servers` installs it"
    raise FileNotFoundError(message)


def check(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """What a product says of its configuration; "" when it takes it."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    return f"{done.stdout}{done.stderr}".strip() or "refused" if done.returncode else ""


class Server:
    """A running product."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], ports: Sequence[Listening], log: Path
    ) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, str(KEEPER), *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            self._wait(ports, log)
        except BaseException:
            self.stop()
            raise

    def _wait(self, ports: Sequence[Listening], log: Path) -> None:
        limit = time.monotonic() + START_SECONDS
        for port in ports:
            while not answers(port):
                if self._process.poll() is not None or time.monotonic() > limit:
                    message = f"the server did not start: {log.read_text(errors='replace')[-2000:]}"
                    raise RuntimeError(message)
                time.sleep(0.02)

    def stop(self) -> None:
        """End it: the keeper sees its input close."""
        if self._process.stdin:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._log.close()


def answers(where: Listening) -> bool:
    """Something listens there."""
    local = isinstance(where, Path)
    with suppress(OSError), socket.socket(socket.AF_UNIX if local else socket.AF_INET) as link:
        link.settimeout(1)
        link.connect(str(where) if local else ("127.0.0.1", where))
        return True
    return False


def send(port: int, spelling: RequestSpelling, extra: tuple[tuple[str, str], ...] = ()) -> Response:
    """One request on a connection of its own, as raw bytes."""
    chunks: list[bytes] = []
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as link:
        link.settimeout(ANSWER_SECONDS)
        link.sendall(request_bytes(spelling, f"127.0.0.1:{port}", extra))
        while sum(map(len, chunks)) < LIMIT and (chunk := link.recv(65536)):
            chunks.append(chunk)
    return parse_response(b"".join(chunks))


def get(target: str, **headers: str) -> RequestSpelling:
    """An ordinary GET; `X_Some_Name` in `headers` is `X-Some-Name`."""
    pairs = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return RequestSpelling(
        method=b"GET", target=target.encode(), headers=pairs, family="plain", script="", legitimate=False
    )


def reached(response: Response) -> str:
    """Release path of the marker script that ran, "" for none."""
    if found := response.header("X-Reached"):
        return found
    _, mark, rest = response.body.decode("latin-1").partition(MARK)
    return rest.partition("@@")[0] if mark else ""


def served_folder() -> Path:
    """New folder that the servers' own user may read."""
    folder = Path(tempfile.mkdtemp(prefix="redcap-servers-"))
    folder.chmod(0o755)
    return folder


def lay_out(release: Path, folder: Path) -> list[str]:
    """Fill `folder` with a marker in place of every file of a release; all release paths are returned.

    A marker tells its path in a header (for HEAD) and in the body. An older version folder holds the three scripts
    too, and `/redcap/` is a second address of everything. Some names in other case stand for a file system without it.
    """
    with zipfile.ZipFile(release) as archive:
        names = [name.partition("/")[2] for name in archive.namelist() if not name.endswith("/")]
    scripts = ("cron.php", "install.php", "upgrade.php")
    names += [f"redcap_v14.0.0/{name}" for name in scripts]
    for name in names:
        _mark(folder / name, name)
    for name in scripts:
        stem = name.removesuffix(".php")
        for other in (stem.upper(), stem.capitalize(), stem.capitalize().swapcase()):
            _mark(folder / f"{other}.php", name)
    (folder / "redcap").symlink_to(".")
    return sorted(names)


def _mark(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    script = f"<?php header('X-Reached: {name}'); echo '{MARK}{name}@@';\n"
    path.write_text(script if path.suffix == ".php" else f"{MARK}{name}@@\n")
