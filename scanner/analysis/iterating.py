"""What `foreach` and `yield from` get of a value: its elements, and their keys."""

from __future__ import annotations

from scanner.analysis import collecting, containers, documents, generators, objects
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.summary import ANY, opened
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.analysis.visibility import as_array
from scanner.model.facts import Value


def elements(evaluator: Evaluator, value: Val) -> Val:
    """What `foreach` yields from a value."""
    if value.types:
        if containers.container(evaluator, value):
            collecting.lost(evaluator, value)
            return evaluator.join(containers.elements(evaluator, value), objects.walked(evaluator, value))
        yielded = objects.iterated(evaluator, value)
        if yielded is not NOTHING:
            return evaluator.join(yielded, elements(evaluator, yielded.replaced(types=frozenset())))
        if not value.items and value.rest is None and evaluator.state.program.own_classes(value.types):
            value = as_array(evaluator, value, evaluator.cls)
    found = [item for key, item in (value.items or {}).items() if key != generators.KEYS]
    if value.rest is not None:
        found.append(value.rest)
    if value.items and documents.is_part(evaluator, value):
        found.append(value)  # one element of its name in a document: the list of them is it alone
    result = join_all(found, evaluator.state.overflow)
    of_caller = opened(value, ANY, evaluator.state.holes) if not found else NOTHING
    if of_caller is not NOTHING:
        return of_caller
    if value.labels:
        result = evaluator.join(result, Val(labels=value.labels))
    return result if found else evaluator.join(result, Val(evaluator.unknown("element").texts))


def keys(evaluator: Evaluator, value: Val, node: Value) -> Val:
    """Keys that `foreach` yields from a value; those of a generator are kept with its values."""
    told = objects.keyed(evaluator, value) if value.types else NOTHING
    if evaluator.state.program.own_classes(value.types):
        value = evaluator.join(value, objects.iterated(evaluator, value))
    if value.items and generators.KEYS in value.items:
        return evaluator.join(value.items[generators.KEYS], told)
    return evaluator.join(evaluator.keys_of(value, node), told)
