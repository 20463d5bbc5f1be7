"""Properties of an object as an array of them: `foreach`, `(array)`; and which of them code of a class sees.

Source: PHP manual, "Visibility", "Object Iteration", `get_object_vars`, `JsonSerializable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.program import Program
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, merge_labels

MAX_CLASSES = 8
"""Classes that an object of unknown class is taken to have."""
_MAX_PROPERTIES = 40
SERIALIZED = "\0serialized"
AS_JSON = "\0json"
"""Stand for the class whose code must see properties: an encoder that the class itself may tell which they are."""
_SCOPES = {
    "http_build_query": "", "json_encode": AS_JSON, "serialize": SERIALIZED, "igbinary_serialize": SERIALIZED,
}  # fmt: skip
"""Encoders that do not take all properties."""
Wanted = Callable[[str], bool]
"""Whether a property is asked for, by its name."""


def classes_of(program: Program, types: Iterable[str]) -> list[str]:
    """Classes of the program that an object may be of; in a method of a trait, also those that use it."""
    classes = program.own_classes(frozenset(types))[:MAX_CLASSES]
    users = [one for cls in classes if program.is_trait(cls) for one in program.descendants(cls, MAX_CLASSES)]
    return sorted({*classes, *users})[:MAX_CLASSES] if users else classes


def scope_of(evaluator: Evaluator, encoder: str) -> str | None:
    """Class whose code sees the properties that an encoder takes: `` for those that are public; none for all."""
    return evaluator.cls if encoder == "get_object_vars" else _SCOPES.get(encoder)


def plain(scope: str | None) -> str | None:
    """The scope as far as classes do not decide themselves: `serialize` takes all properties, JSON the public ones."""
    return None if scope == SERIALIZED else "" if scope == AS_JSON else scope


def seen_from(program: Program, types: Iterable[str], scope: str | None) -> Wanted:
    """Which properties of objects of some classes code of a class sees; all where the scope is none.

    Private and protected ones are not seen from other classes, unless one of the class's own kin has made them public.
    """
    scope = plain(scope)
    if scope is None:
        return bool
    kin = {
        one
        for cls in classes_of(program, types)
        for one in (*program.ancestors(cls), *program.descendants(cls, MAX_CLASSES))
    }
    if scope in kin:
        return bool
    public: dict[str, bool] = {}
    for item in (item for cls in kin for item in program.own_properties(cls)):
        public[item.name] = public.get(item.name, False) or not item.hidden
    return lambda name: public.get(name, True)


def declared(program: Program, cls: str) -> list[str]:
    """Names of the properties of a class, those of its parents and of their constructors' parameters included."""
    return [item.name for one in program.ancestors(cls) for item in program.own_properties(one)][:_MAX_PROPERTIES]


def members(evaluator: Evaluator, value: Val, wanted: Wanted = bool) -> dict[str, Val]:
    """What is known of the properties of an object by their names: what was set on it, and what its class tells."""
    classes = classes_of(evaluator.state.program, value.types)
    names = dict.fromkeys(name for cls in classes for name in declared(evaluator.state.program, cls))
    for site in sorted(value.sites):
        names |= dict.fromkeys(role[1:] for role in sorted(evaluator.sites.get(site, {})) if role[:1] == ".")
    found = {name: evaluator.held(value, classes, name) for name in names if name[:1] != "\0" and wanted(name)}
    return {name: held for name, held in found.items() if held is not NOTHING}


def put_on(evaluator: Evaluator, value: Val, wanted: Wanted) -> Mapping[str, Trace]:
    """Labels of what was put on an object, here or by others, in properties that are asked for."""
    labels: Mapping[str, Trace] = {}
    for site in sorted(value.sites) if value.types else ():
        for roles in (evaluator.sites.get(site, {}), evaluator.state.site_states.get(site, {})):
            for role, held in sorted(roles.items()):
                if role[0] == "." and wanted(role[1:]):
                    labels = merge_labels(labels, all_labels(held))
    return labels


def as_array(evaluator: Evaluator, value: Val, scope: str | None) -> Val:
    """An object as an array of its properties: those by name of which something is known, labels of all others."""
    wanted = seen_from(evaluator.state.program, value.types, scope)
    items = members(evaluator, value, wanted)
    labels = merge_labels(value.labels, put_on(evaluator, value, lambda name: name not in items and wanted(name)))
    for cls in classes_of(evaluator.state.program, value.types):
        labels = merge_labels(labels, all_labels(evaluator.state.in_any_property(cls)))
    return value.replaced(labels=labels, items={**items, **(value.items or {})} or None)
