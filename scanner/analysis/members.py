"""Writes to properties of objects."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import array_keys, collecting, documents, growing, hydrating, inside, references
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.lookup import MAX_NAMED
from scanner.analysis.origins import SUPERGLOBALS
from scanner.analysis.shared import LONE, STORE
from scanner.analysis.state import ANY_PROPERTY
from scanner.analysis.templates import PARAMETERS
from scanner.analysis.values import Val, all_labels, join_all, text_value
from scanner.model.facts import Index, Prop, Value, Var

_NAMES = ".\0names"
"""What the names of an object's properties tell, as a property that no PHP code can name."""


def write(evaluator: Evaluator, target: Prop, value: Val) -> None:
    """Store a value in a property of an object, as far as its name and the object are known."""
    base = evaluator.value(target.base)
    if base.sites:
        documents.assigned(evaluator, base, value)
    name = target.name if isinstance(target.name, str) else None
    if name is None:
        named = evaluator.value(target.name if not isinstance(target.name, str) else None)
        names = evaluator.known_texts(named)
        if len(names) != 1:
            evaluator.note("dynamic-property", evaluator.line, describe(target))
            _named_by_secret(evaluator, target, base, named)
            own = evaluator.state.program.own_classes(base.types) if not names else ()
            evaluator.state.vague.update((cls, ANY_PROPERTY) for cls in own)
            if not hydrating.fill(evaluator, base, named, value):
                _write_some_property(evaluator, base, names, value)
                _told(evaluator, target, base, named, value)
            return
        name = names[0]
    _write_named(evaluator, target, base, name, value)


def _named_by_secret(evaluator: Evaluator, target: Prop, base: Val, named: Val) -> None:
    """`$object->{$secret} = 1`: the name of a property leaves with the object, as a key of an array does."""
    secrets = evaluator.state.only_named(named)
    if not secrets.labels:
        return
    for site in sorted(base.sites):
        evaluator.set_site(site, _NAMES, secrets)
    if isinstance(target.base, Var) and target.base.name in evaluator.env:
        evaluator.env[target.base.name] = evaluator.join(evaluator.env[target.base.name], secrets)


def _told(evaluator: Evaluator, target: Prop, base: Val, named: Val, value: Val) -> None:
    """`__set` gets what is assigned under a name that may be one of several, or that is a secret."""
    state = evaluator.state
    told = any(map(state.is_specific, named.labels)) or evaluator.known_texts(named) or state.has_secret(value)
    for cls in sorted(base.types) if told else ():
        magic = evaluator.magic_method(cls, "", "__set")
        if magic is not None:
            evaluator.run_method(magic, [named, value], target, base)


def unset(evaluator: Evaluator, target: Value) -> None:
    """`unset($object->name)`, `unset($object[$key])`: an object is told."""
    evaluator.value(target)
    if isinstance(target, Prop):
        evaluator.run_magic("__unset", target)
    if isinstance(target, Index) and target.key is not None:
        base, key = evaluator.value(target.base), array_keys.cast(target.key, evaluator.value(target.key))
        evaluator.run_offset("offsetunset", base, [key], target.base)
        collecting.unset(evaluator, base, key)
        is_array = base.items is not None or any(map(PARAMETERS.fullmatch, base.texts))
        if is_array and not base.types and not _is_superglobal(target.base):
            evaluator.state.interpreter.write(evaluator, target.base, _without(evaluator, base, key))


def _without(evaluator: Evaluator, base: Val, key: Val) -> Val:
    """An array from which the element of a key is gone; where it is not known which, any may be gone."""
    names = evaluator.known_texts(key)
    if len(names) == len(key.texts) == 1:
        base = array_keys.without(base, names[0]) if base.items else base
        return base.replaced(loose=True) if base.texts else base
    return base.replaced(loose=True)


def _is_superglobal(place: Value) -> bool:
    return isinstance(place, Var) and (place.name in SUPERGLOBALS or place.name == "GLOBALS")


def _through_hook(evaluator: Evaluator, target: Prop, base: Val, name: str, value: Val) -> Val:
    """What a property gets of what is assigned to it: what its hook makes of it (`set => trim($value)`).

    A hook in braces assigns for itself; of that only the secrets of the value are taken for granted.
    """
    program = evaluator.state.program
    setters = [number for cls in sorted(base.types) if (number := program.find_method(cls, f"${name}::set".lower()))]
    if not setters or evaluator.number in setters:
        return value
    made = [evaluator.run_method(setter, [value], target, base) for setter in setters]
    return join_all([Val(labels=all_labels(value)), *made], evaluator.state.overflow)


def _write_named(evaluator: Evaluator, target: Prop, base: Val, name: str, value: Val) -> None:
    value = _through_hook(evaluator, target, base, name, value)
    given = value
    served = bool(base.types) and all(evaluator.magic_method(cls, name, "__set") is not None for cls in base.types)
    if served:
        value = Val(labels=all_labels(value))  # `__set` decides what it puts where
    if base.items is not None and not base.sites and not base.types:  # `(object) ['x' => 1]`: an array with arrows
        whole = base.replaced(items={**base.items, name: value})
        evaluator.state.interpreter.write(evaluator, target.base, whole)
    for site in sorted(base.sites):
        evaluator.set_site(site, "." + name, value)
        if site < 0:
            growing.note(evaluator, name, value)
    inside.leave(evaluator, base, name, value)
    if isinstance(target.base, Var) and not served:
        evaluator.assign_property(target.base.name, name, value)
    for cls in sorted(base.types):
        owner = evaluator.property_owner(cls, name)
        kind = STORE if base.sites and base.sites.isdisjoint(evaluator.state.single_sites) else LONE
        evaluator.write_shared(kind, (owner, name), growing.numbered(value))
        magic = evaluator.magic_method(cls, name, "__set")
        if magic is not None:
            evaluator.run_method(magic, [text_value(name), given], target, base)
        getter = evaluator.magic_method(cls, name, "__get")
        if getter is not None and evaluator.state.program.functions[getter].gives_place:  # `$object->list[] = $value`
            references.assign_to_method(evaluator, getter, [text_value(name)], target, base, given)


def _write_some_property(evaluator: Evaluator, base: Val, names: Sequence[str], value: Val) -> None:
    """`$this->$name = $value`: any property may hold the secrets in it."""
    labels = evaluator.state.lasting(all_labels(value))
    for cls in evaluator.state.program.own_classes(base.types) if labels else ():
        for name in names[:MAX_NAMED] or (ANY_PROPERTY,):
            owner = evaluator.property_owner(cls, name) if names else cls
            evaluator.write_shared("store", (owner, name), Val(labels=labels))
