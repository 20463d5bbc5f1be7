"""Writes into an object that what a caller passes holds: `function fill($o) { $o->inner->secret = $x; }`.

Which object that is, is known where the outer one is passed.
"""

from __future__ import annotations

from typing import Final

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import Effect
from scanner.analysis.templates import parameters
from scanner.analysis.values import Val

INSIDE: Final = "inside"
"""Target of the effect that a property of an object gets a value; its key has the object's template and the name."""
_MAX_LIFTS = 3


def leave(evaluator: Evaluator, base: Val, name: str, value: Val, lifts: int = 0) -> None:
    """A property is written of which only the caller knows the object; nothing where the object is known here."""
    if base.sites or evaluator.state.program.own_classes(base.types) or lifts > _MAX_LIFTS:
        return
    for text in sorted(base.texts):
        if len(text) == 1 and parameters(text) and evaluator.state.holes.origin(text) is not None:
            evaluator.add_effect(Effect(INSIDE, (0, f"{text}\0{name}"), value, lifts))


def put(evaluator: Evaluator, effect: Effect, substitution: Substitution) -> None:
    """A callee writes into an object that one that this call passes holds."""
    text, _separator, name = effect.key[1].partition("\0")
    base, value = substitution.value(Val(frozenset([text]))), substitution.value(effect.value)
    for site in sorted(base.sites):
        evaluator.set_site(site, "." + name, value)
    for cls in evaluator.state.program.own_classes(base.types):
        owner = evaluator.property_owner(cls, name)
        evaluator.write_shared("store", (owner, name), value, effect.lifts + 1)
    leave(evaluator, base, name, value, effect.lifts + 1)
