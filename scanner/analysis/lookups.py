"""Functions that read under a name that they make of an argument: `return $GLOBALS[strrev($name)];`.

No summary tells what becomes of a name; where a call passes one that is known, the function is run with it (see
`decoding`). A name that is read as it is passed is the caller's to know, and needs no run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.analysis.state import State
from scanner.model.facts import (
    Assign,
    Call,
    CallKind,
    Const,
    DynVar,
    FunctionFact,
    Index,
    Value,
    Var,
    decode_body,
    nodes,
)

_LONGEST = 1_250
"""Size of a function that is run."""
_ARRAYS = frozenset({"GLOBALS", "_ENV", "_SERVER", "_SESSION"})
_NAMED = frozenset({"constant", "get_cfg_var", "getenv", "ini_get"})
"""Functions of PHP that read what a name stands for."""
_MARKS = (*(name.encode() for name in sorted(_ARRAYS | _NAMED)), b"\x92\x0e")
"""One of these is in the encoded body of each: the last is how a variable begins whose name is computed."""


def reads_named(state: State, number: int) -> bool:
    """Whether a function reads a global, a variable or a constant under a name that is not written in the code."""
    known = state.decoding.lookups.get(number)
    if known is None:
        known = state.decoding.lookups[number] = _reads_named(state.program.functions[number])
    return known


def _reads_named(fact: FunctionFact) -> bool:
    if fact.size > _LONGEST:
        return False
    body = bytes(fact.body)
    return any(mark in body for mark in _MARKS) and bool(computed_names(fact, list(nodes(decode_body(fact.body)))))


def computed_names(fact: FunctionFact, body: Sequence[object]) -> list[Value]:
    """Expressions under whose values a function reads, without parameters as they are. `body`: all that is in it."""
    assigned = {node.target.name for node in body if isinstance(node, Assign) and isinstance(node.target, Var)}
    plain = {param.name for param in fact.params} - assigned
    names = (name for node in body for name in _names(node))
    return [
        name for name in names if not isinstance(name, Const) and not (isinstance(name, Var) and name.name in plain)
    ]


def _names(node: object) -> Iterator[Value]:
    """Names under which a part of a body reads globals, variables or constants."""
    if isinstance(node, Index):
        if isinstance(node.base, Var) and node.base.name in _ARRAYS and node.key is not None:
            yield node.key
    elif isinstance(node, DynVar):
        yield node.name
    elif isinstance(node, Call) and _is_reader(node):
        yield from (arg.value for arg in node.args[:1])


def _is_reader(call: Call) -> bool:
    name = call.name.lower().lstrip("\\") if isinstance(call.name, str) else ""
    return call.kind is CallKind.FUNCTION and name in _NAMED
