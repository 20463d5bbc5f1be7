"""PHP's fibers: a callable whose body gives values to whoever resumes it, and gets values from there.

All fibers of a program share one place for each direction: which of them runs is not known where `Fiber::suspend()`
stands. Source: the manual, class Fiber.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val

CLASS = "fiber"
RUNNING = frozenset({"start", "resume", "getreturn"})
_CALLEE = "\0fiber"
_GIVEN, _SENT = ("\2fiber", "given"), ("\2fiber", "sent")


def instance(args: Sequence[Val]) -> Val:
    """A fiber: what it runs is kept as an element that no PHP code can name."""
    return Val(types=frozenset([CLASS]), items={_CALLEE: args[0]} if args else None)


def callee(fiber: Val) -> Val:
    """The callable that a fiber runs."""
    return (fiber.items or {}).get(_CALLEE, NOTHING)


def suspended(evaluator: Evaluator, args: Sequence[Val]) -> Val:
    """`Fiber::suspend($value)`: the value goes to who runs the fiber, what that sends comes back."""
    if args:
        evaluator.write_shared("store", _GIVEN, args[0])
    return evaluator.state.read_store(_SENT)


def resumed(evaluator: Evaluator, method: str, args: Sequence[Val]) -> Val:
    """`start`, `resume` and `getReturn`: what the fiber gave last."""
    if method == "resume" and args:
        evaluator.write_shared("store", _SENT, args[0])
    return evaluator.state.read_store(_GIVEN)
