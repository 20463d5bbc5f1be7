"""Functions that fill an object from a list that a caller passes: what has a key there goes where the key says.

`foreach ($options as $name => $value) { $this->$name = $value; }`: each element of `$options` becomes the property of
its key's name where the list is passed. With `$this->{'set' . ucfirst($name)}($value)` any method whose name fits is
called with any element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.state import ANY_PROPERTY
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import ANY, Effect, parameter_label
from scanner.analysis.templates import OF_KEYS, is_known, like, parameters
from scanner.analysis.values import Trace, Val, text_value
from scanner.analysis.visibility import declared
from scanner.model.facts import Unknown

MEMBERS: Final = "members"
"""Target of the effect that the elements of an array become properties of an object."""
_ARRAY = "array"
_LABELS = "labels"
_MAX_LIFTS = 3
_MAX_NAMES = 40
_MAX_METHODS = 12
"""Methods of a class that a name known in part may mean."""
_SHORTEST = 3
"""Letters of a name that must be known."""


def fill(evaluator: Evaluator, base: Val, named: Val, value: Val) -> bool:
    """`$object->$name = $value`: whether both come from the same list of the caller's, who knows what goes where."""
    holes, found = evaluator.state.holes, False
    for text in sorted(named.texts):
        origin = holes.origin(text) if len(text) == 1 and parameters(text) else None
        if origin is None or origin[1] != OF_KEYS or holes.element(origin[0], ANY) not in value.texts:
            continue
        found = True
        way = Trace(evaluator.path, evaluator.line, "elements become properties", None, 0)
        given = _packed(frozenset([origin[0]]), {parameter_label(origin[0]): way})
        classes = evaluator.state.program.own_classes(base.types)
        for cls in classes:
            for name in declared(evaluator.state.program, cls):
                evaluator.state.note_instance((evaluator.property_owner(cls, name), name))
        for site in sorted(base.sites):
            evaluator.add_effect(Effect(MEMBERS, (site, "\0".join(classes)), given))
    return found


def filled(evaluator: Evaluator, effect: Effect, substitution: Substitution) -> None:
    """A callee fills an object from what this call passes."""
    parts = substitution.value(effect.value).items or {}
    array, whole = parts[_ARRAY], parts[_LABELS]
    sites = sorted(substitution.sites(frozenset([effect.key[0]])))
    made = evaluator.state.made.classes(sites)
    classes = sorted(made) or [cls for cls in effect.key[1].split("\0") if cls]
    for name, item in list((array.items or {}).items())[:_MAX_NAMES]:
        for site in sites:
            evaluator.set_site(site, "." + name, item)
        for cls in classes:
            owner = evaluator.property_owner(cls, name)
            evaluator.write_shared("store", (owner, name), item, effect.lifts + 1)
            magic = evaluator.magic_method(cls, name, "__set")
            if magic is not None:
                here = Val(types=frozenset([cls]), sites=frozenset(sites))
                evaluator.run_method(magic, [text_value(name), item], Unknown(name), here)
    open_texts = frozenset(text for text in array.texts if parameters(text))
    if open_texts and effect.lifts < _MAX_LIFTS:
        for site in sites:
            given = _packed(open_texts, whole.labels)
            evaluator.add_effect(Effect(MEMBERS, (site, effect.key[1]), given, effect.lifts + 1))
    elif array.items is None or array.rest is not None:  # which of it goes where nobody knows
        labels = evaluator.state.lasting(whole.labels)
        for cls in classes if labels else ():
            evaluator.write_shared("store", (cls, ANY_PROPERTY), Val(labels=labels), effect.lifts + 1)


def _packed(texts: frozenset[str], labels: Mapping[str, Trace]) -> Val:
    """A list of the caller's, and apart from it what all of it carries."""
    return Val(items={_ARRAY: Val(texts), _LABELS: Val(labels=labels)})


def methods(evaluator: Evaluator, receiver: Val, named: Val) -> list[str]:
    """Methods of an object's class that a name known in part may mean."""
    program = evaluator.state.program
    found: set[str] = set()
    for text in named.texts:
        if is_known(text) or len(text) <= _SHORTEST or not is_known(text[:_SHORTEST]):
            continue
        for cls in program.own_classes(receiver.types):
            names = {name for one in program.ancestors(cls) for name in program.own_methods(one)}
            found.update(like(text.lower(), sorted(names)))
    return sorted(found) if len(found) <= _MAX_METHODS else []
