"""The abstract interpreter put together: how its parts reach each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis import (
    application,
    array_functions,
    callables,
    calls,
    closures,
    given,
    objects,
    relisted,
    services,
    transfer,
)
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.frame import Frame
from scanner.analysis.state import State
from scanner.analysis.summary import Summary
from scanner.analysis.values import NOTHING, Trace, Val, all_labels
from scanner.model.facts import Assign, Call, Op, Param, Statement, Value, decode_body


class PhpInterpreter:
    """Implements `scanner.analysis.parts.Interpreter`."""

    def __init__(self) -> None:
        self.state: State

    def evaluator(self, number: int) -> Evaluator:
        return Evaluator(self.state, number)

    def summary(self, number: int) -> Summary:
        return application.summary_of(self.state, number)

    def call(self, evaluator: Evaluator, call: Call) -> Val:
        return calls.evaluate(evaluator, call)

    def call_value(
        self, evaluator: Evaluator, call: Call, callee: Val, args: list[Val], *, literal: bool = False
    ) -> Val:
        return calls.call_value(evaluator, call, callee, args, literal=literal)

    def result(self, evaluator: Frame, callee: Val) -> Val:
        return given.result(evaluator, callee) if isinstance(evaluator, Evaluator) else NOTHING

    def getter(self, evaluator: Frame, method: str, receiver: Val) -> Val:
        return given.getter(evaluator, method, receiver)

    def callable_value(self, evaluator: Evaluator, call: Call) -> Val:
        return callables.callable_value(evaluator, call)

    def apply(self, evaluator: Frame, call: Call, number: int, args: list[Val], receiver: Val | None) -> Val:
        if not isinstance(evaluator, Evaluator):
            return NOTHING
        return application.apply_summary(evaluator, call, number, args, receiver)

    def service(self, evaluator: Frame, method: str, container: Val, args: list[Val]) -> Val:
        if not isinstance(evaluator, Evaluator):
            return NOTHING
        return services.called(evaluator, method, container, args, NOTHING)

    def closure(self, evaluator: Evaluator, number: int) -> Val:
        return closures.evaluate_closure(evaluator, number)

    def joined(self, evaluator: Frame, glue: Val, pieces: Val) -> Val:
        return array_functions.joined(evaluator, glue, pieces) if isinstance(evaluator, Evaluator) else NOTHING

    def relisted(self, evaluator: Frame, said: str, array: Val) -> Val:
        return relisted.done(evaluator, said, array) if isinstance(evaluator, Evaluator) else NOTHING

    def exposed(self, evaluator: Frame, value: Val) -> Val:
        if not isinstance(evaluator, Evaluator):
            return value
        return objects.cast(evaluator, value)

    def iterated(self, evaluator: Frame, value: Val) -> Val:
        made = objects.iterated(evaluator, value) if isinstance(evaluator, Evaluator) else NOTHING
        return value if made is NOTHING else made

    def held_by(self, evaluator: Frame, value: Val, scope: str | None) -> Mapping[str, Trace]:
        return objects.held_by(evaluator, value, scope) if isinstance(evaluator, Evaluator) else all_labels(value)

    def run(self, evaluator: Evaluator) -> None:
        transfer.run(evaluator, decode_body(evaluator.fact.body))

    def statements(self, evaluator: Evaluator, body: Sequence[Statement]) -> None:
        transfer.run(evaluator, body)

    def default(self, evaluator: Frame, param: Param) -> Val:
        return Evaluator(self.state, evaluator.number).value(param.default)

    def assign(self, evaluator: Evaluator, node: Assign) -> Val:
        return transfer.assign(evaluator, node)

    def yielded(self, evaluator: Evaluator, node: Op, operands: list[Val]) -> Val:
        return transfer.yielded(evaluator, node, operands)

    def write(self, evaluator: Evaluator, target: Value, value: Val) -> None:
        transfer.write(evaluator, target, value)
