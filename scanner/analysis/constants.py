"""Constants that are read by a name which is worked out: `constant("self::$name")`, `constant('API_' . $kind)`."""

from __future__ import annotations

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.named import CONSTANT
from scanner.analysis.templates import FIRST_PRIVATE, is_known, like
from scanner.analysis.values import MAX_TEXTS, NOTHING, Trace, Val, join_all
from scanner.model.facts import Call, ConstRef

_TELLING = 3
"""Letters that a name begins with, from which on the constants that it may be are looked for."""


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""


@handles("constant")
def _constant(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    found: list[Val] = []
    for text in sorted(args[0].texts)[:MAX_TEXTS] if args else ():
        cls, separator, member = text.partition("::")
        if not separator:
            found.extend(evaluator.value(ConstRef(name)) for name in _names(evaluator, text.lstrip("\\")))
        elif is_known(cls):
            found.extend(evaluator.constants_of(cls.lstrip("\\"), member))
    of_caller = evaluator.named_by_caller(CONSTANT, args[0]) if args else NOTHING
    if of_caller is not NOTHING:
        found.append(of_caller)
    return join_all(found, evaluator.state.overflow) if found else evaluator.unknown(node)


def _names(evaluator: Evaluator, text: str) -> list[str]:
    """The constant of a name, or those that begin as it does."""
    if is_known(text):
        return [text]
    if any(character >= FIRST_PRIVATE for character in text[:_TELLING]):
        return []
    return like(text, sorted(evaluator.state.program.constants))


@handles("get_defined_constants")
def _constants(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    trace = Trace(evaluator.path, node.line, "get_defined_constants()", None, 1)
    return Val(evaluator.unknown(node).texts, {"constants": trace})
