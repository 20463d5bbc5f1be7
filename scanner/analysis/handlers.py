"""Register of what PHP's own functions do: each module of handlers adds to it, `builtins` looks them up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from scanner.analysis import folding
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.frame import Frame
from scanner.analysis.pieces import CUT
from scanner.analysis.templates import is_known
from scanner.analysis.values import MAX_TEXTS, NOTHING, Trace, Val, all_labels, join_all
from scanner.model.facts import Arg, Call, CallKind, Unknown

Handler = Callable[[Evaluator, Call, list[Val]], Val]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for functions, by lower-case name."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def labels_of(evaluator: Evaluator, values: list[Val]) -> dict[str, Trace]:
    """Labels of all of some values."""
    return dict(join_all((Val(labels=all_labels(value)) for value in values), evaluator.state.overflow).labels)


def folded(evaluator: Evaluator, name: str, args: list[Val]) -> frozenset[str]:
    """All results for the known strings of the arguments, bounded; empty when none can be folded."""
    return folded_value(evaluator, name, args)[0]


def folded_value(evaluator: Evaluator, name: str, args: list[Val]) -> tuple[frozenset[str], str]:
    """The same with the kind of the results, where it is known and the same for all."""
    if not folding.foldable(name):
        return _NONE
    options = [sorted(_templates(evaluator, arg)) for arg in args]
    if math.prod(map(len, options)) > MAX_TEXTS:
        return _NONE
    kinds = [arg.scalar for arg in args]
    results = [folding.fold_typed(name, combination, kinds) for combination in itertools.product(*options)]
    known = {result for result in results if result is not None}
    hole = evaluator.unknown(f"{name}(...)").texts
    texts = frozenset(text.replace(CUT, min(hole)) for text, _kind in known)
    if known and None in results:  # what cannot be folded is still one of the values
        return texts | hole, ""
    found = {kind for _text, kind in known}
    return texts, found.pop() if len(found) == 1 else ""


_NONE: tuple[frozenset[str], str] = frozenset(), ""


def _templates(evaluator: Evaluator, arg: Val) -> frozenset[str]:
    """Texts of an argument; of an array none is known."""
    if arg.items is not None or arg.rest is not None:
        return evaluator.texts(NOTHING, "array") if all(map(is_known, arg.texts)) else arg.texts
    return evaluator.texts(arg, "argument")


def contents(evaluator: Evaluator, value: Val) -> Val:
    """Elements of an array, or the value itself."""
    found = list((value.items or {}).values())
    if value.rest is not None:
        found.append(value.rest)
    if not found:
        return value
    return evaluator.join(join_all(found, evaluator.state.overflow), Val(labels=value.labels))


def sorted_items(value: Val) -> list[Val]:
    """Elements of an array in the order of their keys."""
    return [(value.items or {})[key] for key in sorted(value.items or {})]


def call_here(frame: Frame) -> Call:
    """A call that stands nowhere in the code: PHP itself makes it, at the line that is evaluated."""
    return Call(CallKind.DYNAMIC, "", None, (), frame.line, frame.line, frame.fact.start, frame.fact.start)


def call_of_value(node: Call, count: int) -> Call:
    """A call of a callable value at the place of another call, with so many arguments by position."""
    args = (Arg(Unknown("callback")),) * count
    return Call(CallKind.DYNAMIC, "", None, args, node.line, node.end_line, node.start, node.end)


def is_callable(evaluator: Evaluator, value: Val) -> bool:
    """Whether a value can be called."""
    if value.refs or evaluator.known_texts(value) or (value.items and {"0", "1"} <= value.items.keys()):
        return True
    return any(evaluator.state.program.find_method(cls, "__invoke") is not None for cls in value.types)
