"""Sources, carriers and channels of planted code, as the YAML files beside this module describe them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import yaml

from scanner.model.signature import Secret
from scanner.signatures.load import shared_catalogue

HERE = Path(__file__).resolve().parent
_SUFFIX = "UNIQ"
"""The hole that is a part of longer names."""


class Template(NamedTuple):
    """A piece of PHP with holes: `$IN`, `$OUT`, `UNIQ`, `HOST`, `SECRET`, `TABLE`, `OTHERFILE`."""

    name: str
    code: str
    declare: str = ""
    """Functions and classes that it needs, at the top level of some file."""
    file: str = ""
    """Content of a file of its own."""
    origin: str = ""
    labels: tuple[str, ...] = ()
    scope: str = ""
    arrays: bool = False
    """A source that makes an array, a carrier that takes one: to all others an array is no more than the word Array."""
    needs: str = ""
    rule: str = "secret-to-network"

    def filled(self, text: str, names: dict[str, str]) -> str:
        """A text of this template with its holes filled."""
        return _holes(tuple(sorted(names, key=len, reverse=True))).sub(lambda found: names[found.group()], text)


@cache
def _holes(names: tuple[str, ...]) -> re.Pattern[str]:
    """One pass for all holes: what fills one is not searched for others (HOST stands in HOSTNAME)."""
    return re.compile("|".join(re.escape(name) if name == _SUFFIX else rf"{_edge(name)}\b" for name in names))


def _edge(name: str) -> str:
    return re.escape(name) if name.startswith("$") else rf"(?<![A-Z_]){re.escape(name)}"


@cache
def templates(kind: str) -> tuple[Template, ...]:
    """`sources`, `carriers` or `channels`."""
    found = yaml.safe_load((HERE / f"{kind}.yaml").read_text("utf-8"))
    return tuple(Template(**{**item, "labels": tuple(item.get("labels", ()))}) for item in found)


@cache
def _secrets() -> dict[str, list[Secret]]:
    """Secrets that a plant may take, by origin: not those that are public by design."""
    found: dict[str, list[Secret]] = {}
    for secret in shared_catalogue().secrets:
        if secret.kind not in ("handle", "session") and secret.severity_floor != "info":
            found.setdefault(secret.origin.value, []).append(secret)
    found["env"] = [secret for secret in found["env"] if secret.name.isupper() and secret.kind != "other"]
    return found


def drawn_secret(origin: str, random: Random) -> Secret | None:
    """Some secret of an origin."""
    return random.choice(_secrets()[origin]) if origin in _secrets() else None
