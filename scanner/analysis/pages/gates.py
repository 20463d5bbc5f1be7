"""Functions that ask for a login, and functions that can lead to one.

A gate is known by its name, as `authenticate`, `auth_redirect` or `requireLogin`, and by ending a request or by asking
for a constant that switches it off. Source of the names: REDCap's `Authentication::authenticate()`, WordPress's
`auth_redirect()`, phpMyAdmin's `authenticate()` of its authentication plugins.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from scanner.analysis.pages.conditions import Chosen, ask, listed, switches
from scanner.analysis.program import Program
from scanner.model.facts import (
    ArrayLit,
    Branch,
    Call,
    CallKind,
    Const,
    Expr,
    Return,
    Statement,
    StaticProp,
    Value,
    text_mark,
)

_GATE = re.compile(
    r"authenticate\w{0,12}|auth_?redirect|(?:require|ensure|force|check|must|verify|assert)_?(?:be_?)?"
    r"(?:user_?)?(?:is_?)?(?:log(?:ged)?_?in|auth\w{0,12})|log_?in_?required"
)
BOOTSTRAPS = frozenset({"init_global.php", "init_project.php", "redcap_connect.php"})
"""Files of REDCap whose loading is the login."""
SWITCH = "NOAUTH"
"""The constant that lets a page past them."""
END = frozenset({"exit", "die", "throw"})
"""Constructs that end a request."""
_SHARED_NAME = 6
"""Functions of one name beyond which a call by it leads nowhere."""
_LEVELS = 6
"""Calls between a page and the gate."""
_LOADERS = frozenset({"spl_autoload_register", "define", "include", "include_once", "require", "require_once"})
_LOADER_LEVELS = 2


def is_gate(name: str) -> bool:
    """Whether a function of this lower-case name asks for a login."""
    return _GATE.fullmatch(name) is not None


class Leads:
    """Functions worth walking into: they can reach a gate, load files, define constants or ask how PHP was called."""

    def __init__(self, program: Program) -> None:
        callers: dict[str, list[int]] = defaultdict(list)
        for number, fact in enumerate(program.functions):
            if fact.name:
                for name in fact.called:
                    callers[name].append(number)
        gates = [number for number, fact in enumerate(program.functions) if is_gate(_short(fact.name))]
        self.any_gate = bool(gates)
        """Whether the program has a gate at all."""
        self.by_name = not gates and not program.by_base_name.keys().isdisjoint(BOOTSTRAPS)
        """No function is a gate, but the files are there that load REDCap's: they count as gates then."""
        self.functions = frozenset(
            _upwards(program, callers, gates, _LEVELS)
            | _upwards(program, callers, [n for name in sorted(_LOADERS) for n in callers[name]], _LOADER_LEVELS)
            | _upwards(program, callers, _asking_for_interface(program), _LOADER_LEVELS)
        )


def _asking_for_interface(program: Program) -> list[int]:
    """Functions that ask how PHP was called: many a command-line script refuses browsers in one that it calls."""
    mark = text_mark("PHP_SAPI")
    return [
        number
        for number, fact in enumerate(program.functions)
        if fact.name and ("php_sapi_name" in fact.called or mark in bytes(fact.body))
    ]


def _upwards(program: Program, callers: dict[str, list[int]], start: list[int], levels: int) -> set[int]:
    """Functions and, level by level, those that call them by a name that few share."""
    found, edge = set(start), start
    for _ in range(levels):
        names = sorted({_short(program.functions[number].name) for number in edge})
        few = [
            name
            for name in names
            if len(program.by_name.get(name, ())) + len(program.by_method.get(name, ())) <= _SHARED_NAME
        ]
        edge = sorted({caller for name in few for caller in callers[name]} - found)
        found.update(edge)
    return found


def _bearers(program: Program, name: str) -> int:
    """How many functions and methods have a name."""
    return len(program.by_name.get(name, ())) + len(program.by_method.get(name, ()))


def _short(name: str) -> str:
    return name.lower().rpartition("\\")[2]


class Switch(NamedTuple):
    """What lets a page past a gate, and whether it always does."""

    why: str
    sure: bool


class Asked(NamedTuple):
    """What is requested: the page's path, and what the request chooses behind it."""

    page: str
    chosen: Chosen


def switched_off(
    program: Program, function: int, statements: tuple[Statement, ...], constants: Mapping[str, bool], asked: Asked
) -> list[Switch]:
    """Why a gate lets the page past: a constant that the page defined, or a list that names it."""
    found: list[Switch] = []
    for condition, branch in pairwise(statements):
        if not (isinstance(condition, Expr) and isinstance(branch, Branch)) or not branch.arms:
            continue
        truth = ask(condition.value, constants, asked.chosen)
        names = [name for name in switches(condition.value) if name in constants]
        if _returns(branch.arms[0]):
            if truth is not False and names:
                found += [Switch(f"defines {name}", truth is True) for name in names]
            elif names_page(program, function, listed(condition.value), asked):
                found.append(Switch("is named in the list of pages without authentication", sure=True))
        elif truth is False and names and _ends(branch.arms[0]):
            found += [Switch(f"defines {name}", sure=True) for name in names]
    return found


def _returns(arm: tuple[Statement, ...]) -> bool:
    return any(isinstance(item, Return) for item in arm)


def ends(value: Value) -> bool:
    """Whether an expression ends the request: `exit`, `die`, `throw`."""
    return isinstance(value, Call) and value.kind == CallKind.CONSTRUCT and value.name in END


def _ends(arm: tuple[Statement, ...]) -> bool:
    """Whether an arm can end the request, at any depth."""
    waiting = list(arm)
    while waiting:
        item = waiting.pop()
        if isinstance(item, Branch):
            waiting += [inner for each in item.arms for inner in each]
        elif isinstance(item, Expr) and ends(item.value):
            return True
    return False


def entries(program: Program, function: int, value: Value | None) -> list[str]:
    """Texts of a literal list: as it stands, or as the default of a static property."""
    if isinstance(value, StaticProp) and isinstance(value.cls, str) and isinstance(value.name, str):
        own = value.cls.lower() in ("self", "static")
        key = program.class_key(function) if own else program.find_class(value.cls)
        defaults = [
            item.default
            for unit in program.classes.get(key, ())
            for item in unit.fact.properties
            if item.name == value.name
        ]
        value = defaults[0] if defaults else None
    if not isinstance(value, ArrayLit):
        return []
    return [str(item.value.value) for item in value.items if isinstance(item.value, Const)]


def listed_pages(program: Program, function: int, statements: tuple[Statement, ...]) -> list[str]:
    """Lower-case ends of paths of the pages, and the routes, that a gate's lists name."""
    values = [listed(item.value) for item in statements if isinstance(item, Expr)]
    return [text.lower().lstrip("/") for value in values for text in entries(program, function, value)]


def names_page(program: Program, function: int, value: Value | None, asked: Asked) -> bool:
    """Whether a list has the page's own path, seen from some folder above it, or what is chosen behind it."""
    path = f"/{asked.page.lower()}"
    names = {text.lower().lstrip("/") for text in entries(program, function, value)}
    return any(path.endswith(f"/{name}") for name in names if name.endswith(".php")) or (
        bool(asked.chosen.text) and asked.chosen.text.lower() in names
    )
