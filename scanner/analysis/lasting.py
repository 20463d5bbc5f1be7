"""Places that outlive a call, and what earlier calls of the same function have left in them.

`static $i = 0; return $parts[$i++];`, `self::$text .= $part;`, `array_shift($this->queue)`: what such a place holds
when the function begins is what it was made with, or what an earlier call has left there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.analysis.shared import aged
from scanner.analysis.state import NOBODIES
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import (
    Arg,
    Assign,
    AssignExpr,
    Call,
    CallKind,
    Concat,
    Const,
    Index,
    Prop,
    StaticProp,
    Value,
    Var,
    nodes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.analysis.evaluator import Evaluator
    from scanner.model.facts import Statement

_QUIET = (Arg, Assign, AssignExpr, Call, Concat, Const, Index, Var)
"""Values that run no code of the program where they are made of texts."""


def may_have_changed(evaluator: Evaluator, place: Value) -> bool:
    """Whether an earlier call may have left something else at a place than what is known of it here."""
    if evaluator.concrete:
        return False
    if isinstance(place, Prop) and isinstance(place.base, Var):
        written = f"{place.base.name}->{place.name}"
        return written not in evaluator.env or aged(written) in evaluator.env
    return isinstance(place, (Prop, StaticProp)) or is_shared(evaluator, place)


def is_shared(evaluator: Evaluator, place: Value) -> bool:
    """Whether there is one of a place for all calls: a static variable or property, a global variable.

    Or an element of an array in one.
    """
    while isinstance(place, Index):
        place = place.base
    if isinstance(place, Var):
        return place.name in evaluator.statics or (place.name in evaluator.globals and not evaluator.file_scope)
    return isinstance(place, StaticProp)


def lengthens(evaluator: Evaluator, node: Assign) -> bool:
    """Whether an assignment puts something to the text that one place for all calls holds: nobody knows how often."""
    if evaluator.concrete or not is_shared(evaluator, node.target):
        return False
    return node.op == ".=" or (node.op == "=" and isinstance(node.value, Concat) and node.target in nodes(node.value))


def adds_to_static(evaluator: Evaluator, target: Index) -> bool:
    """Whether `$list[] = $value` adds to a list that a static variable keeps: earlier calls have added others."""
    place: Value = target
    while isinstance(place, Index):
        place = place.base
    return target.key is None and isinstance(place, Var) and place.name in evaluator.statics and not evaluator.concrete


def replaced_next(evaluator: Evaluator, body: Sequence[Statement], position: int) -> str:
    """Name of a static variable that gets a text which the next statement makes into its digest, `` for none.

    `$v = serialize($all); $v = sha1($v);`: no later call finds the text there, nor does any other code in between.
    """
    here, after = body[position], body[position + 1] if position + 1 < len(body) else None
    if not (isinstance(here, Assign) and isinstance(after, Assign) and isinstance(here.target, Var)):
        return ""
    name = here.target.name
    if name not in evaluator.statics or after.target != here.target or after.op != "=":
        return ""
    return name if all(_is_quiet(evaluator, node) for node in nodes(after.value)) else ""


def _is_quiet(evaluator: Evaluator, node: object) -> bool:
    if not isinstance(node, Call):
        return isinstance(node, _QUIET)
    state = evaluator.state
    if node.kind != CallKind.FUNCTION or not isinstance(node.name, str):
        return False
    name, first = node.name.lower(), str(node.receiver or "").lower()  # in a namespace PHP tries the one there first
    return state.matcher.one_way(name) is not None and state.program.by_name.keys().isdisjoint((name, first))


def is_plain_text(value: Val) -> bool:
    """Whether a value is a text: no array, which a function that wants a text refuses, and no object with code."""
    parts = (value.items, value.rest, value.sites, value.types, value.refs)
    return bool(value.texts) and not any(part is not None and part != frozenset() for part in parts)


def have_changed(evaluator: Evaluator) -> list[tuple[str, str]]:
    """Static variables and properties in which a function has left what it did not know when it read them.

    A text, an object, a callable, or what a label tells of.
    """
    state = evaluator.state
    return [
        key
        for key, value in evaluator.held_before.items()
        if evaluator.number in state.written_by.get(key, NOBODIES)
        and _held(state.stores.get(key, NOTHING)) - _held(value)
    ]


def _held(value: Val) -> frozenset[object]:
    """Texts, objects, callables and labels of a value and of its elements."""
    found = frozenset[object]().union(value.texts, value.sites, value.refs, value.labels)
    found = found.union(*map(_held, (value.items or {}).values()))
    return found if value.rest is None else found | _held(value.rest)
