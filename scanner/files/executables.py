"""Programs for a processor or a virtual machine: what they are, and the hosts in their strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import Text, normalise
from scanner.files.pieces import Found

_MAGIC = (
    (b"\x7fELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"\xfe\xed\xfa\xce", "Mach-O program"),
    (b"\xfe\xed\xfa\xcf", "Mach-O program"),
    (b"\xce\xfa\xed\xfe", "Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program"),
    (b"\0asm", "WebAssembly"),
    (b"!<arch>\n", "object archive"),
)
_JAVA = b"\xca\xfe\xba\xbe"
_URL = re.compile(rb"(?:https?|wss?|ftp)://([A-Za-z0-9_.-]{3,250}[A-Za-z0-9])")
_MAX_HOSTS = 20
_LEAST = 64


def read_executable(content: bytes) -> Iterator[Found]:
    """One remark about the program and one for each host in it."""
    kind = executable_kind(content)
    if not kind:
        return
    yield Found(0, 0, "executable", kind, text=f"{len(content)} bytes")
    hosts = dict.fromkeys(match[1].decode("ascii") for match in _URL.finditer(content))
    for host in list(hosts)[:_MAX_HOSTS]:
        yield Found(0, 0, "executable", kind, normalise(Text(f"https://{host}")))


def executable_kind(content: bytes) -> str:
    """What program a file is, `` if it is none."""
    if len(content) < _LEAST and not content.startswith(b"\0asm"):
        return ""
    if content.startswith(_JAVA):  # also the magic of fat Mach-O files, which hold few parts
        return "Java class" if int.from_bytes(content[4:8], "big") > 40 else "Mach-O program"  # noqa: PLR2004
    for magic, name in _MAGIC:
        if content.startswith(magic):
            if magic == b"MZ" and not _is_windows(content):
                return ""
            return name
    return ""


def _is_windows(content: bytes) -> bool:
    """Whether `MZ` is the start of a program and not of a text."""
    place = int.from_bytes(content[60:64], "little")
    return content[place : place + 4] == b"PE\0\0" if place < len(content) else False
