"""Calls of what a caller gives: `function each($f) { $f($x); }` runs whatever its callers pass as `$f`.

The function itself leaves the call, with its arguments, as an effect of its summary; it runs where a closure or the
name of a function is passed.
"""

from __future__ import annotations

from typing import Final

from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.frame import Frame
from scanner.analysis.handlers import call_here, call_of_value, is_callable
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import Effect, opened, parameter_label
from scanner.analysis.templates import OF_METHOD, OF_RESULT, is_known, parameters
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, Unknown

CALLS: Final = "call"
"""Target of these effects."""
_CALLEE = "callee"
_OBJECT = "object"
_MAX_CLASSES = 8
"""Classes of one object whose methods are asked."""
_MAX_LIFTS = 2
"""Callers through which such a call is carried."""


def leave_to_caller(evaluator: Evaluator, callee: Val, args: list[Val]) -> None:
    """Keep a call of what a parameter holds: whoever gives it decides what is called."""
    for text in sorted(callee.texts):
        if len(text) == 1 and parameters(text):
            packed = {_CALLEE: callee, **{str(position): arg for position, arg in enumerate(args)}}
            evaluator.add_effect(Effect(CALLS, (0, text), Val(items=packed)))


def leave_method(evaluator: Evaluator, receiver: Val, name: Val, args: list[Val]) -> None:
    """Keep a call of a method that a parameter names: `foreach ($calls as $name => $args) $o->$name(...$args)`."""
    for text in sorted(name.texts):
        if len(text) == 1 and parameters(text):
            packed = {_CALLEE: Val(frozenset([text])), _OBJECT: receiver}
            packed |= {str(position): arg for position, arg in enumerate(args)}
            evaluator.add_effect(Effect(CALLS, (0, text), Val(items=packed)))


def left(evaluator: Evaluator, callee: Val) -> Val:
    """What a function gives that a parameter holds: whoever passes it knows."""
    return opened(callee, OF_RESULT, evaluator.state.holes)


def result(evaluator: Evaluator, callee: Val) -> Val:
    """The same where a closure or the name of a function is passed."""
    if not (callee.refs or any(map(is_known, callee.texts))):
        return left(evaluator, callee)
    if evaluator.inlined >= MAX_INLINE_CLOSURES:
        return NOTHING
    evaluator.inlined += 1
    bare = callee.replaced(labels={})
    return evaluator.state.interpreter.call_value(evaluator, call_here(evaluator), bare, [], literal=True)


def is_passed(evaluator: Evaluator, value: Val) -> bool:
    """Whether a caller passes a value, by itself or in an array: not what the properties of an object hold."""
    one = [text for text in value.texts if len(text) == 1 and parameters(text)]
    return bool(one) and not any(map(evaluator.state.holes.is_property, one))


def getter(evaluator: Frame, method: str, receiver: Val) -> Val:
    """`$message->getText()` of a parameter, where the object is passed; left to the caller where it is passed on."""
    program = evaluator.state.program
    found = [opened(receiver, OF_METHOD + method, evaluator.state.holes), Val(labels=receiver.labels)]
    for cls in program.own_classes(receiver.types)[:_MAX_CLASSES]:
        number = program.find_method(cls, method)
        if number is not None:
            found.append(evaluator.run_method(number, [], Unknown(method), receiver))
    return join_all(found, evaluator.state.overflow)


def run(evaluator: Evaluator, call: Call, effect: Effect, substitution: Substitution, returns: Val) -> Val:
    """Run what this call gives to the function that it calls.

    Returns the labels and the objects of what that gives back, where the called function returns it (`returns`).
    """
    value = substitution.value(effect.value)
    parts = dict(value.items or {})
    callee, target = parts.pop(_CALLEE, NOTHING), parts.pop(_OBJECT, None)
    if not is_callable(evaluator, callee):
        for text in sorted(callee.texts) if effect.lifts < _MAX_LIFTS else ():
            if len(text) == 1 and parameters(text):
                evaluator.add_effect(Effect(CALLS, (0, text), value, effect.lifts + 1))
        return NOTHING
    if evaluator.inlined >= MAX_INLINE_CLOSURES:
        return NOTHING
    evaluator.inlined += 1
    args = [parts[key] for key in sorted(parts, key=lambda key: (len(key), key))]
    node = call_of_value(call, len(args))
    callee = callee if target is None else Val(items={"0": target, "1": callee})
    callee = callee.replaced(labels={})  # that the request names what is called is said where it is passed
    result = evaluator.state.interpreter.call_value(evaluator, node, callee, args, literal=True)
    returned = parameter_label(effect.key[1]) in returns.labels
    sites = result.sites if result.types else frozenset[int]()
    return Val(labels=all_labels(result), types=result.types, sites=sites) if returned else NOTHING
