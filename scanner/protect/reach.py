"""Which spellings a web server maps to a protected script: a model of how Apache and nginx read a request target.

The models were compared with the real servers (Apache 2.4 and nginx 1.22 with PHP 8.2) over the whole corpus of
spellings; they say "reaches" for all that the server served, and may say so for a little more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from scanner.model.protection import Protection, RequestSpelling

ANY = "any"
"""No model: every spelling counts, but for those that no server is known to map."""
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(rb"%2[fF]")
_METHOD = re.compile(rb"[A-Za-z_-]+\Z")
_UPPER_METHOD = re.compile(rb"[A-Z_-]+\Z")


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """How a server reads a request target."""

    path_info: bool = True
    """Passes `/cron.php/anything` to the script."""
    only_php_tail: bool = False
    """Passes it only when the path ends in `.php`."""
    encoded_slash: bool = False
    """Takes `%2F` for a separator; otherwise the request fails."""
    fragment: bool = False
    """Drops `#...` and goes on; otherwise the request fails."""
    any_case: bool = False
    """The file system does not tell upper and lower case apart."""
    multiviews: bool = False
    """Serves `/cron` for `cron.php`."""
    decodings: int = 1
    """How often the path is decoded on its way."""
    strict_methods: bool = False
    """Refuses TRACE, CONNECT and methods that are not in capital letters."""


MODELS: Mapping[str, Server] = {
    "apache": Server(),
    "apache-no-path-info": Server(path_info=False),
    "apache-multiviews": Server(multiviews=True),
    "apache-any-case": Server(any_case=True),
    "apache-permissive": Server(encoded_slash=True, fragment=True),
    "nginx": Server(only_php_tail=True, encoded_slash=True, fragment=True, strict_methods=True),
    "nginx-path-info": Server(encoded_slash=True, fragment=True, strict_methods=True),
    "nginx-before-apache": Server(fragment=True, strict_methods=True),
    "nginx-decoding-before-apache": Server(encoded_slash=True, fragment=True, strict_methods=True, decodings=2),
}


def reaching(
    server: Server, protection: Protection, files: Collection[str], versions: Sequence[str]
) -> Callable[[RequestSpelling], bool]:
    """A test for one server: does this request run a protected script?

    `files` are canonical paths of the release: where another file lies, a path ends there.
    """
    own = [path for script in protection.scripts for path in script.paths]
    scripts = _paths(protection.base_path, own, versions)
    others = _paths(protection.base_path, files, versions) - scripts
    fold = bytes.lower if server.any_case else bytes
    index = _Index(server, frozenset(map(fold, scripts)), frozenset(map(fold, others)), fold)
    return index.reaches


def _paths(base_path: str, files: Collection[str], versions: Sequence[str]) -> set[bytes]:
    return {
        f"{base_path}{path.replace('redcap_v@', f'redcap_v{version}')}".encode("utf-8", "surrogateescape")
        for path in files
        for version in versions
    }


class _Index(msgspec.Struct, frozen=True):
    server: Server
    scripts: frozenset[bytes]
    others: frozenset[bytes]
    fold: Callable[[bytes], bytes]

    def reaches(self, request: RequestSpelling) -> bool:
        """Whether the request's path leads to a script."""
        if not (_UPPER_METHOD if self.server.strict_methods else _METHOD).match(request.method):
            return False
        if self.server.strict_methods and request.method in (b"TRACE", b"CONNECT"):
            return False
        path = _target_path(request.target, self.server)
        early = False
        for _ in range(self.server.decodings):
            if path is None:
                return False
            early = early or self._leads(_normal(path))
            decoded = _decoded(path, self.server)
            # A proxy that hands the decoded path on makes a query of what follows an encoded question mark.
            path = None if decoded is None else _handed_on(decoded, self.server)
        return path is not None and (early or self._leads(_normal(path)))

    def _leads(self, path: bytes) -> bool:
        """Whether some leading part of the path is a script, and what follows may."""
        path = self.fold(path)
        segments = path.split(b"/")
        for end in range(2, len(segments) + 1):
            part = b"/".join(segments[:end])
            found = self._found(part)
            if found or part in self.others:
                return found and self._tail(path, path[len(part) :])
        return False

    def _found(self, part: bytes) -> bool:
        if part in self.scripts:
            return True
        return self.server.multiviews and any(script.startswith(part + b".") for script in self.scripts)

    def _tail(self, path: bytes, tail: bytes) -> bool:
        if not tail:
            return True
        return self.server.path_info and (not self.server.only_php_tail or path.endswith(b".php"))


def _target_path(target: bytes, server: Server) -> bytes | None:
    """The path as it stands in the target; None when the server refuses the request."""
    scheme = _SCHEME.match(target)
    path = target[scheme.end() :] if scheme else target
    if not path.startswith(b"/") or (b"#" in path and not server.fragment):
        return None
    return path.partition(b"#")[0].partition(b"?")[0]


def _decoded(path: bytes, server: Server) -> bytes | None:
    if _BAD_ESCAPE.search(path) or (_ENCODED_SLASH.search(path) and not server.encoded_slash):
        return None
    decoded = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), path)
    return None if b"\0" in decoded else decoded


def _handed_on(path: bytes, server: Server) -> bytes:
    return path.partition(b"?")[0] if server.decodings > 1 else path


def _normal(path: bytes) -> bytes:
    """Without empty and dot segments; a slash at the end stays."""
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b".." and kept:
            kept.pop()
        elif segment not in (b"", b".", b".."):
            kept.append(segment)
    last = b"/" if segments[-1] in (b"", b".", b"..") and kept else b""
    return b"/" + b"/".join(kept) + last
