"""What is printed, and output buffers, which give it back.

What a function prints is known as a whole, in no order, since other functions print as well. Between `ob_start` and
what takes the buffer, the pieces that the function itself prints are put together, as a variable of its own is: the
host in `ob_start(); echo 'collector'; echo '.example'; $host = ob_get_clean();` stands in no piece alone.
"""

from __future__ import annotations

from scanner.analysis import filling, packing, reaches
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_here, handles
from scanner.analysis.shared import BUFFER
from scanner.analysis.summary import PARAM
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, text_value
from scanner.model.facts import Call

PRINTS = frozenset({"echo", "print", "printf", "vprintf", "print_r", "var_dump", "var_export", "exit", "phpinfo",
                    "readfile", "passthru", "highlight_file", "show_source", "debug_zval_refcount"})  # fmt: skip
"""What writes to the page, and so into an output buffer."""
_AS_THEY_STAND = frozenset({"echo", "print"})
_FLUSHES = frozenset({"ob_end_flush", "ob_end_clean", "ob_get_flush", "ob_get_clean", "ob_flush", "flush"})
_STARTS = frozenset({"ob_start", "ob_clean"})
_TAKES = ("ob_get_clean", "ob_get_contents", "ob_get_flush")


def printed(evaluator: Evaluator, values: list[Val], name: str, text: Val | None = None) -> None:
    """Remember what a function prints. `text`: what it makes of the values, when that is another text."""
    marked = (Val(filling.addresses(evaluator, value)) for value in values)
    told = join_all([*map(packing.told, values), *marked], evaluator.state.overflow)
    labels = evaluator.state.telling(
        join_all((Val(labels=all_labels(v)) for v in values), evaluator.state.overflow).labels
    )
    if labels or told.texts:
        evaluator.printed = evaluator.join(evaluator.printed, told.replaced(labels=labels))
    if BUFFER in evaluator.env:
        shown = values if name in _AS_THEY_STAND else [text or evaluator.unknown(name)]
        parts = [(value, name) for value in (evaluator.env[BUFFER], *shown)]
        evaluator.env[BUFFER] = Val(evaluator.concatenated(parts).texts)


def observe(evaluator: Evaluator, name: str, args: list[Val]) -> None:
    """Functions that begin a buffer, and those that give it to the callable that it was begun with."""
    if name in _STARTS:
        evaluator.env[BUFFER] = text_value("")
    if name == "ob_start" and args:
        evaluator.late.append(args[0])
    elif name in _FLUSHES:
        flush(evaluator)


def flush(evaluator: Evaluator) -> None:
    """What `ob_start` was given gets all that was printed."""
    here = call_here(evaluator)
    for callback in evaluator.late if evaluator.printed.labels or evaluator.printed.texts else ():
        if callback.refs or evaluator.known_texts(callback) or callback.items:
            given = evaluator.join(evaluator.unknown("$buffer"), evaluator.printed)
            made = evaluator.state.interpreter.call_value(evaluator, here, callback, [given])
            secrets = {
                label: trace
                for label, trace in all_labels(made).items()
                if label.startswith(PARAM) or evaluator.state.is_named(label)
            }  # what stands for many values is told where it is printed
            reaches.reach(evaluator, here, "browser", "ob_start", Val(labels=secrets), Val(made.texts))


@handles(*_TAKES)
def _buffer(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    """What the buffer holds; what functions that were called have printed into it, nobody knows."""
    in_order = evaluator.env.get(BUFFER, NOTHING)
    if node.name != "ob_get_contents":
        evaluator.env.pop(BUFFER, None)
    return join_all([evaluator.unknown(node), evaluator.printed, in_order], evaluator.state.overflow)
