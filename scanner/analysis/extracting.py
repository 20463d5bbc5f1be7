"""Arrays whose elements become variables: `extract($given, EXTR_PREFIX_ALL, 'p')`, `parse_str($text)`.

Of an array whose keys are known, each element is a variable. Of any other it is kept that it was unpacked, and under
which prefix: a variable that is read later may be the element of its name.
"""

from __future__ import annotations

from scanner.analysis import reaches
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Call, Var

_FLAGS = 1
_PREFIX = 2
"""Positions of arguments."""
_KEEPS = frozenset({"1"})
"""`EXTR_SKIP`: what is there stays (PHP manual, function.extract)."""
_ALL = "3"
"""`EXTR_PREFIX_ALL`; with the other flags that take a prefix only some of the names get it."""


@handles("extract")
def _extract(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    flags = set(evaluator.known_texts(args[_FLAGS])) if len(args) > _FLAGS else set[str]()
    prefixes = _prefixes(evaluator, args, flags)
    keeps = bool(flags) and flags <= _KEEPS
    for name, value in (args[0].items or {}).items():
        for prefix in prefixes:
            _become(evaluator, prefix + name, value, keeps=keeps)
    if node.args and isinstance(node.args[0].value, Var) and node.args[0].value.name == "GLOBALS":
        for name in (*evaluator.state.origins.database, *evaluator.state.origins.settings):
            for prefix in prefixes:
                evaluator.globals.setdefault(prefix + name, name)
        evaluator.extracted.clear()
    elif not args[0].items or args[0].rest is not None:
        reaches.name_variables(evaluator, node, "extract", args[0], args[0])
        for prefix in prefixes:
            unpack(evaluator, args[0], prefix, keeps=keeps)
        evaluator.note("dynamic-variables", node.line, "extract(...)")
    return NOTHING


def _prefixes(evaluator: Evaluator, args: list[Val], flags: set[str]) -> list[str]:
    """What stands before the names: nothing, a prefix, or either."""
    given = evaluator.known_texts(args[_PREFIX]) if len(args) > _PREFIX else []
    written = [f"{prefix}_" for prefix in given]
    return written if written and flags == {_ALL} else ["", *written]


def _become(evaluator: Evaluator, name: str, value: Val, *, keeps: bool) -> None:
    """`keeps`: a variable that is there, perhaps on one way only, stays what it is."""
    known = evaluator.env.get(name)
    evaluator.env[name] = value if known is None or not keeps else evaluator.join(known, value)


def unpack(evaluator: Evaluator, array: Val, prefix: str = "", *, keeps: bool = False) -> None:
    """Elements under names that nobody knows become variables, those that are there already included.

    `keeps`: those that are there stay what they are.
    """
    known = evaluator.extracted.get(prefix, NOTHING)
    evaluator.extracted[prefix] = evaluator.join(known, array)
    if keeps:
        return
    for name, value in list(evaluator.env.items()):
        if name != "this" and "->" not in name:
            evaluator.env[name] = evaluator.join(value, evaluator.taken(name))
