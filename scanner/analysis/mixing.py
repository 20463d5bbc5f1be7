"""Where data of many origins comes together, and what keeps the objects apart that come together there."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.program import Program
from scanner.analysis.values import Val
from scanner.model.facts import Call, Param, Prop, StaticProp, Value, Var

CLOSURE = "{closure}"
"""Name of a closure, which runs on whatever object it was bound to."""


class Mixing:
    """Where data of many origins comes together, so that what comes out is a guess."""

    def __init__(self) -> None:
        self.crossroads: set[tuple[str, int]] = set()
        """Places (path, line) that call one of many functions, as the handlers of a hook are called."""
        self.pools: set[int] = set()
        """Functions that read or write a property's element under a computed key: one of all its values."""
        self.pickers: set[int] = set()
        """Functions that read an element of an array that they are given, likewise."""

    def looked_up(self, number: int, base: Value, params: Iterable[Param]) -> None:
        """Note that a function reads an element under a computed key."""
        if isinstance(base, Prop | StaticProp):
            self.pools.add(number)
        elif isinstance(base, Var) and any(param.name == base.name for param in params):
            self.pickers.add(number)

    def passed(self, number: int, callee: int, call: Call) -> None:
        """Note that a function calls another one: who has an element of a property picked, picks it itself."""
        if callee in self.pickers and any(isinstance(arg.value, Prop | StaticProp) for arg in call.args):
            self.pools.add(number)


class Made:
    """Classes of the objects that `new` makes, by the number of its place.

    A value that comes from many places may be any of their objects, but a method of a class runs on objects of that
    class alone: what it does to its object is not done to the others.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._classes: dict[int, set[str]] = {}
        self._fits: dict[tuple[int, str], bool] = {}

    def note(self, site: int, cls: str) -> None:
        """An object of a class is made here."""
        known = self._classes.setdefault(site, set())
        if cls not in known:
            known.add(cls)
            self._fits.clear()

    def classes(self, sites: Iterable[int]) -> frozenset[str]:
        """Classes of the objects that are made at some places."""
        return frozenset().union(*(self._classes.get(site, ()) for site in sites))

    def receiver(self, value: Val, number: int) -> Val:
        """A receiver without the objects that have no such method."""
        if len(value.sites) < 2 or self._program.functions[number].name == CLOSURE:  # noqa: PLR2004  nothing to choose
            return value
        cls = self._program.class_key(number)
        if not cls:
            return value
        fitting = frozenset(site for site in value.sites if site < 0 or self._fit(site, cls))
        return value if not fitting or len(fitting) == len(value.sites) else value.replaced(sites=fitting)

    def _fit(self, site: int, cls: str) -> bool:
        known = self._fits.get((site, cls))
        if known is None:
            made = self._classes.get(site, ())
            known = not made or any(self._is_one(one, cls) for one in made)
            self._fits[site, cls] = known
        return known

    def _is_one(self, made: str, cls: str) -> bool:
        """Whether a class is another one, extends it or uses it, under whatever name it is known."""
        names = self._program.ancestors(made)
        units = (unit for name in names for unit in self._program.classes.get(self._program.find_class(name), ()))
        return cls in names or any(unit.fact.name.lower() == cls for unit in units)
