"""Tables in code from which a request chooses what runs: `Controller:method`, `Class@method`, files to include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.analysis.include_graph import INCLUDES
from scanner.analysis.pages.conditions import REQUEST, everything_in, keys_in
from scanner.analysis.pages.paths import Paths
from scanner.analysis.program import Program
from scanner.model.facts import (
    ArrayLit,
    Assign,
    Branch,
    Call,
    CallKind,
    ClassConst,
    Const,
    Expr,
    FunctionFact,
    Item,
    Loop,
    Prop,
    Return,
    Statement,
    StaticProp,
    Value,
    Var,
    decode_body,
)

_METHOD = re.compile(r"\\?([A-Za-z_][\w\\]{0,200})(?::{1,2}|@|->|#)([A-Za-z_]\w{0,200})(?:\(\))?")
DISPATCHING = frozenset({"()", "call_user_func", "call_user_func_array", "forward_static_call"})
"""What a function calls that calls by computed names, as `FunctionFact.called` has it."""
_LOOK_UPS = frozenset({"in_array", "array_key_exists", "array_search"})
_MAX_ENTRIES = 5_000
_MAX_PARTS = 200_000
_OWN = frozenset({"self", "static", "parent"})


class Entry(NamedTuple):
    """One line of a table."""

    name: str
    """What the request says."""
    functions: tuple[int, ...]
    """What runs then: a method and its class's constructor, or a file's own code."""


class Table(NamedTuple):
    """Where a request chooses."""

    function: int
    key: str
    """The request's key, `` when the function gets the value from its caller."""
    entries: tuple[Entry, ...]
    dispatches: bool
    """The function itself runs the entries; else it only looks names up, before it loads what runs them."""


def tables(program: Program, paths: Paths) -> Iterator[Table]:
    """Tables of the program, in its order."""
    for number, fact in enumerate(program.functions):
        if not fact.outline and _may_choose(fact):
            yield from _Chooser(program, paths, number).tables()


def _may_choose(fact: FunctionFact) -> bool:
    """Whether a function calls something by a computed name, or includes files and looks something up."""
    called = set(fact.called)
    return not DISPATCHING.isdisjoint(called) or not (called.isdisjoint(INCLUDES) or called.isdisjoint(_LOOK_UPS))


def values_in(statements: Iterable[Statement]) -> Iterator[Value]:
    """All values in statements, nested ones too, bounded."""
    waiting = list(statements)[::-1]
    left = _MAX_PARTS
    while waiting and left > 0:
        item = waiting.pop()
        if isinstance(item, Branch):
            waiting += [inner for arm in item.arms for inner in arm][::-1]
        elif isinstance(item, Loop):
            waiting += item.body[::-1]
        elif isinstance(item, (Expr, Return, Assign)):
            for value in (item.value, item.target) if isinstance(item, Assign) else (item.value,):
                for part in everything_in(value):
                    left -= 1
                    yield part


