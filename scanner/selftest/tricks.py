"""The tricks from their data file."""

from __future__ import annotations

import codecs
from base64 import b64encode
from pathlib import Path

import msgspec

from scanner.model.finding import Category, Severity

DATA = Path(__file__).with_name("tricks.yaml")
_BLANKS = 400


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that shows a trick."""

    category: tuple[Category, ...]
    severity: Severity
    names: tuple[str, ...] = ()
    """Texts that its destinations, secrets, details, rule, callee or message must hold."""


class Trick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to plant: see the head of `tricks.yaml`."""

    id: str
    kind: str
    where: str
    text: str
    expect: Expectation
    path: str = ""
    baseline: str = ""
    layouts: tuple[str, ...] = ("full", "upgrade", "plain")


def load_tricks() -> tuple[Trick, ...]:
    """All tricks with their servers filled in, in the order of the file."""
    tricks = msgspec.yaml.decode(DATA.read_bytes(), type=list[Trick])
    return tuple(_filled(trick, f"t{number:02}.selftest.example.net") for number, trick in enumerate(tricks, 1))


def _filled(trick: Trick, host: str) -> Trick:
    """The trick with its own server in place of `{host}` and of the disguises of it."""
    shapes = {
        "{host}": host,
        "{host64}": b64encode(f"https://{host}/".encode()).decode(),
        "{hostrev}": host[::-1],
        "{host13}": codecs.encode(host, "rot13"),
        "{hosthex}": host.encode().hex(),
        "{hosthash}": "#".join(host),
        "{blanks}": " " * _BLANKS,
    }

    def fill(text: str) -> str:
        for name, value in shapes.items():
            text = text.replace(name, value)
        return text

    expect = msgspec.structs.replace(trick.expect, names=tuple(fill(name) for name in trick.expect.names))
    return msgspec.structs.replace(trick, text=fill(trick.text), baseline=fill(trick.baseline), expect=expect)
