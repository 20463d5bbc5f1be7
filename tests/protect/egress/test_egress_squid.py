"""A running Squid with the fixture release's list: what is listed passes, nothing else does.

Everything is on the loopback interface. Squid hands what it allows to a parent proxy, a thread of the test, which
stands for the whole internet and notes what arrives.
"""

from __future__ import annotations

import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.protect.egress.lines import active
from scanner.protect.egress.targets import targets
from tests.protect.egress.samples import program, release

pytestmark = pytest.mark.servers
TARGET = targets()["squid"]
CONFIGURATION = """\
http_port 127.0.0.1:{port}
cache_peer 127.0.0.1 parent {parent} 0 no-query no-digest no-netdb-exchange default
never_direct allow all
pid_filename none
cache deny all
memory_cache_shared off
cache_log /dev/null
access_log none
shutdown_lifetime 0 seconds
visible_hostname proxy.test
max_filedescriptors 1024
include {folder}/list.conf
"""
WAIT = 20


class Internet(socketserver.ThreadingTCPServer):
    """Answers every request that reaches it, and notes the host and port."""

    allow_reuse_address = True
    daemon_threads = True
    seen: list[str]


class Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Internet)
        words = self.rfile.readline().decode("ascii", "replace").split()
        while self.rfile.readline().strip():
            pass
        if len(words) < 2:
            return
        self.server.seen.append(words[1])
        if words[0] == "CONNECT":
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            self.wfile.write(b"echo " + self.rfile.readline())
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with Internet(("127.0.0.1", 0), Answer) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def proxy(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("squid")
    port = free_port()
    found = release("15.8.0", ("169.254.169.254", "*.blob.core.windows.net"))
    (folder / "list.conf").write_text(TARGET.render(found), "ascii")
    text = CONFIGURATION.format(port=port, parent=internet.server_address[1], folder=folder)
    (folder / "squid.conf").write_text(text, "ascii")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program("squid"), "-N", "-d", "1", "-n", f"test{port}", "-f", folder / "squid.conf"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, folder)
        yield port
    finally:
        process.terminate()  # killed, it would leave its shared memory behind
        process.wait(WAIT)


def wait_for(port: int, folder: Path) -> None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail((folder / "output").read_text("utf-8", "replace")[-2000:])


def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and the rest of the answer to one request."""
    with socket.create_connection(("127.0.0.1", port), WAIT) as client:
        client.settimeout(WAIT)
        client.sendall(request)
        if request.startswith(b"CONNECT"):
            head = client.recv(4096)
            if b" 200 " not in head.split(b"\r\n")[0]:
                return int(head.split()[1]), b""
            client.sendall(b"hello\n")
            return 200, client.recv(4096)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return int(answer.split()[1]), answer


def tunnel(port: int, host: str, number: int = 443) -> tuple[int, bytes]:
    return ask(port, f"CONNECT {host}:{number} HTTP/1.1\r\nHost: {host}:{number}\r\n\r\n".encode())


def fetch(port: int, url: str) -> tuple[int, bytes]:
    host = url.split("/")[2]
    return ask(port, f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())


def test_every_listed_host_passes(proxy: int, internet: Internet) -> None:
    found = [rule.host.text for rule in active(release("15.8.0"), TARGET)]
    assert len(found) > 20
    internet.seen.clear()
    for name in found:
        assert tunnel(proxy, name) == (200, b"echo hello\n"), name
    assert internet.seen == [f"{name}:443" for name in found]
    assert tunnel(proxy, "API.Twilio.COM")[0] == 200
    assert tunnel(proxy, "ours.blob.core.windows.net")[0] == 200
    assert fetch(proxy, "http://169.254.169.254/latest/meta-data/")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "cdn-assets.example.net",
        "x.s.example.org",
        "api.twilio.com.evil.example",
        "xapi.twilio.com",
        "sub.api.twilio.com",
        "twilio.com",
        "com",
        "127.0.0.1",
        "93.184.216.34",
        "[2001:db8::1]",
        "blob.core.windows.net.evil.example",
        "api.twilio.com@evil.example",
        "api.twilio.com%00.evil.example",
    ],
)
def test_no_other_host_passes(proxy: int, internet: Internet, host: str) -> None:
    internet.seen.clear()
    status, _ = tunnel(proxy, host)
    assert status in (400, 403)
    assert fetch(proxy, f"http://{host}/")[0] in (400, 403)
    assert internet.seen == []


def test_a_listed_host_passes_on_its_own_port_and_protocol_only(proxy: int, internet: Internet) -> None:
    internet.seen.clear()
    assert tunnel(proxy, "api.twilio.com", 22)[0] == 403
    assert tunnel(proxy, "169.254.169.254", 80)[0] == 403
    assert fetch(proxy, "http://api.twilio.com/")[0] == 403
    assert fetch(proxy, "http://169.254.169.254:8080/")[0] == 403
    assert internet.seen == []
