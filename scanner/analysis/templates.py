"""Partly known strings: text with holes.

A template is a Python string. Characters up to U+00FF are bytes that are known; a character from U+E000 upwards is a
hole: something that is only known by its description. Joining templates is joining strings, so string building in
the scanned program needs no special structure here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

FIRST_PRIVATE = "\ue000"
"""Characters from here on are holes of some kind."""
FIRST_HOLE = 0xE100
FIRST_PARAMETER = 0xE000
"""Holes for parameters have characters of their own: parameter i is U+E001 + i, the receiver U+E000."""
RECEIVER_TEMPLATE = chr(FIRST_PARAMETER)
FIRST_ELEMENT = 0x100000
"""Holes for elements of parameters (`$options['url']`) have plane 16."""
HOLES = re.compile(f"[{FIRST_PRIVATE}-\U0010ffff]+")
A_NUMBER = "a number"
"""Text of the hole that stands for some number, or the outcome of a comparison."""
PARAMETERS = re.compile("[\ue000-\ue0ff\U00100000-\U0010fffd]")
OF_OBJECT = "\0"
"""Begins the key of an element that is a property: `$this->url` is the element `\\0url` of the receiver."""
ELEMENTS = "\0elements"
"""What was put into a collection, as a property that no PHP code can name: it is found wherever the object goes."""
OF_QUERY = "\1"
"""Key of an element that is a row of the query whose text a parameter is."""
OF_GLOBALS = "\2"
"""Key of an element that is the global variable whose name a parameter is."""
OF_MEMBERS = "\3"
"""Begins the key of an element that is the property whose name a parameter is; the class follows."""
OF_WHOLE = "\4"
"""Begins the key of an element of an array that holds all of the environment, or all globals."""
OF_NAMED = "\6"
"""Begins the key of an element that is what stands under the name that a parameter is; the kind of name follows."""
STORED = "\0"
"""Begins the kind of a name that is a key of a property's array (see `OF_NAMED` and `keyed`)."""
OF_KEYS = "\7"
"""Key of an element that is any key of the array that a parameter is."""
OF_METHOD = "\13"
"""Begins the key of an element that is what a method without arguments gives of the object that a parameter is."""
OF_MEMBERS_ALL = "\10"
"""Key of an element that is what all properties of the object hold that a parameter is."""
OF_CAST = "\16"
"""Key of an element that is what `(array)` makes of a parameter: what its properties hold, if it is an object."""
OF_SEEN = "\17"
"""Begins the key of an element that is what those properties hold of a parameter that the code of a class sees."""
OF_UNDER = "\15"
"""Begins the key of an element of an array under the key that a parameter is; the parameter's template follows."""
OF_RESULT = "\5"
"""Key of an element that is what a function gives which a parameter holds."""
OF_JOINED = "\14"
"""Begins the key of an element that is the joined text of the array that a parameter is; what is between follows."""
OF_LISTED = "\20"
"""Begins the key of an element that is what a function makes of the array that a parameter is (see `relisted`)."""
_MAX_PARAMETERS = 250
_MAX_ELEMENT_DEPTH = 3
_MAX_HOLES = 60_000
_MAX_LIKE = 24
"""Names that a partly known one may be."""
MAX_LENGTH = 20_000
"""Longer known texts are cut and end in a hole `too-long`."""
MAX_OPEN_LENGTH = 400
"""The same for texts with holes."""


class Hole(NamedTuple):
    """What stands in the place of an unknown piece of a string."""

    kind: str
    """`param` (text: index), `property` (of a parameter or of the receiver), `config`,
    `secret`, `user-input`, `own-server`, `env`, `unknown` (text: expression),
    `constant` (an undefined constant), `too-long`."""
    text: str


