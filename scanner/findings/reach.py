"""Which functions a page can reach.

Reached is what the program phase saw being called or included, and, from functions that it did not evaluate, every
function that a called name can mean when few share that name. Where only the class of a callee is known (cron jobs that
a table names), every method of the class is. So this is some way through the code, not every way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scanner.analysis.endpoints import Endpoint, Pages
from scanner.analysis.pages.jobs import called_by_data
from scanner.analysis.pages.tables import DISPATCHING
from scanner.analysis.program import Program
from scanner.analysis.solver import Result

_SHARED_NAME = 2
"""Functions of one name beyond which a call by that name reaches none of them."""
_MAX_REACHED = 20_000


class Reach:
    """Who calls whom."""

    def __init__(self, result: Result, program: Program, pages: Pages) -> None:
        self._program = program
        self._first = {unit.path: unit.first for unit in reversed(program.files)}
        self.shared = frozenset(self._first[path] for path in pages.bootstrap if path in self._first)
        """File scopes on the way to the login: what they do, every page does."""
        self._evaluated = {self._outline(number) for number in result.state.summaries}
        self._callees: dict[int, set[int]] = defaultdict(set)
        for callee, callers in result.state.users.items():
            for caller in callers:
                self._callees[self._outline(caller)].add(self._outline(callee))
        self._known: dict[int, frozenset[int]] = {}

    def of_page(self, page: Endpoint) -> set[int]:
        """Functions, by number, that a call of the page can run; the page's own code is one of them."""
        return self.of(self.starts(page), self.shared)

    def starts(self, page: Endpoint) -> tuple[int, ...]:
        """What runs first."""
        return page.functions or (self._first[page.path],)

    def of(self, starts: Iterable[int], without: frozenset[int] = frozenset()) -> set[int]:
        """Functions that some functions reach, and these; the ways through `without` are not taken."""
        found = set(starts)
        waiting = sorted(found)
        while waiting and len(found) + len(without) <= _MAX_REACHED:
            for callee in sorted(self._next(waiting.pop()) - found - without):
                found.add(callee)
                waiting.append(callee)
        return found

    def _outline(self, number: int) -> int:
        return self._program.outline_of.get(number, number)

    def _next(self, number: int) -> frozenset[int]:
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = frozenset(self._called(number))
        return known

    def _called(self, number: int) -> set[int]:
        found = set(self._callees.get(number, ()))
        if number < 0:
            return found
        found |= self._named_by_data(number)
        if number in self._evaluated:
            return found
        for name in self._program.functions[number].called:
            for known in (self._program.by_name.get(name, ()), self._program.by_method.get(name, ())):
                if 0 < len(known) <= _SHARED_NAME:
                    found.update(known)
        return found

    def _named_by_data(self, number: int) -> frozenset[int]:
        """Methods of known classes that the function calls by names from elsewhere."""
        if DISPATCHING.isdisjoint(self._program.functions[number].called):
            return frozenset()
        return frozenset(map(self._outline, called_by_data(self._program, number)))
