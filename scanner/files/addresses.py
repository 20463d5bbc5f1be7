"""Addresses as a browser reads them, partly known.

A text here is what `model/other.py` says of targets: known characters, and `HOLE` for each piece that is not known.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from scanner.model.other import HOLE

MAX_TEXT = 4000
MAX_HOLES = 12
_SPECIAL = re.compile(r"(https?|wss?|ftp):[/\\]*+(?=[^/\\])", re.IGNORECASE)
_RELATIVE_SCHEME = re.compile(r"[/\\]{2,}+")
_IGNORED = re.compile(r"[\t\r\n]+")
_ELSEWHERE = re.compile(r"\s*+(?:(?:https?|wss?|ftp):|[/\\]{2})", re.IGNORECASE)
_LOCAL = re.compile(r"(?:data|blob|about|javascript|mailto|tel|file|chrome|moz-extension):", re.IGNORECASE)
HOLE_MARK = re.compile(r"zq([0-9a-z]{4})q+")
"""What stands in a page for a PHP expression that prints: see `pages.py`."""


class Text(NamedTuple):
    """A string of which some pieces are not known."""

    text: str
    holes: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether nothing is missing."""
        return not self.holes


def join(parts: list[Text]) -> Text:
    """Concatenation, cut where it gets long."""
    text = "".join(part.text for part in parts)
    holes = tuple(hole for part in parts for hole in part.holes)
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
        holes = holes[: text.count(HOLE)]
    return Text(text, holes)


def hole(description: str) -> Text:
    """A piece that is not known."""
    return Text(HOLE, (" ".join(description.split())[:120],))


def page_text(text: str, expressions: tuple[str, ...]) -> Text:
    """A text of a page, its marks for PHP expressions made holes."""
    if "zq" not in text:
        return Text(text.replace(HOLE, "?"))
    parts: list[Text] = []
    position = 0
    for match in HOLE_MARK.finditer(text):
        number = int(match[1], 36)
        if number < len(expressions):
            parts += [Text(text[position : match.start()]), hole(f"php:{expressions[number]}")]
            position = match.end()
    return join([*parts, Text(text[position:])])


def normalise(address: Text) -> Text:
    r"""The address in the spelling that a browser would send it to: `https:\\\\a.example` is `https://a.example`."""
    text = _IGNORED.sub("", address.text).strip("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x1b \x7f")
    if match := _SPECIAL.match(text):
        text = f"{match[1].lower()}://{text[match.end() :]}"
    elif match := _RELATIVE_SCHEME.match(text):
        text = f"//{text[match.end() :]}"
    return Text(text, address.holes)


def is_elsewhere(address: Text) -> bool:
    """Whether the address surely names a host of its own."""
    return _ELSEWHERE.match(address.text) is not None


def is_open(address: Text) -> bool:
    """Whether the part that is not known may hold the host: a relative path says that it does not."""
    text = address.text
    return text.startswith(HOLE) and not _LOCAL.match(text)
