"""Calls whose class stands in the code and whose method comes from data: cron jobs that a table names."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.analysis.pages.tables import DISPATCHING, assignments, values_in
from scanner.analysis.program import Program
from scanner.model.facts import (
    ArrayLit,
    Call,
    CallKind,
    ClassConst,
    Concat,
    Const,
    Statement,
    Value,
    Var,
    decode_body,
)

_CALLERS = DISPATCHING - {"()"}
_OWN = frozenset({"self", "static"})
_PAIR = 2
_MAX_METHODS = 1_000


def called_by_data(program: Program, function: int) -> frozenset[int]:
    """Methods that a function can call so: all of the class, its constructor and its magic methods left out."""
    lowered = program.with_body(function)
    names = _classes(decode_body(program.functions[lowered].body))
    keys = {program.class_key(function) if name.lower() in _OWN else program.find_class(name) for name in names}
    found = [number for key in sorted(keys & program.classes.keys()) for number in _methods(program, key)]
    return frozenset(found[:_MAX_METHODS]) - {function, lowered}


def _methods(program: Program, key: str) -> list[int]:
    return [number for name, number in sorted(program.own_methods(key).items()) if not name.startswith("__")]


def _classes(statements: tuple[Statement, ...]) -> Iterator[str]:
    """Names of the classes of which some method is called."""
    made = {
        item.target.name: str(item.value.name)
        for item in assignments(statements)
        if isinstance(item.target, Var) and isinstance(item.value, Call) and _is_new(item.value)
    }
    for value in values_in(statements):
        if not isinstance(value, Call):
            continue
        if value.kind == CallKind.STATIC and not isinstance(value.name, str) and isinstance(value.receiver, str):
            yield value.receiver
        elif value.kind == CallKind.METHOD and not isinstance(value.name, str):
            yield from _class_of(value.receiver, made)
        elif value.kind == CallKind.DYNAMIC and not isinstance(value.receiver, str):
            yield from _of_callable(value.receiver, made)
        elif value.kind == CallKind.FUNCTION and str(value.name).lower() in _CALLERS and value.args:
            yield from _of_callable(value.args[0].value, made)


def _of_callable(value: Value | None, made: dict[str, str]) -> Iterator[str]:
    """`[class or object, $name]`, `'Class::' . $name`."""
    if isinstance(value, ArrayLit) and len(value.items) == _PAIR and not isinstance(value.items[1].value, Const):
        yield from _class_of(value.items[0].value, made)
    elif isinstance(value, Concat) and isinstance(value.parts[0], Const):
        name, colons, rest = str(value.parts[0].value).partition("::")
        if colons and not rest:
            yield name


def _class_of(value: str | Value | None, made: dict[str, str]) -> Iterator[str]:
    if isinstance(value, Const) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ClassConst) and value.name == "class" and isinstance(value.cls, str):
        yield value.cls
    elif value == Var("this"):
        yield "self"
    elif isinstance(value, Var) and value.name in made:
        yield made[value.name]
    elif isinstance(value, Call) and _is_new(value):
        yield str(value.name)


def _is_new(value: Value) -> bool:
    return isinstance(value, Call) and value.kind == CallKind.NEW and isinstance(value.name, str)
