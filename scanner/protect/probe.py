"""Sends requests to the one server that the user named: the only module of this program that uses the network.

Raw bytes over one connection per request, to one address that is looked up once. A redirect is an answer like any
other: nothing is ever followed, so no other host is asked.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.protection import RequestSpelling
from scanner.protect.wire import Response, parse_response, request_bytes

_PORTS = {"http": 80, "https": 443}
_LIMIT = 1 << 18
"""Bytes of an answer that are read; what decides stands at its start."""
_LONGEST_URL = 500
_PLAIN = re.compile(r"[A-Za-z0-9_.:-]+\Z")
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_.~-]+)*/?\Z")


class Server(msgspec.Struct, frozen=True):
    """Where requests go."""

    scheme: str
    host: str
    port: int
    base_path: str
    """Starts and ends with a slash."""

    @property
    def authority(self) -> str:
        """Value of `Host`."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def server(url: str) -> Server:
    """The server of an address like `https://redcap.example.org/redcap/`.

    Raises: ConfigurationError when it is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or len(url) > _LONGEST_URL:
        message = f"{url[:_LONGEST_URL]!r} is no address like https://redcap.example.org/redcap/"
        raise ConfigurationError(message)
    if parts.username is not None or parts.query or parts.fragment:
        message = "the address must have no user name, query or fragment"
        raise ConfigurationError(message)
    if not _PLAIN.match(parts.hostname) or not _PLAIN_PATH.match(parts.path):
        message = "the address must be plain ASCII without blanks"
        raise ConfigurationError(message)
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return Server(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)


class Link:
    """Sends one request at a time, no more than `rate` in a second."""

    def __init__(self, to: Server, *, rate: float, timeout: float) -> None:
        self._to = to
        self._pause = 1 / rate
        self._timeout = timeout
        self._next = 0.0
        self._address = _look_up(to)
        self._tls = ssl.create_default_context() if to.scheme == "https" else None

    def open(self) -> None:
        """One connection without a request.

        Raises: ConfigurationError when the server cannot be reached, with the reason.
        """
        try:
            self._connect().close()
        except OSError as error:
            message = f"cannot connect to {self._to.authority}: {error.strerror or error}"
            raise ConfigurationError(message) from error

    def send(self, spelling: RequestSpelling, extra: tuple[tuple[str, str], ...] = ()) -> Response:
        """What the server answers; status 0 for none in time."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        data = request_bytes(spelling, self._to.authority, extra)
        received = bytearray()
        limit = time.monotonic() + self._timeout
        with suppress(OSError), self._connect() as link:
            link.sendall(data)
            while len(received) < _LIMIT and time.monotonic() < limit and (chunk := link.recv(65536)):
                received += chunk
        return parse_response(bytes(received))

    def _connect(self) -> socket.socket:
        link = socket.create_connection(self._address, self._timeout)
        if self._tls is None:
            return link
        try:
            return self._tls.wrap_socket(link, server_hostname=self._to.host)
        except OSError:
            link.close()
            raise


def _look_up(to: Server) -> tuple[str, int]:
    """The first address of the host: every request goes to the same one.

    Raises: ConfigurationError when the name is not known.
    """
    try:
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except OSError as error:
        message = f"cannot look {to.host} up: {error.strerror or error}"
        raise ConfigurationError(message) from error
    return str(found[0][4][0]), to.port
