"""Expressions that give a name as it is: what a function makes of a parameter is, as a key, not that parameter.

Functions of strings give the template of a parameter for what they make of it, which serves for addresses. A key that
was reversed, cut or replaced names another element: only what is written in plain, or differs in case, is the caller's.
"""

from __future__ import annotations

from scanner.analysis.frame import Frame
from scanner.analysis.templates import PARAMETERS, is_known
from scanner.analysis.values import Val
from scanner.model.facts import (
    ArrayLit,
    Assign,
    Call,
    CallKind,
    Choice,
    ClassConst,
    Concat,
    Const,
    ConstRef,
    Index,
    Op,
    Prop,
    StaticProp,
    Value,
    Var,
)

_CASES = frozenset({"strtolower", "strtoupper", "mb_strtolower", "mb_strtoupper", "ucfirst", "lcfirst", "trim"})
"""Functions that change letters into the same letters (see `summary.alike`), or drop blanks around."""
_CASTS = frozenset({"(string)", "??", "condition", "parenthesized_expression"})
_AS_IT_IS = frozenset({"=", "??=", "&", "foreach", "foreach-key", "foreach-ref"})
_WRITTEN = (Const, ConstRef, ClassConst, Index, Prop, StaticProp)


def is_plain(frame: Frame, node: Value | None) -> bool:
    """Whether an expression gives what a variable or an element holds, or a text that is written in the code."""
    if isinstance(node, Var):
        return node.name not in frame.changed
    if isinstance(node, Choice):
        return all(is_plain(frame, option) for option in node.options)
    if isinstance(node, Concat):
        return all(is_plain(frame, part) for part in node.parts)
    if isinstance(node, Op):
        return node.op in _CASTS and all(is_plain(frame, operand) for operand in node.operands)
    if isinstance(node, Call):
        name = str(node.name).lower().lstrip("\\")
        return node.kind is CallKind.FUNCTION and name in _CASES and _only(frame, node)
    return node is None or isinstance(node, _WRITTEN)


def may_be_passed(frame: Frame, node: Value | None, key: Val) -> bool:
    """Whether a key, and the expression for it, may be what a caller passes: most are written in the code."""
    return not all(map(is_known, key.texts)) and is_plain(frame, node)


def _only(frame: Frame, call: Call) -> bool:
    return len(call.args) == 1 and is_plain(frame, call.args[0].value)


def is_counter(frame: Frame, target: Index, name: str) -> bool:
    """Whether the key of an element of a property is a number that the object counts: it is another one next time."""
    outlasts = isinstance(target.base, Prop | StaticProp) and not frame.concrete
    return outlasts and name.isdecimal() and not isinstance(target.key, Const)


def note(frame: Frame, node: Assign, value: Val) -> None:
    """Remember variables that get something made of a parameter."""
    if not (value.height or any(PARAMETERS.search(text) for text in value.texts)):
        return
    if node.op not in _AS_IT_IS or not is_plain(frame, node.value):
        frame.changed.update(_variables(node.target))


def _variables(target: Value) -> list[str]:
    if isinstance(target, ArrayLit):
        return [name for item in target.items for name in _variables(item.value)]
    return [target.name] if isinstance(target, Var) else []
