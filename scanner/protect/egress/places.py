"""The host, scheme and port that a call's address names, with the settings of a site filled in.

An address comes as the findings show it: `https://{config:azure_app_name}.blob.core.windows.net/{?}`. The host that
a finding names is what counts; the shown address only adds scheme, port and the settings that the host is made of,
and only where it names the same host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from scanner.protect.egress.hosts import is_local, read_host

_PIECE = re.compile(r"\{[^{}]*\}|[^{}]+|[{}]")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.\-]*)://")
_END = re.compile(r"[/?#\\\s]")
_PORT = re.compile(r":(\d{0,5})$")
_HOLES = {"config:": "", "secret:config.": "", "secret:": ""}
_ODD = re.compile(r"[\x00-\x20\x7f{}\"'<>`|^]")
"""What no host or address holds, blanks included: a value with one of these names no host."""
_HIGHEST_PORT = 65535
CONFIG = "config:"
LOCAL = "local"
UNRESOLVED = "unresolved"


class Place(NamedTuple):
    """Where a call goes."""

    name: str
    """As the findings name destinations: host, pattern, `config:<setting>`, ..."""
    scheme: str = ""
    port: int | None = None
    settings: tuple[str, ...] = ()
    """Settings that the host is made of, sorted."""
    wrong: str = ""
    """Setting whose value names no host."""


def places(destination: str, shown: tuple[str, ...], values: Mapping[str, str]) -> list[Place]:
    """Every place that a destination of a call stands for: one per address that names it, settings filled in."""
    texts = [text for text in shown if _place(text).name == destination]
    if not texts and destination.startswith(CONFIG):
        texts = [f"{{{destination}}}"]
    return sorted({_filled(text, values) for text in texts}) or [Place(destination)]


def carried(shown: tuple[str, ...]) -> set[str]:
    """Settings that stand anywhere in the addresses of a call."""
    return {name for text in shown for piece in _PIECE.findall(text) for name in [_setting(piece)] if name}


def _filled(text: str, values: Mapping[str, str]) -> Place:
    """Place of an address in which the given settings stand for themselves."""
    place = _place(text)
    made_of = tuple(sorted({name for piece in _authority(text)[1] for name in [_setting(piece)] if name}))
    given = [name for name in made_of if values.get(name, "").strip()]
    wrong = next((name for name in given if _ODD.search(values[name].strip())), "")
    if not given or wrong:
        return place._replace(settings=made_of, wrong=wrong)
    filled = _place(_fill(text, {name: values[name].strip() for name in given}))
    empty = filled.name == LOCAL and any("://" in values[name] for name in given)
    if empty or not _is_place(filled.name):
        return place._replace(settings=made_of, wrong=given[0])
    return filled._replace(settings=made_of)


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Settings replaced by their values; a value that brings a scheme of its own takes the place of one in front."""
    result = ""
    for piece in _PIECE.findall(text):
        value = values.get(_setting(piece))
        if value is None:
            result += piece
        elif _SCHEME.match(value) and _SCHEME.fullmatch(result):
            result = value
        else:
            result += value.rstrip("/") if "://" in value else value
    return result


def _is_place(name: str) -> bool:
    return name == LOCAL or is_local(name) or "*" in name or read_host(name) is not None


def _setting(piece: str) -> str:
    """Name of the setting that a piece of an address stands for, `` when it stands for none."""
    if not piece.startswith("{"):
        return ""
    inner = piece[1:-1]
    start = next((start for start in _HOLES if inner.startswith(start)), None)
    return "" if start is None else inner[len(start) :]


def _place(text: str) -> Place:
    """Place that an address names, by the rules by which the findings name destinations."""
    scheme, pieces = _authority(text)
    if not pieces:
        return Place(LOCAL, scheme)
    address = read_host("".join(pieces))
    if address is not None:
        return Place(address.text, scheme)
    port = None
    match = _PORT.search(pieces[-1]) if not pieces[-1].startswith("{") else None
    if match:
        pieces = [*pieces[:-1], pieces[-1][: match.start()]]
        port = int(match[1] or 0) if 0 < int(match[1] or 0) <= _HIGHEST_PORT else None
    host = "".join("*" if piece.startswith("{") else piece for piece in pieces).lower()
    holes = [piece for piece in pieces if piece.startswith("{")]
    if holes and not host.replace("*", "").strip(".:"):
        return Place(_named(holes[-1]), scheme, port)
    name = re.sub(r"\*+", "*", host) if holes else host.removesuffix(".")
    read = read_host(name) if not holes else None
    return Place(read.text if read else name, scheme, port)


def _authority(text: str) -> tuple[str, list[str]]:
    """Scheme of an address, and the pieces of its host and port."""
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else ""
    rest = text[match.end() :] if match else text.strip().removeprefix("//")
    pieces: list[str] = []
    for piece in _PIECE.findall(rest):
        if piece.startswith("{") and piece.endswith("}") and len(piece) > 1:
            pieces.append(piece)
            continue
        end = _END.search(piece)
        kept = piece[: end.start()] if end else piece
        if "@" in kept:
            pieces, kept = [], kept.rpartition("@")[2]
        if kept:
            pieces.append(kept)
        if end:
            break
    return scheme, pieces


def _named(hole: str) -> str:
    """Destination that a hole alone stands for."""
    setting = _setting(hole)
    if setting:
        return f"{CONFIG}{setting}"
    kind = hole[1:-1].partition(":")
    if kind[0] in ("user-input", "own-server"):
        return kind[0]
    return f"env:{kind[2]}" if kind[0] == "env" else UNRESOLVED
