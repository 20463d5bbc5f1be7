"""Callables that a client runs over all that it sends: handler stacks, processors of log records.

A middleware is run where it is attached, with a request that stands for every one that the client will send: what it
sets on that request, or returns, is set on the client. Source: documentation of Guzzle ("Handlers and Middleware") and
of Monolog ("Using processors").
"""

from __future__ import annotations

from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.handlers import call_of_value, sorted_items
from scanner.analysis.objects import exposed
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Call

REQUEST = "psr\\http\\message\\requestinterface"
"""Class of the request that stands for all; a middleware gets it in the place of the next handler, too."""
_MAX_RUNS = 8
"""Callables of one list that are run."""


def attached(evaluator: Evaluator, call: Call, given: Val, handles: frozenset[int]) -> Val:
    """Run what is attached to the objects `handles`; without one (`Middleware::mapRequest($f)`) the callable itself."""
    if not handles:
        return given
    request = Val(evaluator.unknown("$request").texts, types=frozenset([REQUEST]), sites=handles)
    for one in _callables(given):
        if evaluator.inlined >= MAX_INLINE_CLOSURES:
            break
        evaluator.inlined += 1
        result = _run(evaluator, call, one, [request])
        if result.refs:  # `function ($handler) { return function ($request, $options) ... }`
            result = evaluator.join(result, _run(evaluator, call, result, [request, Val(sites=handles)]))
        labels = Val(labels=exposed(evaluator, result))
        for site in sorted(handles) if labels.labels else ():
            evaluator.set_site(site, "payload", labels)
    return NOTHING


def _callables(given: Val) -> list[Val]:
    """The callable itself, or those of a list; not the parts of `[$object, 'method']`."""
    items = given.items or {}
    if given.refs or not items or (items.keys() == {"0", "1"} and items["1"].texts):
        return [given]
    return sorted_items(given)[:_MAX_RUNS]


def _run(evaluator: Evaluator, call: Call, callee: Val, args: list[Val]) -> Val:
    node = call_of_value(call, len(args))
    return evaluator.state.interpreter.call_value(evaluator, node, callee, args, literal=True)
