"""Methods that stand for any: of classes of PHP (`SoapClient`), and of objects that get the name as a value."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.analysis import resolution, sinks
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, Const

_MAX_CLASSES = 8


def sent(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """Signatures of classes that take any method, each of which is a call of the service (`SoapClient`)."""
    state = evaluator.state
    signatures = state.matcher.magic(cls, name.lower(), state.program.ancestors(cls))
    if signatures:
        api = f"{resolution.written(state, cls)}::{name}"
        yield sinks.apply(evaluator, call, signatures, args, receiver, api=api, certain=True)
        _send_itself(evaluator, cls, args, receiver)


def by_value(evaluator: Evaluator, call: Call, target: Val, name: Val, args: list[Val]) -> list[Val]:
    """`$object->$name()`, `[$class, $name]()` with a secret for a name: `__call` and `__callStatic` get it."""
    state = evaluator.state
    if not any(map(state.is_specific, name.labels)):
        return []
    named = (state.program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(target))
    wanted = [(cls, "__call") for cls in sorted(target.types)] + [(cls, "__callstatic") for cls in named]
    numbers = (state.program.find_method(cls, method) for cls, method in wanted[:_MAX_CLASSES])
    packed = Val(items={str(i): arg for i, arg in enumerate(args)})
    found = (number for number in numbers if number is not None)
    return [state.interpreter.apply(evaluator, call, number, [name, packed], target) for number in found]


def _send_itself(evaluator: Evaluator, cls: str, args: list[Val], receiver: Val) -> None:
    """A subclass that sends the request itself (`__doRequest`) gets what was put into it, and where it goes."""
    number = evaluator.state.program.find_method(cls, "__dorequest")
    if number is None:
        return
    held = evaluator.with_sites({}, receiver.sites)
    put = join_all([*args, *(value for role, value in sorted(held.items()) if role != "location")], "")
    request = Val(evaluator.unknown("$request").texts, all_labels(put))
    evaluator.run_method(number, [request, held.get("location", NOTHING)], Const("__doRequest"), receiver)
