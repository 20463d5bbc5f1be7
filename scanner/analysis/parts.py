"""Parts of the abstract interpreter that call each other by way of the state: no module imports a later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from scanner.analysis.summary import Summary
from scanner.analysis.values import Trace, Val
from scanner.model.facts import Assign, Call, Op, Param, Statement, Value

if TYPE_CHECKING:  # the parts know the state; only their types are named here
    from scanner.analysis.evaluator import Evaluator
    from scanner.analysis.frame import Frame


class Interpreter(Protocol):
    """What each part asks of the others."""

    def evaluator(self, number: int) -> Evaluator:
        """A fresh evaluator of a function, for constant expressions in its context."""

    def summary(self, number: int) -> Summary:
        """Summary of a function, made on demand."""

    def call(self, evaluator: Evaluator, call: Call) -> Val:
        """Value of a call, with its effects."""

    def call_value(
        self, evaluator: Evaluator, call: Call, callee: Val, args: list[Val], *, literal: bool = False
    ) -> Val:
        """Call of a callable value."""

    def result(self, evaluator: Frame, callee: Val) -> Val:
        """What a function gives that somebody else calls, with arguments that nobody here knows."""

    def joined(self, evaluator: Frame, glue: Val, pieces: Val) -> Val:
        """Text of an array's elements."""

    def relisted(self, evaluator: Frame, said: str, array: Val) -> Val:
        """What a function makes of an array that a callee has left to its callers."""

    def getter(self, evaluator: Frame, method: str, receiver: Val) -> Val:
        """What a method without arguments gives of an object that a callee asks and knows nothing of."""

    def callable_value(self, evaluator: Evaluator, call: Call) -> Val:
        """Value of a first-class callable."""

    def apply(self, evaluator: Frame, call: Call, number: int, args: list[Val], receiver: Val | None) -> Val:
        """Effect of calling a function of the program."""

    def service(self, evaluator: Frame, method: str, container: Val, args: list[Val]) -> Val:
        """What a container of services keeps or gives under a name."""

    def closure(self, evaluator: Evaluator, number: int) -> Val:
        """Run a closure's body where it is created."""

    def exposed(self, evaluator: Frame, value: Val) -> Val:
        """A value with the labels of the properties of its objects."""

    def iterated(self, evaluator: Frame, value: Val) -> Val:
        """What an object of the program gives to who goes through it; any other value as it is."""

    def held_by(self, evaluator: Frame, value: Val, scope: str | None) -> Mapping[str, Trace]:
        """Labels of a value and of the properties of its objects, for a callee that asks for them."""

    def run(self, evaluator: Evaluator) -> None:
        """Evaluate the body of an evaluator's function."""

    def statements(self, evaluator: Evaluator, body: Sequence[Statement]) -> None:
        """Evaluate statements in order."""

    def default(self, evaluator: Frame, param: Param) -> Val:
        """Value of a parameter that is not passed."""

    def assign(self, evaluator: Evaluator, node: Assign) -> Val:
        """Effect and value of an assignment."""

    def yielded(self, evaluator: Evaluator, node: Op, operands: list[Val]) -> Val:
        """Effect and value of a `yield`."""

    def write(self, evaluator: Evaluator, target: Value, value: Val) -> None:
        """Store a value where an assignment's left side points."""
