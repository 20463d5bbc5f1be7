"""`array_walk`: a function that gets each element by reference, and may put another value in its place.

Of an array whose elements are told apart the function runs for each of them, with its key; of any other once, for any
element. What it leaves in its first parameter is the element from then on.
"""

from __future__ import annotations

from scanner.analysis import code
from scanner.analysis.by_reference import SCRATCH
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles, is_callable
from scanner.analysis.listed import any_element, labelled, write_back
from scanner.analysis.values import NOTHING, Val, text_value
from scanner.model.facts import Arg, Call, CallKind, Const, Unknown, Var

WALKS = frozenset({"array_walk", "array_walk_recursive"})
_MAX_WALKED = 300
"""Elements for each of which the function runs."""
_MAX_DEPTH = 8


@handles(*sorted(WALKS))
def _walk(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if len(args) < 2:  # noqa: PLR2004  array and function
        return NOTHING
    if not is_callable(evaluator, args[1]):
        code.callee(evaluator, node, args[1], args)
        return NOTHING
    depth = _MAX_DEPTH if node.short_name.lower().endswith("recursive") else 0
    walked = _walked(evaluator, node, args[0], args[1:], depth)
    if walked != args[0]:
        write_back(evaluator, node, walked)
    return text_value("1")


def _walked(evaluator: Evaluator, node: Call, array: Val, others: list[Val], depth: int) -> Val:
    """An array with what the function leaves in the place of each element. `depth`: levels of arrays in it."""
    items = dict(array.items or {})
    if len(items) > _MAX_WALKED:
        every = _left(evaluator, node, any_element(evaluator, array), evaluator.keys_of(array, "key"), others)
        return array.replaced(items={key: evaluator.join(item, every) for key, item in items.items()})
    for key, item in items.items():
        if depth and (item.items is not None or item.rest is not None):
            items[key] = _walked(evaluator, node, item, others, depth - 1)
        else:
            items[key] = _left(evaluator, node, labelled(evaluator, item, [array]), text_value(key), others)
    if array.rest is None and not array.texts and array.items is not None:
        return array.replaced(items=items)
    inner = any_element(evaluator, array.replaced(items=None) if array.items else array)
    if depth and (inner.items is not None or inner.rest is not None):
        rest = _walked(evaluator, node, inner, others, depth - 1)
    else:
        rest = _left(evaluator, node, inner, evaluator.keys_of(array, "key"), others)
    known = array.rest is not None or rest != inner
    return array.replaced(items=items or array.items, rest=evaluator.join(inner, rest) if known else None)


def _left(evaluator: Evaluator, node: Call, item: Val, key: Val, others: list[Val]) -> Val:
    """What the function leaves in the place of one element."""
    callback, *further = others
    given = [item, key, *further]
    places = (Arg(Var(SCRATCH)), *(Arg(Unknown("callback")) for _value in given[1:]))
    step = Call(CallKind.DYNAMIC, "", None, places, node.line, node.end_line, node.start, node.end)
    literal = len(node.args) > 1 and isinstance(node.args[1].value, Const)
    evaluator.env[SCRATCH] = item
    evaluator.state.interpreter.call_value(evaluator, step, callback, given, literal=literal)
    return evaluator.env.pop(SCRATCH, item)


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""
