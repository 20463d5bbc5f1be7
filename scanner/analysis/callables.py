"""Values that can be called: `f(...)`, and closures with another object or class as their scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.analysis import middleware, sinks
from scanner.analysis.application import apply_summary
from scanner.analysis.describe import callee_text
from scanner.analysis.evaluator import CARRIED, Evaluator
from scanner.analysis.templates import PARAMETERS
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Call, CallKind

_CLOSURE = frozenset({"closure", "callable"})
BOUND = "\0bound"
"""Element of a closure's value: the object that `bind` gave it as `$this`."""


def bound(evaluator: Evaluator, closure: Val, target: Sequence[Val]) -> Val:
    """A closure with another object as its `$this`, or with the scope of another class: `bind($f, null, 'C')`."""
    if not target or not (closure.refs or _is_passed(closure)):
        return closure
    this = target[0]
    if len(target) > 1 and not this.types:
        names = [evaluator.state.program.find_class(name.lstrip("\\")) for name in evaluator.known_texts(target[1])]
        this = this.replaced(types=frozenset(names) | target[1].types)
    return closure.replaced(items={**(closure.items or {}), CARRIED + "this": this, BOUND: this})


def targets(callee: Val) -> int:
    """How many functions a callable may be: closures, names, methods of objects."""
    pair = callee.items or {}
    methods = len(pair["0"].types | pair["0"].texts) * len(pair["1"].texts) if {"0", "1"} <= pair.keys() else 0
    return len(callee.refs) + len(callee.texts) + len(callee.types) + methods


def is_closure(evaluator: Evaluator, value: Val, args: Sequence[Val]) -> bool:
    """Whether `bindTo`, `call` or `__invoke` with these arguments is that of a closure."""
    if is_callable(evaluator, value):
        return True
    return bool(args and args[0].types) and value.types <= _CLOSURE and _is_passed(value)


def _is_passed(value: Val) -> bool:
    """Whether a caller passes a value as it is."""
    return any(len(text) == 1 and PARAMETERS.match(text) for text in value.texts)


def is_callable(evaluator: Evaluator, value: Val) -> bool:
    """Whether an object is a closure: one of the program's own, or one made of a function's name or a method.

    A text and an array have no methods, so that one that is used like an object was made by `f(...)` or `fromCallable`.
    """
    if value.refs:
        return True
    pair = value.items is not None and {"0", "1"} <= value.items.keys()
    return not value.types and (pair or bool(evaluator.known_texts(value)))


def callable_value(evaluator: Evaluator, call: Call) -> Val:
    """Value of `f(...)`: something that can be called later."""
    if call.kind == CallKind.FUNCTION and isinstance(call.name, str):
        return Val(frozenset([call.name]))
    if call.kind == CallKind.STATIC and isinstance(call.name, str):
        return Val(frozenset(f"{cls}::{call.name}" for cls in evaluator.class_names(call.receiver or "")))
    if call.kind == CallKind.METHOD and isinstance(call.name, str) and not isinstance(call.receiver, str):
        return Val(items={"0": evaluator.value(call.receiver), "1": Val(frozenset([call.name]))})
    return evaluator.value(call.receiver) if not isinstance(call.receiver, (str, type(None))) else NOTHING


def invoked(evaluator: Evaluator, call: Call, callee: Val, args: list[Val]) -> Iterator[Val]:
    """An object of a library that can be called: `(new CurlHandler())($request, [])`."""
    state = evaluator.state
    found = [item for cls in sorted(callee.types) for item in state.matcher.method(cls, "__invoke", ())]
    if not found and callee.sites and middleware.REQUEST not in callee.types:
        libraries = evaluator.libraries_of(callee)
        found = [item for item in state.matcher.methods("__invoke") if item.lib in libraries]
    if found:
        yield sinks.apply(evaluator, call, found[:1], args, callee, api=callee_text(call), certain=False)


def of_parent(evaluator: Evaluator, call: Call, target: Val, method: str, args: list[Val]) -> list[Val]:
    """`[$this, 'parent::send']`: the method as the class above has it."""
    program = evaluator.state.program
    above = [parent for cls in sorted(target.types) for parent in program.ancestors(cls)[1:2]]
    numbers = [number for parent in above if (number := program.find_method(parent, method.lower())) is not None]
    return [apply_summary(evaluator, call, number, args, target) for number in numbers]
