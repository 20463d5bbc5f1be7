"""`unserialize` of text that is known: the array that it makes, and the objects, whose methods PHP calls by itself.

An object of a class of the program gets the properties that the text gives it. `__wakeup` or `__unserialize` runs at
once, `__destruct` when the function is over; `__toString` and the rest where the object is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles, labels_of
from scanner.analysis.values import NOTHING, Val, join_all, text_value
from scanner.model.facts import Call, Unknown

_MAX_TEXT = 65_536
_MAX_VALUES = 2_000
_MAX_DEPTH = 20
_MAX_TEXTS = 4
_SCALARS = frozenset("bid")
_MAX_WOKEN = 8
"""Classes that text which is not known may hold an object of."""
_WAKING = ("__unserialize", "__wakeup")


class _Object(NamedTuple):
    """An object that the text describes."""

    cls: str
    properties: Mapping[str, _Value]


_Value = str | None | Mapping[str, "_Value"] | _Object
"""What serialized text may hold: a scalar as text, null, an array, an object."""


class _Reader:
    """Reads serialized text (PHP manual, `serialize`). Raises: ValueError, IndexError for what is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._left = _MAX_VALUES

    def value(self, depth: int = _MAX_DEPTH) -> _Value:
        """The next value."""
        self._left -= 1
        if self._left < 0 or depth < 0:
            raise ValueError
        kind = self._text[self._at]
        self._at += 1
        if kind == "N":
            self._expect(";")
            return None
        self._expect(":")
        if kind in _SCALARS:
            return self._until(";")
        if kind in "sS":
            return self._string(";")
        if kind == "E":
            return self._string(";").partition(":")[2]
        if kind == "a":
            return self._pairs(depth)
        if kind == "O":
            cls = self._string(":")
            pairs = self._pairs(depth)
            return _Object(cls, {name.rpartition("\0")[2]: held for name, held in pairs.items()})
        if kind in "rR":
            self._until(";")
            return None
        raise ValueError

    def _expect(self, text: str) -> None:
        if self._text[self._at : self._at + len(text)] != text:
            raise ValueError
        self._at += len(text)

    def _until(self, mark: str) -> str:
        end = self._text.index(mark, self._at)
        found, self._at = self._text[self._at : end], end + 1
        return found

    def _string(self, end: str) -> str:
        length = int(self._until(":"))
        self._expect('"')
        found = self._text[self._at : self._at + length]
        self._at += length
        self._expect('"' + end)
        return found

    def _pairs(self, depth: int) -> dict[str, _Value]:
        count = int(self._until(":"))
        self._expect("{")
        found: dict[str, _Value] = {}
        for _number in range(min(count, _MAX_VALUES)):
            key = self.value(0)
            found[key if isinstance(key, str) else ""] = self.value(depth - 1)
        self._expect("}")
        return found


def _read(text: str) -> _Value:
    """Value that a text describes, None for one that describes none."""
    if len(text) > _MAX_TEXT:
        return None
    try:
        return _Reader(text).value()
    except (ValueError, IndexError):
        return None


@handles("unserialize", "igbinary_unserialize")
def _unserialize(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    labels = Val(labels=labels_of(evaluator, args[:1]))
    values = [value for value in map(_read, evaluator.known_texts(args[0])[:_MAX_TEXTS] if args else ()) if value]
    if not values:
        _waken(evaluator, node, labels)
        return evaluator.join(evaluator.unknown(node), labels)
    return join_all([labels, *(_made(evaluator, node, value) for value in values)], evaluator.state.overflow)


def _waken(evaluator: Evaluator, node: Call, data: Val) -> None:
    """Text that is not known and holds a secret: an object of any class may be in it that makes itself of its data."""
    state = evaluator.state
    secrets = {label: trace for label, trace in data.labels.items() if state.is_specific(label)}
    if not secrets:
        return
    given = Val(rest=evaluator.join(evaluator.unknown(node), Val(labels=secrets)))
    for number in state.program.by_method.get(_WAKING[0], [])[:_MAX_WOKEN]:
        cls = state.program.find_class(state.program.functions[number].cls)
        evaluator.run_method(number, [given], Unknown(_WAKING[0]), Val(types=frozenset([cls])))


def _made(evaluator: Evaluator, node: Call, value: _Value) -> Val:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return text_value(value)
    if isinstance(value, _Object):
        return _instance(evaluator, node, value)
    return Val(items={key: _made(evaluator, node, item) for key, item in value.items()})


def _instance(evaluator: Evaluator, node: Call, described: _Object) -> Val:
    """The object, with its properties, once PHP has woken it up. All objects of one call are one place."""
    state = evaluator.state
    cls = state.program.find_class(described.cls.lstrip("\\"))
    site = state.site(evaluator.number, node.start)
    made = Val(types=frozenset([cls]), sites=frozenset([site]))
    given: dict[str, Val] = {}
    for name, held in described.properties.items():
        given[name] = _made(evaluator, node, held)
        evaluator.set_site(site, "." + name, given[name])
        evaluator.write_shared("store", (evaluator.property_owner(cls, name), name), given[name])
    for method in _WAKING:
        number = state.program.find_method(cls, method)
        if number is not None:
            args = [Val(items=given)] if method == "__unserialize" else []
            evaluator.run_method(number, args, Unknown(method), made)
    if state.program.find_method(cls, "__destruct") is not None:
        evaluator.ending.append(made)
    return made


def register() -> None:
    """What is registered above is registered by importing this module."""
