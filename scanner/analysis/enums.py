"""Enums: each case is one object, which has a name and perhaps a value.

Source: the manual, chapter Enumerations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from scanner.analysis.scalars import STRING
from scanner.analysis.values import NOTHING, Val, join_all, typed

if TYPE_CHECKING:
    from scanner.analysis.class_lookup import ClassLookup
    from scanner.analysis.evaluator import Evaluator
    from scanner.analysis.state import State
    from scanner.model.facts import ClassFact

METHODS = frozenset({"cases", "from", "tryfrom"})
PROPERTIES = frozenset({"name", "value"})
_MAX_USERS = 12
"""Classes that use a trait, up to which they are looked at."""
_PLACE = -(1 << 24)
"""Stands for the places of allocations that no code makes: the cases of enums, from here downwards."""


def is_enum(state: State, types: Iterable[str]) -> bool:
    """Whether all of these classes are enums."""
    classes = state.program.classes
    return all(any(unit.fact.kind == "enum" for unit in classes.get(cls, ())) for cls in types)


def may_be_case(state: State, types: frozenset[str]) -> bool:
    """Whether an object may be a case of an enum: of an enum, or of a trait that enums use."""
    program = state.program
    used = (program.descendants(cls, _MAX_USERS) for cls in types if program.is_trait(cls))
    return is_enum(state, types) or any(is_enum(state, [user]) for users in used for user in users)


def case(frame: ClassLookup, function: int, cls: str, fact: ClassFact, name: str, value: Val) -> Val:
    """A case of an enum (`function`: any of its file): an object of its own. A constant of one is what it is."""
    if name not in fact.cases:
        return value
    site = frame.state.site(function, _PLACE - fact.line * (len(fact.cases) + 1) - fact.cases.index(name))
    frame.state.write_site(site, ".name", typed(name, STRING))
    if value is not NOTHING:
        frame.state.write_site(site, ".value", value)
    return value.replaced(types=value.types | {cls}, sites=value.sites | {site})


def called(evaluator: Evaluator, cls: str, method: str, args: list[Val]) -> Val:
    """`E::cases()`: all cases of an enum as they stand; `E::from($value)`: the one that has a value.

    `from` throws where none has it, and quotes the value.
    """
    found = list(_cases(evaluator, cls))
    if not args:
        return Val(items={str(number): one for number, one in enumerate(found)})
    given = args[0]
    if method == "from":
        evaluator.thrown = evaluator.join(evaluator.thrown, Val(labels=evaluator.state.lasting(given.labels)))
    known = frozenset(evaluator.known_texts(given))
    if known and known == given.texts:
        found = [one for one in found if not known.isdisjoint(one.texts)] or found
    sites = frozenset[int]().union(*(one.sites for one in found))
    return given.replaced(types=frozenset([cls]), sites=sites)


def _cases(evaluator: Evaluator, cls: str) -> Iterator[Val]:
    names = [name for unit in evaluator.state.program.classes.get(cls, ()) for name in unit.fact.cases]
    for name in dict.fromkeys(names):
        yield join_all(evaluator.constants_of_class(cls, name), evaluator.state.overflow)
