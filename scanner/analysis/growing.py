"""Builders: methods that add to what a property of their object holds.

`$this->url .= $part` and `$this->parts[] = $part` say of the property that it is what it was, and more. Who calls such
a method knows what it was: calls of it one after the other make one text, or one list in its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from scanner.analysis.array_keys import next_number
from scanner.analysis.frame import Frame
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import Effect, depends_on_caller
from scanner.analysis.templates import FIRST_PARAMETER, OF_OBJECT, RECEIVER_TEMPLATE, HoleTable, parameters
from scanner.analysis.values import NOTHING, Val

_ADDED = "\0added"
"""Beginning of the keys of what is added to a list of which only the caller knows how long it is."""

_MAX_PARTS = 64
"""Parts of a list that are kept apart: as many letters as an address has that is put together one by one."""


def next_key(base: Val, holes: HoleTable) -> str | None:
    """Key of what `$base[] = ...` adds; None where it is not known."""
    items = base.items or {}
    if _of_caller(base, holes):
        return f"{_ADDED}{_count_added(items)}"
    number = next_number(items)
    return None if number is None else str(number)


def _of_caller(base: Val, holes: HoleTable) -> bool:
    """Whether only the caller knows how long a list is."""
    return any(len(text) == 1 and holes.is_property(text) for text in base.texts)


def _count_added(items: Mapping[str, Val]) -> int:
    return sum(key.startswith(_ADDED) for key in items)


def _lengthened(frame: Frame, base: Val, added: list[Val]) -> Val:
    """A list with all that a callee adds to it, made in one step: such lists are long where a library draws pages.

    Of what is more than a list may hold only the labels and texts are known, not the place.
    """
    items = dict(base.items or {})
    vague = _of_caller(base, frame.state.holes)
    count = _count_added(items)
    room = max(0, _MAX_PARTS - len(items))
    for number, item in enumerate(added[:room]):
        items[f"{_ADDED}{count + number}" if vague else str(len(items))] = item
    rest = base.rest if len(added) <= room else reduce(frame.join, added[room:], base.rest or NOTHING)
    return base.replaced(items=items, rest=rest)


def numbered(value: Val) -> Val:
    """The value with numbers for the keys of what was added, where nobody knows more."""
    items = value.items
    if not items or not any(key.startswith(_ADDED) for key in items):
        return value
    known = {key: item for key, item in items.items() if not key.startswith(_ADDED)}
    added = (item for key, item in items.items() if key.startswith(_ADDED))
    return value.replaced(items=known | {str(len(known) + place): item for place, item in enumerate(added)})


def put(frame: Frame, effect: Effect, substitution: Substitution, sites: frozenset[int]) -> Val:
    """What a callee puts into a property of an object; what it adds comes after what is there."""
    name, items = effect.key[1], effect.value.items or {}
    if name not in frame.state.growth.names:
        return substitution.value(effect.value)
    added = dict.fromkeys(key for key in items if key.startswith(_ADDED))
    bare = effect.value.replaced(items=_without(items, added)) if added else effect.value
    value = substitution.value(bare)
    if added:
        value = _lengthened(frame, value, [substitution.value(items[key]) for key in added])
    if len(sites) == 1 and _is_extended(frame.state.holes, effect):
        (site,) = sites
        frame.sites.drop(site, name)
        frame.grown.add((site, name))
    return value


def note(frame: Frame, name: str, value: Val) -> None:
    """Remember a property of the own object to which a method adds: its object alone knows what it is."""
    if not depends_on_caller(value) or ("." + name) in frame.state.growth.names:
        return
    own = frame.state.holes.element(RECEIVER_TEMPLATE, OF_OBJECT + name)
    if own is not None and _holds(own, value):
        frame.state.growth.templates.add(own)
        frame.state.growth.names.add("." + name)


def _holds(template: str, value: Val) -> bool:
    """Whether a value is what a property was, and more."""
    if template in value.texts and any(key.startswith(_ADDED) for key in value.items or ()):
        return True
    return any(len(text) > 1 and template in parameters(text) for text in value.texts)


def _without(items: Mapping[str, Val], keys: Mapping[str, None]) -> dict[str, Val] | None:
    return {key: item for key, item in items.items() if key not in keys} or None


def _is_extended(holes: HoleTable, effect: Effect) -> bool:
    """Whether what is written has in it what was there before, of an object that a caller passes."""
    if effect.key[0] >= 0:
        return False
    before = holes.element(chr(FIRST_PARAMETER - 1 - effect.key[0]), OF_OBJECT + effect.key[1].removeprefix("."))
    return before is not None and _holds(before, effect.value)
