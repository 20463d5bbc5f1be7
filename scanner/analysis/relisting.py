"""Lists from which something is taken, or that are put together: `array_shift($list)`, `array_slice($args, 1)`.

Of known lists, and of the list of all arguments (see `open_lists`).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import open_lists
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.model.facts import Call, Var

TAKING = frozenset({"array_pop", "array_shift"})


def changed(evaluator: Evaluator, call: Call, args: Sequence[Val]) -> Val | None:
    """What a function of PHP gives that makes a list of such a list; None where it is none, or not known which part."""
    name = str(call.name).lower().lstrip("\\")
    if name == "array_merge":
        return _merged(evaluator, args)
    if not args or not open_lists.is_open(evaluator, args[0]):
        return None
    if name == "array_slice":
        return _sliced(evaluator, args[0], evaluator.known_texts(args[1]) if len(args) > 1 else [])
    if name == "array_reverse":
        return Val(rest=open_lists.any_of(evaluator, args[0]))
    if evaluator.looping or not call.args:
        return None
    if name == "array_shift":
        evaluator.state.interpreter.write(evaluator, call.args[0].value, open_lists.listed(evaluator, args[0], 1))
        return open_lists.element(evaluator, args[0], 0)
    if name == "array_unshift":
        before = Val(items={str(number): value for number, value in enumerate(args[1:])})
        evaluator.state.interpreter.write(
            evaluator, call.args[0].value, open_lists.joined(evaluator, [before, args[0]]) or args[0]
        )
        return NOTHING
    return None


def _merged(evaluator: Evaluator, args: Sequence[Val]) -> Val | None:
    """Lists behind one another; known ones may lack elements, which are then what they were, under their own keys."""
    made = open_lists.joined(evaluator, args)
    if made is None or any(open_lists.is_open(evaluator, arg) for arg in args):
        return made
    return join_all([*args, made], evaluator.state.overflow)


def _sliced(evaluator: Evaluator, value: Val, offsets: Sequence[str]) -> Val | None:
    if len(offsets) != 1 or not offsets[0].isdecimal():
        return None
    offset = int(offsets[0][:4])
    return value if offset == 0 else open_lists.listed(evaluator, value, offset)


def taken(evaluator: Evaluator, node: Call, array: Val, *, first: bool) -> Val | None:
    """The first or last element of a list that is known, which then lacks it; None where that is not known.

    In a loop it may be any of them, and how many are left is not known.
    """
    place = node.args[0].value if node.args else None
    if not array.items or array.rest is not None or not isinstance(place, Var):
        return None
    if place.name not in evaluator.env or place.name in evaluator.globals or place.name in evaluator.statics:
        return None
    if evaluator.looping:
        if first:
            evaluator.env[place.name] = _perhaps_shifted(evaluator, array)
        return None
    left = dict(array.items)
    taken = left.pop(next(iter(left)) if first else next(reversed(left)))
    evaluator.env[place.name] = renumbered(array.replaced(items=left), named=True)
    return taken


def _perhaps_shifted(evaluator: Evaluator, array: Val) -> Val:
    """A list from whose beginning any number of elements may have been taken: each place may have what came later."""
    items = dict(array.items or {})
    later = NOTHING
    for key in [key for key in reversed(items) if key.isdecimal()]:
        later = items[key] = evaluator.join(items[key], later)
    return array.replaced(items=items)


def renumbered(array: Val, *, backwards: bool = False, named: bool = False) -> Val:
    """Elements in order, or the other way round; `named`: those with names keep them."""
    items = list((array.items or {}).items())
    if backwards:
        items.reverse()
    kept = {key if named and not key.isdecimal() else str(place): one for place, (key, one) in enumerate(items)}
    return Val(items=kept, rest=array.rest, labels=array.labels)
