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
from scanner.analysis.values import MAX_TEXTS, Trace, stepped

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


class Passed(NamedTuple):
    """Secrets, and known texts that can name a host."""

    labels: Mapping[str, Trace]
    texts: frozenset[str]


class Way(NamedTuple):
    """How what is passed gets to the next place."""

    step: Step | None
    forms: frozenset[str]
    """Templates of what becomes of a text on the way, with `FORM` in its place; none where nobody knows."""
    nested: bool = False
    """Whether it gets into an element of what the place holds."""

    def taken(self, passed: Passed) -> Passed:
        """What arrives of what sets out."""
        labels = passed.labels
        if self.step is not None:
            labels = {label: stepped(trace, *self.step) for label, trace in labels.items()}
        texts = frozenset(
            made
            for form in self.forms
            for text in passed.texts
            if len(made := form.replace(FORM, text)) <= MAX_OPEN_LENGTH
        )
        return Passed(labels, texts)


FORM = "\0"
Goal = Parameter | Store


class Flows:
    """Ways of parameters to stores, and what has been passed so far."""

    def __init__(self, write: Callable[[Store, Passed, bool], None]) -> None:
        """`write`: puts what was passed into a store, or into an element of what it holds."""
        self._write = write
        self._ways: dict[Parameter, dict[Goal, Way]] = defaultdict(dict)
        self._labels: dict[Parameter, dict[str, Trace]] = defaultdict(dict)
        self._texts: dict[Parameter, set[str]] = defaultdict(set)

    def lead(self, parameter: Parameter, goals: Mapping[Goal, Way]) -> None:
        """What is passed as a parameter goes to some goals: what has been passed before, too."""
        ways = self._ways[parameter]
        for goal, way in goals.items():
            known = ways.get(goal)
            if known is None or not way.forms <= known.forms:
                ways[goal] = way if known is None else known._replace(forms=known.forms | way.forms)
                passed = Passed(self._labels[parameter], frozenset(self._texts[parameter]))
                if passed.labels or passed.texts:
                    self._go([(goal, way.taken(passed), way.nested)])

    def arrive(self, parameter: Parameter, passed: Passed) -> None:
        """A call passes something."""
        self._go([(parameter, passed, False)])

    def _go(self, waiting: list[tuple[Goal, Passed, bool]]) -> None:
        while waiting:
            goal, passed, nested = waiting.pop()
            if not isinstance(goal, Parameter):
                self._write(goal, passed, nested)
                continue
            fresh = self._new(goal, passed)
            if fresh.labels or fresh.texts:
                for further, way in self._ways[goal].items():
                    waiting.append((further, way.taken(fresh), way.nested))

    def _new(self, parameter: Parameter, passed: Passed) -> Passed:
        """What has not been passed as this parameter before."""
        labels, texts = self._labels[parameter], self._texts[parameter]
        fresh = {label: trace for label, trace in passed.labels.items() if label not in labels}
        told = sorted(passed.texts - texts)[: max(0, MAX_TEXTS - len(texts))]
        labels.update(fresh)
        texts.update(told)
        return Passed(fresh, frozenset(told))
