"""What callers pass and functions far below them keep: followed along the calls that pass it on.

For a few levels of callers a summary tells what a function writes to a global, a static property or the like: classes
and elements included. Carried further, every summary of a large application would tell what all others write. Beyond
these levels only is known that what is passed as a parameter goes to such a place, by itself or through a parameter of
the next function below; secrets, and texts that can name a host, take all these ways at once, whichever call passes
them. Nothing is evaluated for them again but who reads the place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from scanner.analysis.templates import MAX_OPEN_LENGTH
from scanner.analysis.values import MAX_TEXTS, NOTHING, Val, stepped

Store = tuple[str, str]
"""A store: class, global or space, and the name in it."""


class Parameter(NamedTuple):
    """What a caller passes to a function, as the label that stands for it there."""

    function: int
    label: str


class Step(NamedTuple):
    """The call that passes one on."""

    path: str
    line: int
    text: str


class Way(NamedTuple):
    """How what is passed gets to the next place."""

    step: Step | None
    forms: frozenset[str]
    """Templates of what becomes of a text on the way, with `FORM` in its place; none where nobody knows."""
    nested: bool = False
    """Whether it gets into an element of what the place holds."""

    def taken(self, passed: Val) -> Val:
        """What arrives of the labels and texts that set out."""
        labels = passed.labels
        if self.step is not None:
            labels = {label: stepped(trace, *self.step) for label, trace in labels.items()}
        made = (form.replace(FORM, text) for form in self.forms for text in passed.texts)
        texts = frozenset(text for text in made if len(text) <= MAX_OPEN_LENGTH)
        return Val(labels=labels, rest=Val(texts)) if self.nested else Val(texts, labels)

    def widened(self, other: Way | None) -> Way:
        """A way that takes what either takes."""
        return self if other is None else self._replace(forms=self.forms | other.forms)


FORM = "\0"
Goal = Parameter | Store


class Flows:
    """Ways of parameters to stores, and what has been passed so far: secrets, and known texts that name a host."""

    def __init__(self, write: Callable[[Store, Val], None]) -> None:
        """`write`: puts something into a store."""
        self._write = write
        self._ways: dict[Parameter, dict[Goal, Way]] = defaultdict(dict)
        self._passed: dict[Parameter, Val] = {}

    def lead(self, parameter: Parameter, ways: Mapping[Goal, Way]) -> None:
        """What is passed as a parameter goes to some goals: what has been passed before, too."""
        known = self._ways[parameter]
        for goal, way in ways.items():
            before = known.get(goal)
            if before is None or not way.forms <= before.forms:
                known[goal] = way.widened(before)
                if parameter in self._passed:
                    self._go([(goal, way.taken(self._passed[parameter]))])

    def arrive(self, parameter: Parameter, passed: Val) -> None:
        """A call passes something."""
        self._go([(parameter, passed)])

    def _go(self, waiting: list[tuple[Goal, Val]]) -> None:
        while waiting:
            goal, passed = waiting.pop()
            if isinstance(goal, Parameter):
                fresh = self._new(goal, passed)
                if fresh is not None:
                    waiting += [(further, way.taken(fresh)) for further, way in self._ways[goal].items()]
            else:
                self._write(goal, passed)

    def _new(self, parameter: Parameter, passed: Val) -> Val | None:
        """What has not been passed as this parameter before."""
        known = self._passed.get(parameter, NOTHING)
        labels = {label: trace for label, trace in passed.labels.items() if label not in known.labels}
        texts = sorted(passed.texts - known.texts)[: max(0, MAX_TEXTS - len(known.texts))]
        if not labels and not texts:
            return None
        self._passed[parameter] = Val(known.texts.union(texts), {**known.labels, **labels})
        return Val(frozenset(texts), labels)
