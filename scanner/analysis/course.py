"""Where in a function's statements the evaluation stands: what is around it, and what leaves that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.analysis.values import Val
from scanner.model.facts import Statement


class Leaving(NamedTuple):
    """A loop is being left, or a round of it."""

    loops: int
    """Of how many loops, from inside; 0 when it is not known whether it is left at all."""
    continues: bool = False
    """The last of them goes on with its next round."""


LOST = Leaving(0)


class Course:
    """Mutable; one for each function that is evaluated."""

    __slots__ = ("branches", "exact_loops", "leaving", "passing", "untested")

    def __init__(self) -> None:
        self.branches = 0
        """Branches around the statement of which is not known whether they run."""
        self.exact_loops = 0
        """Loops around the statement that are followed round by round, up to the first that is not."""
        self.leaving: Leaving | None = None
        self.untested: tuple[Statement | None, Mapping[str, Val]] = (None, {})
        """The loop in front of which a test has just run, and the variables before that."""
        self.passing = ""
        """A variable whose value of this statement the next one replaces before anybody else can see it."""


class Aliases:
    """Groups of variables that are names of one value: `$a = &$b;`. Mutable; one for each function."""

    __slots__ = ("_groups", "_loose")

    def __init__(self) -> None:
        self._groups: dict[str, frozenset[str]] = {}
        self._loose: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._groups

    def of(self, name: str) -> frozenset[str]:
        """Names of the value that a variable holds, its own among them."""
        return self._groups.get(name, frozenset([name]))

    def is_loose(self, name: str) -> bool:
        """Whether a variable perhaps is none of its group: what is assigned to another name is in it, perhaps."""
        return name in self._loose

    def bind(self, target: str, source: str, *, loosely: bool) -> None:
        """Make a variable one more name of what another one holds, for sure or perhaps."""
        group = self.of(source) | {target}
        for name in group:
            self._groups[name] = group
        if loosely:
            self._loose |= group

    def leave(self, name: str, *, loosely: bool) -> None:
        """Make a variable a name of its own, for sure or perhaps."""
        group = self._groups.get(name)
        if group is None:
            return
        if loosely:
            self._loose |= group
            return
        del self._groups[name]
        self._loose.discard(name)
        for other in group - {name}:
            self._groups[other] = group - {name}
