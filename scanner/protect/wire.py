"""HTTP/1.1 as bytes: requests exactly as they are spelled, and what comes back."""

from __future__ import annotations

import re

import msgspec

from scanner.model.protection import RequestSpelling

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")
_LINE_ENDS = re.compile(rb"[\r\n]")


class Response(msgspec.Struct, frozen=True):
    """An answer. Status 0: no answer, or none that is HTTP."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """First value of a header, "" without one."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]


def request_bytes(spelling: RequestSpelling, host: str, extra: tuple[tuple[str, str], ...] = ()) -> bytes:
    """The request as it goes over the wire, one per connection. `extra` headers come after the spelling's own.

    Raises: ValueError when a part holds a line end, since that would be another request.
    """
    own = {name.lower() for name, _ in spelling.headers}
    lines = [b"%s %s HTTP/1.1" % (spelling.method, spelling.target)]
    if b"host" not in own:
        lines.append(b"Host: " + host.encode("ascii"))
    lines += [b"%s: %s" % pair for pair in spelling.headers]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in extra]
    if spelling.body and not own & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(spelling.body))
    if b"connection" not in own:
        lines.append(b"Connection: close")
    if any(_LINE_ENDS.search(line) for line in lines):
        message = "a request must not hold a line end"
        raise ValueError(message)
    return b"\r\n".join((*lines, b"", spelling.body))


def parse_response(data: bytes) -> Response:
    """What a server answered on a connection of one request. Never raises."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    found = _STATUS.match(lines[0])
    if found is None:
        return Response(0, (), data)
    status = int(found[1])
    if status // 100 == 1 and body.startswith(b"HTTP/"):  # 100 Continue comes before the answer
        return parse_response(body)
    pairs = [line.partition(b":") for line in lines[1:]]
    headers = tuple(
        (name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in pairs
    )
    chunked = any(name == "transfer-encoding" and "chunked" in value.lower() for name, value in headers)
    return Response(status, headers, _unchunked(body) if chunked else body)


def _unchunked(body: bytes) -> bytes:
    """Content of a chunked body, as far as it came."""
    parts: list[bytes] = []
    position = 0
    while found := _CHUNK.match(body, position):
        size = int(found[1], 16)
        if size == 0:
            break
        parts.append(body[found.end() : found.end() + size])
        position = found.end() + size + 2
    return b"".join(parts)
