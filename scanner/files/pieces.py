"""What the readers of browser languages hand on: things found, and pieces of another language to be read next."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from scanner.files.addresses import Text


class Piece(NamedTuple):
    """A text in one language."""

    language: str
    """`script`, `typescript`, `markup`, `style`."""
    source: bytes
    base: int = 0
    """Offset of the text in its file."""
    fixed: bool = False
    """The text does not stand in the file as it is here (it was decoded): everything in it is at `base`."""
    depth: int = 0
    expressions: tuple[str, ...] = ()
    """PHP expressions that marks in the text stand for."""
    api: str = ""
    """What the text is given to, for a text that a script makes: `innerHTML`."""
    spots: tuple[tuple[int, int], ...] = ()
    """For a text put together: offset in it and in the file where each part begins. `base` counts in the text then."""

    def place(self, offset: int) -> int:
        """Offset in the file."""
        if self.fixed:
            return self.base
        if not self.spots:
            return self.base + offset
        inside, outside = self.spots[max(0, bisect_right(self.spots, (self.base + offset, 1 << 62)) - 1)]
        return outside + self.base + offset - inside

    def inner(self, language: str, source: bytes, offset: int, *, made: bool = False, api: str = "") -> Piece:
        """A piece inside of this one; `made`: its text stands nowhere as it is."""
        fixed = self.fixed or made
        base = self.place(offset) if fixed or not self.spots else self.base + offset
        spots = () if fixed else self.spots
        return Piece(language, source, base, fixed, self.depth + 1, self.expressions, api or self.api, spots)


class Found(NamedTuple):
    """A remark before its lines are known."""

    start: int
    end: int
    kind: str
    api: str
    address: Text = Text("")
    sends: tuple[str, ...] = ()
    text: str = ""
    grade: str = ""


class Apis(NamedTuple):
    """Names that make a browser connect, from the signatures."""

    functions: dict[str, int]
    """Dotted name -> position of the URL, -1 where none is an argument of its own."""
    methods: dict[str, list[tuple[str, int]]]
    """Method -> class and position of the URL."""
    constructors: dict[str, int]
    assigned: frozenset[str]
    """Properties that an address is assigned to."""
    elements: dict[str, list[tuple[tuple[tuple[str, str], ...], str, str]]]
    """Element -> conditions on its attributes, attribute with the address, name of the signature."""
    words: tuple[bytes, ...]
    """Every use of one of these names in a script holds one of these words."""


_CONDITION = re.compile(r"\[([\w:*-]+)(?:=([\w:.-]+))?\]")
_ASSIGNED = frozenset({"src", "href", "action", "srcset", "location", "baseURL", "backgroundImage"})
_LOOSE_METHODS = frozenset(
    {"register", "addModule", "setAttribute", "attr", "prop", "load", "getDocument", "postMessage"}
)


@lru_cache(maxsize=4)
def browser_apis(entries: tuple[tuple[str, str, int], ...]) -> Apis:
    """Tables of the signatures: (`javascript` or `html`, callable, position of the URL)."""
    functions: dict[str, int] = {}
    methods: dict[str, list[tuple[str, int]]] = {}
    constructors: dict[str, int] = {}
    assigned = set(_ASSIGNED)
    elements: dict[str, list[tuple[tuple[tuple[str, str], ...], str, str]]] = {}
    for kind, name, position in entries:
        if kind == "html":
            tag = name.partition("[")[0].lower()
            conditions = tuple((key.lower(), value.lower()) for key, value in _CONDITION.findall(name))
            attribute = next((key for key, value in reversed(conditions) if not value), "")
            if attribute and "*" not in attribute:
                elements.setdefault(tag, []).append((conditions, attribute, name))
        elif name.startswith("new "):
            constructors[name[4:]] = position
        elif name.endswith("="):
            assigned.add(name.strip(".=").rpartition(".")[2])
        elif "#" in name:
            cls, _, method = name.partition("#")
            methods.setdefault(method, []).append((cls, position))
        else:
            functions[name.removeprefix(".")] = position
    assigned -= {"cookie", "name", "innerHTML", "outerHTML", "srcdoc"}
    words = {name.rpartition(".")[2] for name in (*functions, *constructors, *assigned, *methods)}
    return Apis(functions, methods, constructors, frozenset(assigned), elements, _words(words | _LOOSE_METHODS))


_NO_ADDRESS = frozenset(
    {"send", "setRequestHeader", "createElement", "appendChild", "append", "html", "write", "writeln", "push", "submit",
     "requestSubmit", "setTimeout", "setInterval", "insertRule", "replace", "name", "share", "createContextualFragment",
     "DataTable", "render", "parseFromString", "ReportingObserver", "PaymentRequest", "Notification", "prop"}
)  # fmt: skip
"""Names of the signatures that take no address: text of another language is found by itself."""


def _words(names: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(sorted(name.encode() for name in names if name not in _NO_ADDRESS))
