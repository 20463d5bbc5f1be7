"""Which functions wait to be evaluated again, for what has come since, and which of them are.

What an evaluation adds differs by what came. A secret of the site is what all this is for. A function that turns out
to send what its callers give it, or a host, decides what is reported where. A class, a callable or a parameter that
passes through may tell of calls that were not seen, and mostly tells of none. What stands for many values, and answers
of other machines, are in nearly all of a large program sooner or later: what they add so late is mostly noise. Each has
its own share of work, by size of functions, so that what a large program costs beyond a first look is bounded. Small
functions come first: what is passed on is mostly passed on by few lines, at little cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from scanner.analysis.bounds import Limits

_SMALLEST = 30
"""The first bound of sizes that is tried (see `_smallest`)."""


class Waiting:
    """Functions whose summary was made before something that it depends on was known, by what that is."""

    def __init__(self) -> None:
        self.secrets: set[int] = set()
        """A secret of the site with a name of its own."""
        self.sinks: set[int] = set()
        """What is called sends what its callers give it, or a host is named."""
        self.code: set[int] = set()
        """A class, a callable, what a caller decides: what is called."""
        self.broad: set[int] = set()
        """Only what stands for many values, or the answer of another machine."""
        self.texts: set[int] = set()
        """Only text that can be part of an address, objects or handles."""
        self.words: set[int] = set()
        """Only other text."""

    def clear(self) -> None:
        """None waits any more."""
        for functions in (self.secrets, self.sinks, self.code, self.broad, self.texts, self.words):
            functions.clear()

    def forget(self, function: int) -> None:
        """A function has just been evaluated again."""
        self.sinks.discard(function)
        self.code.discard(function)
        self.broad.discard(function)


class Shares:
    """What is left of each share of work; in rounds, each of which evaluates what waited at its beginning."""

    def __init__(self, limits: Limits, size: Callable[[int], int]) -> None:
        """`size`: of a function (`FunctionFact.size`)."""
        self._limits = limits
        self._size = size
        self._times: dict[int, int] = defaultdict(int)
        self._left = {"secrets": limits.secret_size, "chains": limits.chain_size, "sinks": limits.sink_size,
                      "code": limits.code_size, "broad": limits.broad_size}  # fmt: skip
        self.left_out: set[int] = set()
        """Functions for which there was no room, or for whom a secret came more often than they are evaluated."""

    def of(self, waiting: Waiting, known: AbstractSet[int] | Mapping[int, object]) -> list[int]:
        """Functions that are evaluated in this round, by number. `known`: those that have a summary."""
        limits, times = self._limits, self._times
        pressed = [number for number in waiting.secrets if number in known]
        chosen = self._smallest_first("secrets", (n for n in pressed if times[n] < limits.secret_rounds))
        chosen |= self._smallest_first(
            "chains", (n for n in pressed if limits.secret_rounds <= times[n] < limits.chain_rounds)
        )
        others = (
            ("sinks", waiting.sinks),
            ("code", waiting.code | waiting.texts | waiting.words),
            ("broad", waiting.broad),
        )
        for share, functions in others:
            ready = [n for n in functions if n in known and n not in chosen and times[n] < limits.rounds]
            chosen |= self._smallest(share, ready)
            self.left_out.update(ready)
        self.left_out.update(pressed)
        self.left_out -= chosen
        for number in chosen:
            times[number] += 1
        return sorted(chosen)

    def _smallest_first(self, share: str, functions: Iterable[int]) -> set[int]:
        """As many as there is room for."""
        chosen = set[int]()
        for number in sorted(functions, key=lambda one: (self._size(one), one)):
            size = self._size(number)
            if size <= self._left[share]:
                self._left[share] -= size
                chosen.add(number)
        return chosen

    def _smallest(self, share: str, functions: Iterable[int]) -> set[int]:
        """All up to a size for which there is room.

        The bounds that are tried are few: in two releases of one program it is the same, and what was evaluated again
        in the one is in the other.
        """
        sizes = {number: self._size(number) for number in functions}
        chosen, bound = set[int](), _SMALLEST
        while len(chosen) < len(sizes):
            fitting = {number for number, size in sizes.items() if size <= bound}
            if sum(sizes[number] for number in fitting) > self._left[share]:
                break
            chosen, bound = fitting, bound + bound // 2
        self._left[share] -= sum(sizes[number] for number in chosen)
        return chosen
