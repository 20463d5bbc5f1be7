"""Closures that run inside the function that made them, or that got them, with the variables that they capture."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.analysis import references, transfer
from scanner.analysis.by_reference import hand_back
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, decode_body

_MAX_HELD = 5
"""Closures of one place that are run inside one another."""


def evaluate_closure(
    evaluator: Evaluator,
    number: int,
    args: list[Val] | None = None,
    carried: Mapping[str, Val] | None = None,
    scope: str = "",
    call: Call | None = None,
) -> Val:
    """Run a closure's body with the variables it captures; its sinks belong to the function around it.

    `carried`: captured variables of a closure that was made elsewhere. `scope`: class that it was bound to. `call`:
    where its arguments are written, of which those by reference get what it leaves in them.
    """
    state = evaluator.state
    if number in state.active and not _held_inside(evaluator, number, carried):
        return Val(labels=state.lasting(join_all((Val(labels=all_labels(arg)) for arg in args or ()), "").labels))
    deep = len(state.active) >= state.limits.call_depth
    if deep:
        state.limit("call-depth", state.current)
        state.cut[state.current].add(state.current)
    if deep or not state.run_inside(number):
        state.left_closures.add(number)
        return NOTHING
    state.run_closures.add(number)
    state.active.append(number)
    evaluator.age()
    try:
        inner = Evaluator(state, number)
        inner.cls = scope or inner.cls
        inner.concrete, inner.told = evaluator.concrete, evaluator.told
        inner.carried = carried
        inner.adopt(evaluator, args, carried)
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
    evaluator.take_over(inner, foreign=carried is not None)
    if carried is None:
        references.captured(evaluator, [name for name, by_ref in inner.fact.captures if by_ref])
    if inner.returns.labels or inner.returns.height:
        evaluator.given_back[number] = inner.returns
    if call is not None:
        hand_back(evaluator, call, inner)
    written = [inner.env[param.name] for param in inner.fact.params if param.by_ref and param.name in inner.env]
    if not written:
        return inner.returns
    return join_all([inner.returns, *(Val(labels=all_labels(value)) for value in written)], evaluator.state.overflow)


def _held_inside(evaluator: Evaluator, number: int, carried: Mapping[str, Val] | None) -> bool:
    """Whether a closure that runs calls another of the same place that it holds: `fn($x) => $f($held($x))`.

    What that one holds in turn is less with each.
    """
    outer = evaluator.carried
    if carried is None or outer is None or evaluator.number != number:
        return False
    deep = evaluator.state.active.count(number) >= _MAX_HELD
    return not deep and _nesting(carried, number) < _nesting(outer, number)


def _nesting(carried: Mapping[str, Val], number: int) -> int:
    """How deep those captured variables are that hold a closure of one place."""
    return max((value.height for value in carried.values() if holds_closure(value, number)), default=0)


def holds_closure(value: Val, number: int) -> bool:
    """Whether a value may be a closure of one place."""
    return any(ref.function == number for ref in value.refs)
