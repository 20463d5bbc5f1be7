"""Reading typed fields from nodes, with errors that name file, line and remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Final, NoReturn

from scanner.errors import SignatureError
from scanner.signatures.document import Mapping, Node, Scalar, Sequence

REST: Final = 16
"""How many indexes `n+` stands for where only single indexes can be stored."""
MAX_INDEX: Final = 64
_INDEX: Final = re.compile(r"(-1|\d{1,2})(\+?)\Z", re.ASCII)
_INTEGER: Final = re.compile(r"-?\d{1,19}\Z", re.ASCII)


class Fields:
    """Typed access to the nodes of one file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, node: Node, text: str) -> NoReturn:
        """Raise SignatureError for a node."""
        message = f"{self.name}:{node.line}: {text}"
        raise SignatureError(message)

    def mapping(self, node: Node, what: str, allowed: Collection[str] | None = None) -> dict[str, Node]:
        """A mapping with unique keys, all of them in `allowed` unless that is None."""
        if not isinstance(node, Mapping):
            self.fail(node, f"{what} must be a mapping `key: value`")
        found: dict[str, Node] = {}
        for key, value in node.pairs:
            if allowed is not None and key.text not in allowed:
                self.fail(key, f"{what} has no field `{key.text}`{_hint(key.text, allowed)}")
            if key.text in found:
                self.fail(key, f"`{key.text}` stands twice in {what}; remove one")
            found[key.text] = value
        return found

    def keys(self, node: Node) -> dict[str, Scalar]:
        """The key nodes of a mapping, for their lines."""
        return {key.text: key for key, _ in node.pairs} if isinstance(node, Mapping) else {}

    def items(self, node: Node, what: str) -> list[Node]:
        """The elements of a list."""
        if not isinstance(node, Sequence):
            self.fail(node, f"{what} must be a list")
        return node.items

    def text(self, node: Node, what: str) -> str:
        """A single value as text, not empty."""
        if not isinstance(node, Scalar) or not node.text:
            self.fail(node, f"{what} must be text")
        return node.text

    def texts(self, node: Node, what: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.text(item, what) for item in self.items(node, what))

    def word(self, node: Node, what: str, known: Collection[str]) -> str:
        """One of the known words."""
        text = self.text(node, what)
        if text not in known:
            self.fail(node, f"unknown {what} `{text}`{_hint(text, known)}")
        return text

    def flag(self, node: Node, what: str) -> bool:
        """`true` or `false`."""
        return self.word(node, what, ("true", "false")) == "true"

    def index(self, node: Node, what: str) -> tuple[int, bool]:
        """An argument index and whether all later ones are meant too: `0`, `-1`, `2+`."""
        text = self.text(node, what)
        match = _INDEX.match(text)
        if match is None or int(match[1]) > MAX_INDEX:
            self.fail(node, f"{what} must be an argument index such as 0, 2+ (2 and later) or -1 (the object)")
        return int(match[1]), bool(match[2])

    def indexes(self, node: Node, what: str) -> tuple[int, ...]:
        """A list of argument indexes, `n+` written out as n to n + REST - 1."""
        found: list[int] = []
        for item in self.items(node, what):
            index, rest = self.index(item, what)
            found.extend(range(index, index + REST) if rest else (index,))
        return tuple(dict.fromkeys(found))

    def constant(self, node: Node, what: str) -> int | str:
        """An integer when it stands without quotes and looks like one, else text."""
        if isinstance(node, Scalar) and node.plain and _INTEGER.match(node.text):
            return int(node.text)
        if not isinstance(node, Scalar):
            self.fail(node, f"{what} must be a number or text")
        return node.text


def _hint(text: str, known: Collection[str]) -> str:
    """What was probably meant."""
    close = difflib.get_close_matches(text, sorted(known), 1)
    return f"; did you mean `{close[0]}`?" if close else f"; use one of: {', '.join(sorted(known))}"
