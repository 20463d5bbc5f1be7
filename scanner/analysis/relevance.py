"""Which functions can matter: by the names that they call and the words that they use.

Evaluating every function of a release costs minutes. A function is *relevant* when it touches the catalogue itself,
or calls, by a name that few functions share, one that does. Only relevant functions and short ones are followed into
from a call; a long function that touches nothing passes its arguments' labels on to its result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from scanner.analysis.program import Program
from scanner.signatures.match import Matcher

SHORT_BODY = 900
"""Bytes of code up to which a function is followed into in any case: getters, setters, URL builders."""
SHARED_NAME = 6
"""Functions of one name beyond which a call by that name says nothing about which of them is meant."""
_ALWAYS = frozenset({"()", "eval", "backtick", "getenv", "apache_getenv"})


class Relevance(NamedTuple):
    """Roots to evaluate, and all functions that are worth following into."""

    roots: tuple[int, ...]
    followed: frozenset[int]


def relevance(program: Program, matcher: Matcher, functions: Iterable[str]) -> Relevance:
    """Relevant functions of a program. `functions`: lower-case names of functions that return secrets."""
    strong = matcher.function_names | matcher.distinctive_methods | matcher.class_names | _ALWAYS
    strong |= {name.rpartition("::")[2] for name in functions}
    generic = matcher.method_names - strong
    libraries = _files_with_libraries(program, matcher)
    roots = [
        number
        for number, fact in enumerate(program.functions)
        if fact.name != "{closure}"
        and (
            fact.mentions
            or not strong.isdisjoint(fact.called)
            or (program.file_of[number] in libraries and not generic.isdisjoint(fact.called))
        )
    ]
    return Relevance(tuple(n for n in roots if not program.functions[n].outline), frozenset(_closure(program, roots)))


def _files_with_libraries(program: Program, matcher: Matcher) -> set[int]:
    """Files that name a class of the catalogue: a generic method name (`get`, `send`) may be that class's."""
    found: set[int] = set()
    for number, unit in enumerate(program.files):
        names: set[str] = set()
        for fact in unit.facts.functions:
            names.update(fact.called)
            names.update(_short(name) for param in fact.params for name in param.types)
            names.update(_short(name) for name in fact.return_types)
        for cls in unit.facts.classes:
            names.update(_short(name) for name in (cls.parent, *cls.interfaces, *cls.traits))
            names.update(_short(name) for item in cls.properties for name in item.types)
        if not matcher.class_names.isdisjoint(names):
            found.add(number)
    return found


def _closure(program: Program, roots: Iterable[int]) -> set[int]:
    """Roots and their callers, by names that are not shared by many."""
    callers: dict[str, list[int]] = defaultdict(list)
    for number, fact in enumerate(program.functions):
        for name in fact.called:
            callers[name].append(number)
    shared: dict[str, int] = defaultdict(int)
    for fact in program.functions:
        shared[_name(fact.name, fact.cls)] += 1
    found = set(roots)
    queue = list(found)
    while queue:
        fact = program.functions[queue.pop()]
        name = _name(fact.name, fact.cls)
        if not fact.name or shared[name] > SHARED_NAME:
            continue
        for caller in callers.get(name, ()):
            if caller not in found:
                found.add(caller)
                queue.append(caller)
    return found


def _name(name: str, cls: str) -> str:
    """Name by which a function is called: for a constructor that of its class."""
    return _short(cls) if name.lower() == "__construct" else _short(name)


def _short(name: str) -> str:
    return name.lower().rpartition("\\")[2]
