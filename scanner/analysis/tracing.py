"""Arguments of functions that are still running: what `debug_backtrace` gives, and the trace of an exception.

Source: the manual, pages of `debug_backtrace` and `Throwable::getTrace`.
"""

from __future__ import annotations

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.origins import CALL_ARGUMENTS
from scanner.analysis.values import Trace, Val
from scanner.model.facts import Call

METHOD = "gettrace"
"""Method of an exception that gives the frames of all callers of what threw it."""
_WITHOUT_ARGUMENTS = 2
"""`DEBUG_BACKTRACE_IGNORE_ARGS`."""
_OF_FRAMES = ("file", "line", "function", "class", "type", "object")
"""Elements of a frame beside `args`."""


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""


@handles("debug_backtrace")
def _backtrace(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Arguments of all callers, passwords among them, unless the call says that it does not want them."""
    options = evaluator.known_texts(args[0]) if args else ["1"]
    if options and all(option.isdecimal() and int(option[:9]) & _WITHOUT_ARGUMENTS for option in options):
        return evaluator.unknown(node)
    return frames(evaluator, node)


def frames(evaluator: Evaluator, node: Call) -> Val:
    """Frames of all callers."""
    trace = Trace(evaluator.path, node.line, "arguments of all callers", None, 1)
    frame = dict.fromkeys(_OF_FRAMES, evaluator.unknown(node))
    arguments = Val(evaluator.unknown(node).texts, {CALL_ARGUMENTS: trace})
    return Val(rest=Val(items={**frame, "args": arguments}))
