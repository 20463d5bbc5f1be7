"""Properties to which methods add, as far as one analysis has seen them (see `growing`)."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.templates import HoleTable, parameters
from scanner.model.facts import FunctionFact

_SHORT_ADDER = 80
"""Size of a method that adds to a property and does little else."""


class Growth:
    """Which properties of an own object grow, and the methods that were seen too early."""

    def __init__(self, holes: HoleTable) -> None:
        self._holes = holes
        self.templates = holes.growing
        self.names: set[str] = set()
        """Their roles among what is known of an object."""
        self.early: set[int] = set()
        """Short methods that have read a property and then written what a caller passes to it."""

    def saw(self, number: int, fact: FunctionFact) -> None:
        """A function has written what a caller passes to a property that it has read before."""
        if number >= 0 and fact.size <= _SHORT_ADDER:
            self.early.add(number)

    def in_texts(self, texts: Iterable[str]) -> bool:
        """Whether a piece of some texts is such a property, or is made of one."""
        return bool(self.templates) and any(self._holes.is_growing(hole) for text in texts for hole in parameters(text))