class _Chooser:
    """One function that may choose by a table."""

    def __init__(self, program: Program, paths: Paths, number: int) -> None:
        self._program = program
        self._paths = paths
        self._number = number
        self._statements = decode_body(program.functions[number].body)
        self._parts = list(values_in(self._statements))

    def tables(self) -> Iterator[Table]:
        """By request key, what the function's lists let it run."""
        included = {part.name for path in self._included() for part in everything_in(path) if isinstance(part, Var)}
        found: dict[str, dict[str, Entry]] = {}
        for literal, variable in self._lists():
            lines = [entry for item in literal.items[:_MAX_ENTRIES] for entry in self._methods(item)]
            if variable in included:
                lines += [entry for item in literal.items[:_MAX_ENTRIES] for entry in self._files(item)]
            if lines:
                known = found.setdefault(self._key_of(variable), {})
                for entry in lines:
                    known.setdefault(entry.name, entry)
        for key in sorted(found):
            entries = tuple(found[key][name] for name in sorted(found[key]))
            yield Table(self._number, key, entries, self._dispatches or self._all_files(entries))

    @property
    def _dispatches(self) -> bool:
        return not DISPATCHING.isdisjoint(self._program.functions[self._number].called)

    def _all_files(self, entries: tuple[Entry, ...]) -> bool:
        return not any(self._program.functions[entry.functions[0]].name for entry in entries)

    def _included(self) -> list[Value]:
        calls = (part for part in self._parts if isinstance(part, Call) and part.kind == CallKind.CONSTRUCT)
        return [call.args[0].value for call in calls if call.name in INCLUDES and call.args]

    def _lists(self) -> Iterator[tuple[ArrayLit, str]]:
        """Literal lists that the function uses, with the variable that is looked up in them where that is seen."""
        asked: set[int] = set()
        for part in self._parts:
            if isinstance(part, Call) and str(part.name).lower() in _LOOK_UPS and len(part.args) > 1:
                needle = part.args[0].value
                variable = next((one.name for one in everything_in(needle) if isinstance(one, Var)), "")
                for literal in self._literals(part.args[1].value):
                    asked.add(id(literal))
                    yield literal, variable
        for part in self._parts:
            for literal in self._literals(part):
                if id(literal) not in asked:
                    yield literal, ""

    def _literals(self, value: Value) -> list[ArrayLit]:
        """The literal array that a value is: as it stands, a variable's, a property's, a constant's, or returned."""
        if isinstance(value, ArrayLit):
            return [value]
        if isinstance(value, Var):
            sets = (item for item in assignments(self._statements) if item.target == value)
            return [item.value for item in sets if isinstance(item.value, ArrayLit)]
        if isinstance(value, (StaticProp, ClassConst)) and isinstance(value.cls, str) and isinstance(value.name, str):
            return self._declared(value.cls, value.name)
        if isinstance(value, Prop) and value.base == Var("this") and isinstance(value.name, str):
            return self._declared("self", value.name)
        if isinstance(value, Call) and isinstance(value.name, str) and not value.args:
            return self._returned(value)
        return []

    def _declared(self, cls: str, name: str) -> list[ArrayLit]:
        key = self._program.class_key(self._number) if cls.lower() in _OWN else self._program.find_class(cls)
        found: list[Value | None] = []
        for owner in self._program.ancestors(key) if cls.lower() in _OWN else (key,):
            for unit in self._program.classes.get(owner, ()):
                found += [item.default for item in unit.fact.properties if item.name == name]
                found += [value for constant, value in unit.fact.constants if constant == name]
        return [value for value in found if isinstance(value, ArrayLit)]

    def _returned(self, call: Call) -> list[ArrayLit]:
        """The array that a function without parameters returns."""
        name = str(call.name)
        number = None
        if call.kind == CallKind.FUNCTION:
            known = self._program.by_name.get(name.lower(), ())
            number = known[0] if len(known) == 1 else None
        elif call.receiver == Var("this") or (isinstance(call.receiver, str) and call.receiver.lower() in _OWN):
            number = self._program.find_method(self._program.class_key(self._number), name.lower())
        if number is None or self._program.functions[number].outline:
            return []
        body = decode_body(self._program.functions[number].body)
        return [item.value for item in body if isinstance(item, Return) and isinstance(item.value, ArrayLit)]

    # -- entries ----------------------------------------------------------------------------------------------

    def _methods(self, item: Item) -> Iterator[Entry]:
        name = item.key.value if isinstance(item.key, Const) and isinstance(item.key.value, str) else ""
        value = item.value
        if isinstance(value, Const) and isinstance(value.value, str):
            match = _METHOD.fullmatch(value.value)
            if match is not None:
                yield from self._entry(name or value.value, match[1], match[2])
        elif isinstance(value, ArrayLit) and len(value.items) == 2 and name:  # noqa: PLR2004  [class, method]
            cls, method = (part.value for part in value.items)
            if isinstance(method, Const) and isinstance(method.value, str):
                yield from self._entry(name, _class_name(cls), method.value)

    def _entry(self, name: str, cls: str, method: str) -> Iterator[Entry]:
        key = self._program.find_class(cls)
        if key not in self._program.classes:
            return
        found = self._program.find_method(key, method.lower())
        if found is not None:
            made = self._program.find_method(key, "__construct")
            yield Entry(name, (found,) if made is None or made == found else (found, made))

    def _files(self, item: Item) -> Iterator[Entry]:
        value = item.value
        if isinstance(value, Const) and isinstance(value.value, str) and value.value.lower().endswith(".php"):
            files = self._paths.included(value.value, self._program.file_of[self._number])
            if files:
                yield Entry(value.value, (self._program.files[files[0]].first,))

    # -- request ----------------------------------------------------------------------------------------------

    def _key_of(self, variable: str) -> str:
        """The request key that a variable holds; else the only one that the function reads."""
        found: set[str] = set()
        names, seen = [variable] if variable else [], set()
        while names:
            name = names.pop()
            if name in seen:
                continue
            seen.add(name)
            for item in assignments(self._statements):
                if item.target == Var(name):
                    found |= _request_keys(item.value)
                    names += [part.name for part in everything_in(item.value) if isinstance(part, Var)]
        if not found:
            found = {key for part in self._parts for key in _request_keys(part)}
        return found.pop() if len(found) == 1 else ""


def _class_name(value: Value) -> str:
    if isinstance(value, ClassConst) and isinstance(value.cls, str) and value.name == "class":
        return value.cls
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else ""


def _request_keys(value: Value) -> set[str]:
    return {key for source, key in keys_in(value) if source in REQUEST and key != "*"}


def assignments(statements: Iterable[Statement]) -> Iterator[Assign]:
    """Assignments that are statements, in any branch."""
    waiting = list(statements)[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Branch):
            waiting += [inner for arm in item.arms for inner in arm][::-1]
        elif isinstance(item, Loop):
            waiting += item.body[::-1]
        elif isinstance(item, Assign):
            yield item