class HoleTable:
    """Interned holes; a table belongs to one analysis, so that numbers do not depend on what ran before."""

    def __init__(self) -> None:
        self._numbers: dict[Hole, str] = {}
        self._holes: list[Hole] = []
        self._element_numbers: dict[tuple[str, str], str] = {}
        self._elements: list[tuple[str, str, int]] = []
        self._properties: list[bool] = []
        """Of each element: whether it is a property or what a method gives, or something in one."""
        self.growing: set[str] = set()
        """Templates of properties of an own object to which its methods add (see `growing`)."""
        self.destinations: dict[tuple[str, bool, bool], tuple[str, str, str]] = {}
        """What templates name, by text and by what a bare word and two slashes in it mean (see `destinations`)."""

    def template(self, kind: str, text: str) -> str:
        """One-character template for a hole. When the private planes are full, everything is one unknown hole."""
        if kind == "param":
            return chr(FIRST_PARAMETER + 1 + min(int(text), _MAX_PARAMETERS))
        hole = Hole(kind, text)
        known = self._numbers.get(hole)
        if known is None:
            if len(self._holes) >= _MAX_HOLES:
                return chr(FIRST_HOLE)
            number = len(self._holes)
            self._holes.append(hole)
            known = self._numbers[hole] = chr(_code(number))
        return known

    def element(self, parent: str, key: str) -> str | None:
        """Template for an element of a parameter, or of an element of one; None beyond the bounds."""
        known = self._element_numbers.get((parent, key))
        if known is None:
            origin = self.origin(parent)
            inner = key.startswith(OF_NAMED)  # what a store holds under a name is no element of the name
            inner = inner or (key.startswith(OF_LISTED) and (origin is None or not origin[1].startswith(OF_LISTED)))
            depth = (0 if origin is None else self._elements[ord(parent) - FIRST_ELEMENT][2]) + (not inner)
            if depth > _MAX_ELEMENT_DEPTH or len(self._elements) >= _MAX_HOLES:
                return None
            known = self._element_numbers[parent, key] = chr(FIRST_ELEMENT + len(self._elements))
            self._elements.append((parent, key, depth))
            self._properties.append(key.startswith((OF_OBJECT, OF_METHOD)) or self.is_property(parent))
        return known

    def origin(self, character: str) -> tuple[str, str] | None:
        """Parameter (or element) and key of an element's template; None for any other template."""
        code = ord(character)
        if code < FIRST_ELEMENT:
            return None
        parent, key, _depth = self._elements[code - FIRST_ELEMENT]
        return parent, key

    def parameter_of(self, template: str) -> int:
        """Number of the parameter that a template is, or is an element of; -1 of the receiver, -2 of any other text."""
        origin = self.origin(template) if len(template) == 1 else ("", "")
        while origin is not None:
            template = origin[0]
            origin = self.origin(template) if template else None
        return ord(template) - FIRST_PARAMETER - 1 if template and PARAMETERS.match(template) else -2

    def hole(self, character: str) -> Hole | None:
        """The hole that a character stands for, None for a known byte."""
        code = ord(character)
        if code < FIRST_PARAMETER:
            return None
        if code < FIRST_HOLE:
            return Hole("param", str(code - FIRST_PARAMETER - 1))
        if code >= FIRST_ELEMENT:
            return self._element_hole(code - FIRST_ELEMENT)
        number = code - FIRST_HOLE if code <= _LAST_PRIVATE else code - _PLANE_15 + _IN_BASIC_PLANE
        return self._holes[number] if 0 <= number < len(self._holes) else None

    def _element_hole(self, number: int) -> Hole:
        parent, key, _depth = self._elements[number]
        of = self.hole(parent) or Hole("param", "?")
        if key.startswith(OF_OBJECT):
            return Hole("property", f"{'$this' if parent == chr(FIRST_PARAMETER) else of.text}->{key[1:]}")
        if key == OF_RESULT:
            return Hole(of.kind, f"result of {of.text}")
        if key == OF_GLOBALS or key.startswith(OF_NAMED):
            return Hole(of.kind, f"what has the name {of.text}")
        if key.startswith(OF_METHOD):
            return Hole(of.kind, f"{of.text}->{key[1:]}()")
        if key.startswith(OF_LISTED):
            return Hole(of.kind, f"{key.split(chr(34))[1]}({of.text})")
        if key.startswith(OF_JOINED):
            return Hole(of.kind, f"parts of {of.text}")
        if key in (OF_MEMBERS_ALL, OF_CAST) or key.startswith(OF_SEEN):
            return Hole(of.kind, f"properties of {of.text}")
        if key == OF_KEYS:
            return Hole(of.kind, f"key of {of.text}")
        if key.startswith(OF_MEMBERS):
            return Hole(of.kind, f"property of the name {of.text}")
        return Hole(of.kind, f"row of {of.text}" if key == OF_QUERY else f"{of.text}[{key}]")

    def is_growing(self, template: str) -> bool:
        """Whether a template is a property to which methods add, or something in one."""
        origin = self.origin(template)
        while origin is not None and template not in self.growing:
            template = origin[0]
            origin = self.origin(template)
        return template in self.growing

    def is_property(self, character: str) -> bool:
        """Whether a template stands for a property, or for something in one."""
        code = ord(character)
        return code >= FIRST_ELEMENT and self._properties[code - FIRST_ELEMENT]

    def show(self, template: str) -> str:
        """Template for people: holes as `{description}`, bytes as UTF-8 where they are."""
        out: list[str] = []
        run: list[str] = []
        for character in template:
            hole = self.hole(character)
            if hole is None:
                run.append(character)
                continue
            out.append(to_text("".join(run)))
            run = []
            out.append("{" + (hole.text if hole.kind in ("unknown", "constant") else f"{hole.kind}:{hole.text}") + "}")
        out.append(to_text("".join(run)))
        return "".join(out)


_LAST_PRIVATE = 0xF8FF
_PLANE_15 = 0xF0000
_IN_BASIC_PLANE = _LAST_PRIVATE - FIRST_HOLE + 1


def _code(number: int) -> int:
    """Character of a hole: in the private use area of the basic plane, then in that of plane 15."""
    return FIRST_HOLE + number if number < _IN_BASIC_PLANE else _PLANE_15 + number - _IN_BASIC_PLANE


def is_known(template: str) -> bool:
    """Whether a template has no holes."""
    return template.isascii() or max(template) < FIRST_PRIVATE


def like(template: str, names: Iterable[str]) -> list[str]:
    """Those of some names that a template may be: what is known of it stands in them, in its order; bounded."""
    start, *middle, end = HOLES.split(template)
    fitting = (
        name for name in names if name.startswith(start) and name.endswith(end) and len(start) + len(end) <= len(name)
    )
    return [name for name in fitting if _holds(name[len(start) : len(name) - len(end)], middle)][:_MAX_LIKE]


def _holds(name: str, parts: Iterable[str]) -> bool:
    """Whether parts stand one after another in a name."""
    position = 0
    for part in parts:
        position = name.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return True


@lru_cache(maxsize=1 << 16)
def parameters(template: str) -> tuple[str, ...]:
    """Parameters and elements of parameters in a template, in their order; with repetition."""
    return () if is_known(template) else tuple(PARAMETERS.findall(template))


@lru_cache(maxsize=1 << 14)
def between_parameters(template: str) -> tuple[str, ...]:
    """What stands before, between and after the parameters of a template."""
    return tuple(PARAMETERS.split(template))


def to_text(known: str) -> str:
    """Bytes held one per character, read as UTF-8 where possible."""
    return known.encode("latin-1", "replace").decode("utf-8", "replace")
