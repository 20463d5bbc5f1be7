"""Short source-like text for an expression, for people who read `unresolved`."""

from __future__ import annotations

from scanner.model.facts import (
    ArrayLit,
    AssignExpr,
    Call,
    CallKind,
    Choice,
    ClassConst,
    Concat,
    Const,
    ConstRef,
    DynVar,
    Index,
    Op,
    Prop,
    StaticProp,
    Value,
    Var,
)

_LIMIT = 60


def describe(value: Value | str | None, depth: int = 3) -> str:
    """Text like `$this->url`, `get_host(...)`, `$a['k']`; bounded in length and depth."""
    return _describe(value, depth)[:_LIMIT]


def _describe(value: Value | str | None, depth: int) -> str:  # noqa: C901, PLR0912  one line per shape
    if isinstance(value, str):
        return value
    if value is None or depth <= 0:
        return "..."
    if isinstance(value, Var):
        return f"${value.name}"
    if isinstance(value, Const):
        return repr(value.value) if isinstance(value.value, str) else str(value.value)
    if isinstance(value, Index):
        key = _describe(value.key, depth - 1) if value.key is not None else ""
        return f"{_describe(value.base, depth - 1)}[{key}]"
    if isinstance(value, Prop):
        return f"{_describe(value.base, depth - 1)}->{_describe(value.name, depth - 1)}"
    if isinstance(value, StaticProp):
        return f"{_describe(value.cls, depth - 1)}::${_describe(value.name, depth - 1)}"
    if isinstance(value, ClassConst):
        return f"{_describe(value.cls, depth - 1)}::{_describe(value.name, depth - 1)}"
    if isinstance(value, ConstRef):
        return value.name
    if isinstance(value, DynVar):
        return f"${{{_describe(value.name, depth - 1)}}}"
    if isinstance(value, Call):
        return f"{callee_text(value, depth)}(...)"
    if isinstance(value, Concat):
        return " . ".join(_describe(part, depth - 1) for part in value.parts[:4])
    if isinstance(value, AssignExpr):
        return _describe(value.op.target, depth - 1)
    if isinstance(value, Choice):
        return " | ".join(_describe(option, depth - 1) for option in value.options[:3])
    if isinstance(value, Op):
        return f"{value.op}(...)"
    if isinstance(value, ArrayLit):
        return "[...]"
    return "..."


def callee_text(call: Call, depth: int = 3) -> str:
    """How a call names its callee: `f`, `$o->m`, `C::m`, `new C`."""
    name = _describe(call.name, depth - 1)
    if call.kind == CallKind.METHOD:
        return f"{_describe(call.receiver, depth - 1)}->{name}"
    if call.kind == CallKind.STATIC:
        return f"{_describe(call.receiver, depth - 1)}::{name}"
    if call.kind == CallKind.NEW:
        return f"new {name}"
    if call.kind == CallKind.DYNAMIC:
        return _describe(call.receiver, depth - 1)
    return name
