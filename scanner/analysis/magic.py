"""Classes of PHP that take any method, each of which is a call of the service (`SoapClient`)."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.analysis import resolution, sinks
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, Const


def sent(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """Signatures of classes that take any method, each of which is a call of the service (`SoapClient`)."""
    state = evaluator.state
    signatures = state.matcher.magic(cls, name.lower(), state.program.ancestors(cls))
    if signatures:
        api = f"{resolution.written(state, cls)}::{name}"
        yield sinks.apply(evaluator, call, signatures, args, receiver, api=api, certain=True)
        _send_itself(evaluator, cls, args, receiver)


def _send_itself(evaluator: Evaluator, cls: str, args: list[Val], receiver: Val) -> None:
    """A subclass that sends the request itself (`__doRequest`) gets what was put into it, and where it goes."""
    number = evaluator.state.program.find_method(cls, "__dorequest")
    if number is None:
        return
    held = evaluator.with_sites({}, receiver.sites)
    put = join_all([*args, *(value for role, value in sorted(held.items()) if role != "location")], "")
    request = Val(evaluator.unknown("$request").texts, all_labels(put))
    evaluator.run_method(number, [request, held.get("location", NOTHING)], Const("__doRequest"), receiver)
