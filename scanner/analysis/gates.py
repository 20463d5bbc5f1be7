"""Conditions of one function, and what each of them lets happen: two of them show who may pass now that could not.

Read off the statements, as `units` is; a condition is a set of parts that `&&` or `||` joins, each as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypedDict

import msgspec

from scanner.analysis.origins import REQUEST_GLOBALS
from scanner.model.facts import (
    ArrayLit,
    Assign,
    AssignExpr,
    Branch,
    Call,
    Choice,
    Const,
    Expr,
    Index,
    Loop,
    Op,
    Return,
    Var,
    nodes,
)

_AND, _OR = frozenset({"&&", "and"}), frozenset({"||", "or"})
_PLACES = frozenset({"line", "end_line", "start", "end"})
_MAX_NODES = 400
"""Nodes of one part of a condition: beyond that it is no condition that a person reads."""
_MAX_PARTS = 24
_MAX_GATES = 400
_LEAVES = frozenset({"exit", "die", "throw"})
_REFUSING = re.compile(r"respond|deny|denied|forbid|abort|unauthori[sz]|not_?allowed|fail|error|redirect")
_REFUSALS = range(400, 600)
"""Status codes of answers to a request that was not granted (RFC 9110, 15.5 and 15.6)."""
_ANSWER = re.compile(r"[a-z][a-z_-]+", re.IGNORECASE)
"""A word that is given back: the name of a kind, of which nobody is refused anything."""
_SENT = ("HTTP_", "QUERY_STRING", "REQUEST_URI", "PATH_INFO")
_EQUAL = frozenset({"==", "===", "!=", "!==", "<>"})
_RETURNED = {True: "true", False: "false", None: "null"}
_FEWEST = 3
"""Characters from which on a text that something must equal is a word and not a mark."""


class Part(NamedTuple):
    """One operand of a condition."""

    text: str
    """As it is written, without places."""
    asks_visitor: bool
    """It looks at a field, cookie or header of the request."""
    names_constant: bool
    """Something must equal a word that stands in it."""


class Gate(NamedTuple):
    """A condition and what depends on it."""

    line: int
    joiner: str
    """`and`, `or`, `else` (`??`), `` for one part alone."""
    parts: tuple[Part, ...]
    effect: str
    """`leaves`, `true`, `false`, `null` (what it returns), `value` (it is the value of something), `session` (it is
    written there), `gives` (it returns fields of something, of which none tells of a refusal), `other`."""
    redirects: bool = False
    """What depends on it sends the browser elsewhere."""


def gates(statements: tuple[object, ...]) -> tuple[Gate, ...]:
    """Conditions in a body, in no order that matters."""
    return tuple(islice(_gates(statements), _MAX_GATES))


def _gates(statements: tuple[object, ...]) -> Iterator[Gate]:
    stack: list[tuple[object, ...]] = [statements]
    while stack:
        body = stack.pop()
        for position, statement in enumerate(body):
            if isinstance(statement, Branch):
                tests = len(statement.arms) - statement.total
                conditions = body[max(0, position - tests) : position] if statement.tested else ()
                yield from _of_branch(statement, conditions)
                stack.extend(arm for arm in statement.arms if arm)
            elif isinstance(statement, Loop):
                stack.append(statement.body)
            else:
                yield from _of_values(statement)


def _of_branch(branch: Branch, conditions: tuple[object, ...]) -> Iterator[Gate]:
    known = [item.value for item in conditions if isinstance(item, Expr)]
    if len(known) != len(conditions):
        return
    for number, arm in enumerate(branch.arms):
        if number < len(known):
            yield _gate(known[number], getattr(conditions[number], "line", 0), **_what(arm))
        elif known:  # what is left when none of the tests is true
            yield _gate(Op("else", (known[-1],)), getattr(conditions[-1], "line", 0), **_what(arm))


def _of_values(statement: object) -> Iterator[Gate]:
    """Values that may be conditions: of a `return`, an assignment, a constant."""
    if isinstance(statement, Expr) and isinstance(statement.value, AssignExpr):
        statement = statement.value.op
    values: Iterable[object] = ()
    if isinstance(statement, Return | Assign):
        values = (statement.value,)
    elif isinstance(statement, Expr) and isinstance(statement.value, Call) and statement.value.name == "define":
        values = (arg.value for arg in statement.value.args[1:2])
    target = getattr(statement, "target", None)
    line = getattr(statement, "line", 0)
    if _is_session(target):
        key = target.key if isinstance(target, Index) else None
        yield Gate(line, "", (_part(statement), _part(key)), "session")
        return
    for value in values:
        if isinstance(value, Op | Call | Choice | Index):
            yield _gate(value, line, "value")


def _is_session(target: object) -> bool:
    base = target.base if isinstance(target, Index) else target
    return isinstance(base, Var) and base.name == "_SESSION"


def _gate(condition: object, line: int, effect: str, *, redirects: bool = False) -> Gate:
    joiner, operands = "", [condition]
    if isinstance(condition, Op) and condition.op in _AND | _OR:
        joiner = "and" if condition.op in _AND else "or"
        operands = list(islice(_operands(condition, _AND if joiner == "and" else _OR), _MAX_PARTS))
    elif isinstance(condition, Choice):
        joiner, operands = "else", list(condition.options[:2])
    return Gate(line, joiner, tuple(map(_part, operands)), effect, redirects)


def _operands(condition: object, operators: frozenset[str]) -> Iterator[object]:
    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, Op) and node.op in operators:
            pending.extend(reversed(node.operands))
        elif isinstance(node, Op) and node.op in ("parenthesized_expression", "condition") and len(node.operands) == 1:
            pending.append(node.operands[0])
        else:
            yield node


def _part(node: object) -> Part:
    near = list(islice(nodes(node), _MAX_NODES))
    return Part(written(node), any(map(_is_sent, near)), any(map(_names_constant, near)))


def _is_sent(node: object) -> bool:
    if isinstance(node, Var):
        return node.name in REQUEST_GLOBALS
    if isinstance(node, Index) and isinstance(node.base, Var) and node.base.name == "_SERVER":
        return isinstance(node.key, Const) and str(node.key.value).startswith(_SENT)
    return isinstance(node, Call) and node.name in ("getallheaders", "apache_request_headers", "filter_input")


def _names_constant(node: object) -> bool:
    """Whether something must equal a text that is a word of its own."""
    if isinstance(node, Op) and node.op in _EQUAL:
        values: Iterable[object] = node.operands
    elif isinstance(node, Call) and node.name in (
        "hash_equals",
        "strcmp",
        "in_array",
        "password_verify",
        "str_contains",
    ):
        values = nodes(*(arg.value for arg in node.args))
    else:
        return False
    return any(isinstance(one, Const) and isinstance(one.value, str) and len(one.value) >= _FEWEST for one in values)


class _Outcome(TypedDict):
    effect: str
    redirects: bool


def _what(arm: tuple[object, ...]) -> _Outcome:
    """What an arm does in the end, and whether it sends the browser elsewhere. An empty one goes on with the next."""
    calls = [item.value for item in arm if isinstance(item, Expr) and isinstance(item.value, Call)]
    redirects = any(_is_redirect(call) for call in calls)
    effect = "other"
    if not arm or any(call.name in _LEAVES for call in calls) or (len(arm) == 1 and any(map(_refuses, calls))):
        effect = "leaves"
    for item in arm:
        if isinstance(item, Return) and item.kind == "return":
            known = item.value.value if isinstance(item.value, Const) else ""
            if isinstance(known, str) and _ANSWER.fullmatch(known) and not _REFUSING.search(known):
                effect = "other"  # `return 'private';`
            elif isinstance(item.value, ArrayLit):
                effect = "gives" if _gives(item.value) else "leaves"
            else:
                effect = _RETURNED.get(known, "leaves") if known is None or isinstance(known, bool) else "leaves"
    return {"effect": effect, "redirects": redirects}


def _gives(fields: ArrayLit) -> bool:
    """Whether what is given back has named fields, and nothing in it says that something is refused."""
    named = bool(fields.items) and all(
        isinstance(item.key, Const) and isinstance(item.key.value, str) for item in fields.items
    )
    return named and not any(map(_tells_refusal, nodes(fields)))


def _tells_refusal(node: object) -> bool:
    if not isinstance(node, Const):
        return False
    if isinstance(node.value, str):
        return _REFUSING.search(node.value.lower()) is not None
    return node.value is False or (isinstance(node.value, int) and node.value in _REFUSALS)


def _refuses(call: Call) -> bool:
    """Whether a call by its name ends the request."""
    return isinstance(call.name, str) and _REFUSING.search(call.name.lower()) is not None


def _is_redirect(call: Call) -> bool:
    text = next((node.value for arg in call.args[:1] for node in nodes(arg.value) if isinstance(node, Const)), "")
    return call.name == "header" and isinstance(text, str) and text.lower().startswith("location:")


def written(node: object, depth: int = 12) -> str:
    """An expression as text, whatever stands where."""
    if isinstance(node, Const):
        return repr(node.value)
    if isinstance(node, msgspec.Struct):
        if not depth:
            return "..."
        fields = (getattr(node, name) for name in node.__struct_fields__ if name not in _PLACES)
        return f"{type(node).__name__}({','.join(written(field, depth - 1) for field in fields)})"
    if isinstance(node, tuple):
        return f"[{','.join(written(item, depth) for item in node)}]"
    return str(node)
