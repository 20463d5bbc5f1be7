"""What callers pass and functions far below them keep: followed along the calls that pass it on.

For a few levels of callers a summary tells what a function writes to a global, a static property or the like: classes
and elements included. Carried further, every summary of a large application would tell what all others write. Beyond
these levels only is known that what is passed as a parameter goes to such a place, by itself or through a parameter of
the next function below; secrets, and texts that can name a host, take all these ways at once, whichever call passes
them. Nothing is evaluated for them again but who reads the place.

Of every call is kept what it passes of that kind. It is asked when a parameter of what it calls turns out to lead
somewhere, which may be long after the caller was evaluated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from scanner.analysis.faces import names_host
from scanner.analysis.kinds import Kinds
from scanner.analysis.summary import HASHED, PARAM, PROJECTED, certain, digest, opened, parameter_label, picked
from scanner.analysis.templates import (
    FIRST_PARAMETER,
    FIRST_PRIVATE,
    MAX_OPEN_LENGTH,
    OF_MEMBERS_ALL,
    HoleTable,
    parameters,
)
from scanner.analysis.values import MAX_TEXTS, NOTHING, Val, all_labels, join, merge_labels, parts, same_texts, stepped

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
    """What a call passes that can flow, while the function that calls is evaluated."""

    step: Step
    given: Mapping[int, Val]
    """By index of the parameter, `RECEIVER` for the object."""
    changed: Callable[[str], bool]
    """Whether the argument for a parameter's template is no expression that gives a name as it is."""


class Passing(NamedTuple):
    """What one call passes, by parameter, as far as it flows (see `flowing`)."""

    caller: int
    step: Step
    given: Mapping[int, Val]
    told: Mapping[str, Val] = {}
    """By label: what is in objects that it passes, which it alone can tell, of what is known to lead somewhere."""


class Way(NamedTuple):
    """How what is passed gets to the next place."""

    step: Step | None
    forms: frozenset[str]
    """Templates of what becomes of a text on the way, with `FORM` in its place; none where nobody knows."""
    nested: bool = False
    """Whether it gets into an element of what the place holds."""
    whole: bool = False
    """Whether it is any part of what is passed."""

    def taken(self, passed: Val) -> Val:
        """What arrives of what sets out: objects and callables only where it stays what it is."""
        labels = passed.labels
        if self.step is not None:
            labels = {label: stepped(trace, *self.step) for label, trace in labels.items()}
        inner = _NO_TEXTS if passed.rest is None else passed.rest.texts
        options = passed.texts | inner if self.whole else passed.texts
        made = (form.replace(FORM, text) for form in self.forms for text in options)
        texts = frozenset(text for text in made if len(text) <= MAX_OPEN_LENGTH)
        if self.nested:
            element = passed.replaced(texts=texts, labels={}, rest=None)
            # or into a list in it: `$kept[$name][] = $x`
            return Val(labels=labels, rest=element.replaced(rest=element))
        if FORM not in self.forms:
            return Val(texts, labels)
        return passed.replaced(texts=texts, labels=labels)

    def widened(self, other: Way | None) -> Way:
        """A way that takes what either takes."""
        return self if other is None else self._replace(forms=self.forms | other.forms, whole=self.whole or other.whole)


FORM = "\0"
_NO_TEXTS = frozenset[str]()
_NO_SITES = frozenset[int]()
_MAX_OBJECTS = 8
"""Objects, and callables, that are followed through one parameter: one through which hundreds go says little."""
_MAX_PARTS = 32
"""Parts of one argument that are told apart on their ways; of more than that, all of it takes the ways of each."""
Goal = Parameter | Store
Thing = TypeVar("Thing")
Key = TypeVar("Key")


class Flows:
    """Ways of parameters to stores, what calls pass, and what has taken these ways: secrets, and texts with hosts."""

    def __init__(
        self,
        holes: HoleTable,
        overflow: str,
        kinds: Kinds,
        write: Callable[[Store, Val], None],
        ask: Callable[[int, bool], None],
    ) -> None:
        """`write`: puts something into a store. `ask`: has a function evaluated again that passes an object on.

        It says also whether the object holds a secret.
        """
        self._holes = holes
        self._overflow = overflow
        self._kinds = kinds
        self._write = write
        self._ask = ask
        self._ways: dict[Parameter, dict[Goal, Way]] = {}
        self._same: dict[Way, Way] = {}
        """There are a million ways in a large program, and most are like others."""
        self._passed: dict[Parameter, Val] = {}
        self._calls: dict[int, dict[tuple[int, int], Passing]] = defaultdict(dict)
        self._leading: dict[int, dict[str, None]] = defaultdict(dict)
        self._parts: dict[tuple[int, int], int] = defaultdict(int)
        """By function and parameter: how many parts of it lead somewhere."""
        self._of_objects: dict[int, dict[int, list[str]]] = defaultdict(dict)
        self._waiting: list[tuple[Parameter, Goal, Way] | tuple[Goal, Val]] = []

    def flowing(self, value: Val) -> Val:
        """What of a value can flow: secrets with a name, texts that name a host, callables, what callers decide."""
        if value.flowing is None:
            value.flowing = self._flowing(value)
        return value.flowing

    def _flowing(self, value: Val) -> Val:
        texts = _flowing_texts(value.texts)
        specific = self._kinds.is_specific
        labels = {k: trace for k, trace in value.labels.items() if k.startswith(PARAM) or specific(k)}
        items = {key: part for key, item in (value.items or {}).items() if (part := self.flowing(item)) is not NOTHING}
        rest = self.flowing(value.rest) if value.rest is not None else NOTHING
        if not (texts or labels or items or value.refs or value.sites or rest is not NOTHING):
            return NOTHING
        inner = None if rest is NOTHING else rest
        same = value.labels if len(labels) == len(value.labels) else labels
        return Val(texts, same, refs=value.refs, sites=value.sites, items=items or None, rest=inner)

    def of_objects(self, function: int) -> Mapping[int, Sequence[str]]:
        """Labels of what is in objects that a function gets and that leads somewhere, by parameter."""
        return self._of_objects.get(function, {})

    def lead(self, parameter: Parameter, ways: Mapping[Goal, Way]) -> None:
        """What is passed as a parameter goes to some goals: what has been passed before, too."""
        self._waiting += [(parameter, goal, way) for goal, way in ways.items()]
        self._work()

    def call(self, function: int, start: int, passing: Passing) -> None:
        """A call passes something. Of one that was evaluated several times, all count."""
        key = passing.caller, start
        known = self._calls[function].get(key)
        if known is not None:
            given, told = self._joined(known.given, passing.given), self._joined(known.told, passing.told)
            if given == known.given and told == known.told:
                return
            passing = passing._replace(given=given, told=told)
        self._calls[function][key] = passing
        for label in self._leading.get(function, ()):
            self._connect(passing, Parameter(function, label))
        self._work()

    def _joined(self, one: Mapping[Key, Val], two: Mapping[Key, Val]) -> Mapping[Key, Val]:
        both = dict(one)
        for key, value in two.items():
            both[key] = join(both[key], value, self._overflow) if key in both else value
        return both

    def _work(self) -> None:
        while self._waiting:
            task = self._waiting.pop()
            if len(task) == 2:  # noqa: PLR2004  a pair: something gets somewhere
                self._go(*task)
            else:
                self._lead(*task)

    def _go(self, goal: Goal, passed: Val) -> None:
        if not isinstance(goal, Parameter):
            self._write(goal, passed)
            return
        fresh = self._new(goal, passed)
        if fresh is not None:
            self._waiting += [(further, way.taken(fresh)) for further, way in self._ways.get(goal, {}).items()]

    def _lead(self, parameter: Parameter, goal: Goal, way: Way) -> None:
        if parameter not in self._ways:
            parameter, way = self._told_apart(parameter, way)
        known = self._ways.setdefault(parameter, {})
        is_first, before = not known, known.get(goal)
        if before is None or not way.forms <= before.forms or way.whole > before.whole:
            way = way.widened(before)
            known[goal] = self._same.setdefault(way, way)
            if parameter in self._passed:
                self._waiting.append((goal, way.taken(self._passed[parameter])))
        if is_first:
            self._begin(parameter)

    def _begin(self, parameter: Parameter) -> None:
        """A parameter leads somewhere from now on: what calls have passed goes there."""
        function, label = parameter
        root = self._root(label)
        self._parts[function, root] += 1
        self._leading[function][label] = None
        if self._is_projected(label):
            self._of_objects[function].setdefault(root, []).append(_plain(label))
        for passing in self._calls.get(function, {}).values():
            self._connect(passing, parameter)

    def _root(self, label: str) -> int:
        """Number of the parameter that a label stands for, or for a part of."""
        name = _plain(label)[len(PARAM) :]
        return self._holes.parameter_of(name) if name >= FIRST_PRIVATE else int(name)

    def _told_apart(self, parameter: Parameter, way: Way) -> tuple[Parameter, Way]:
        """A part of an argument, and its way; where many parts of it have ways, all of it: all that an object holds."""
        function, label = parameter
        root = self._root(label)
        whole = f"{PARAM}{root}"
        if self._parts[function, root] < _MAX_PARTS or _plain(label) == whole:
            return parameter, way
        if self._is_projected(label):
            members = self._holes.element(chr(FIRST_PARAMETER + 1 + root), OF_MEMBERS_ALL)
            whole = label if members is None else parameter_label(members)
        return Parameter(function, whole if _plain(label) == label else digest(whole)), way._replace(whole=True)

    def _connect(self, passing: Passing, parameter: Parameter) -> None:
        """What a call passes as a parameter that leads somewhere goes there."""
        passed = self._read(passing, parameter.label)
        if passed is NOTHING:
            return
        specific, step = self._kinds.is_specific, passing.step
        secrets = {label: stepped(trace, *step) for label, trace in passed.labels.items() if specific(label)}
        hosts = frozenset(text for text in passed.texts if names_host(text))
        inner = frozenset(text for text in passed.rest.texts if names_host(text)) if passed.rest else _NO_TEXTS
        held = passed.sites if passed.types else _NO_SITES
        captured = certain(Val(items=passed.items)).items if passed.items else None
        if secrets or hosts or inner or passed.types or passed.refs or captured:
            rest = Val(inner) if inner else None
            self._waiting.append((parameter, Val(hosts, secrets, passed.types, passed.refs, held, captured, rest)))
        made = forms(passed.texts)
        for label in passed.labels:
            if label.startswith(PARAM):
                way = Way(step, frozenset(made.get(label, ())))
                self._waiting.append((Parameter(passing.caller, label), parameter, way))

    def _read(self, passing: Passing, label: str) -> Val:
        """What a call passes in the place of a label of the callee: its texts and all labels, the rest as one."""
        if _plain(label) != label:
            return Val(labels=self._kinds.digests(self._read(passing, _plain(label)).labels))
        name = label[len(PARAM) :]
        if label in passing.told:
            value = passing.told[label]
        else:
            value = self._element(passing, name) if name >= FIRST_PRIVATE else passing.given.get(int(name), NOTHING)
        if value is NOTHING:
            return NOTHING
        inner = texts_in(value)
        rest = Val(inner) if inner else None
        items = value.items if has_objects(value) else None
        return Val(value.texts, all_labels(value), value.types, value.refs, value.sites, items, rest)

    def _element(self, passing: Passing, template: str) -> Val:
        """What a call passes in the place of a parameter's template, or of one of an element of a parameter."""
        origin = self._holes.origin(template)
        if origin is None:
            return passing.given.get(ord(template) - FIRST_PARAMETER - 1, NOTHING)
        base = self._element(passing, origin[0])
        if base is NOTHING:
            return NOTHING
        if not origin[1].startswith(PROJECTED):
            return picked(base, origin[1], self._holes, self._overflow)
        if any(site >= 0 for site in base.sites):
            self._ask(passing.caller, bool(base.types))
        return opened(base, origin[1], self._holes)

    def _is_projected(self, label: str) -> bool:
        """Whether a label stands for a part of an object, or for something that is asked of an argument."""
        name = _plain(label)[len(PARAM) :]
        origin = self._holes.origin(name) if name >= FIRST_PRIVATE else None
        while origin is not None:
            if origin[1].startswith(PROJECTED):
                return True
            origin = self._holes.origin(origin[0])
        return False

    def _new(self, parameter: Parameter, passed: Val) -> Val | None:
        """What has not been passed as this parameter before, as far as there is room for it.

        What there is no room for is not new: it would go around for ever where ways lead in a circle.
        """
        known = self._passed.get(parameter, NOTHING)
        kept = merge_labels(known.labels, passed.labels)
        labels = {label: trace for label, trace in passed.labels.items() if label in kept and label not in known.labels}
        texts = _fresh(passed.texts, known.texts, MAX_TEXTS)
        before = known.rest.texts if known.rest else _NO_TEXTS
        inner = _fresh(passed.rest.texts, before, MAX_TEXTS) if passed.rest else _NO_TEXTS
        refs = _fresh(passed.refs, known.refs, _MAX_OBJECTS)
        sites = _fresh(passed.sites, known.sites, _MAX_OBJECTS)
        is_held = bool(passed.items) and _is_new(Val(items=passed.items), Val(items=known.items))
        if not (labels or texts or inner or refs or sites or is_held):
            return None
        rest, items = Val(inner) if inner else None, passed.items if refs or is_held else None
        fresh = Val(texts, labels, passed.types if sites else _NO_TEXTS, refs, sites, items, rest)
        self._passed[parameter] = join(known, fresh, self._overflow)
        return fresh


@lru_cache(maxsize=1 << 13)
def _flowing_texts(texts: frozenset[str]) -> frozenset[str]:
    """Texts that callers decide, or that name a host; the same sets for the same, as calls pass on what they get."""
    flowing = frozenset(text for text in texts if parameters(text) or names_host(text))
    return texts if len(flowing) == len(texts) else same_texts(flowing)


def _is_new(items: Val, known: Val) -> bool:
    """Whether objects or callables in a list are new, and there is room for them."""
    before, now = (_objects_in(value) for value in (known, items))
    return not now <= before and len(before) < _MAX_OBJECTS


def _objects_in(value: Val) -> frozenset[object]:
    """Objects and callables in the elements of a value."""
    found = frozenset[object]()
    for item in parts(value):
        found = found.union(item.sites if item.types else (), item.refs, _objects_in(item) if item.height else ())
    return found


def _fresh(things: frozenset[Thing], known: frozenset[Thing], most: int) -> frozenset[Thing]:
    """Those of some things that are new, as many as there is room for."""
    new = things - known
    return new if len(new) + len(known) <= most else frozenset(sorted(new)[: max(0, most - len(known))])  # type: ignore[type-var]  # texts, numbers, named tuples


def _plain(label: str) -> str:
    """Label of a parameter, where this one is of what a one-way function makes of it."""
    return PARAM + label[len(PARAM) :].removeprefix(HASHED)


def has_objects(value: Val) -> bool:
    """Whether a callable, or an object whose class is known, is in a value."""
    if value.types or value.refs:
        return True
    return any(map(has_objects, parts(value)))


def texts_in(value: Val) -> frozenset[str]:
    """Texts of the elements of a value."""
    found = _NO_TEXTS
    for item in parts(value):
        found |= item.texts | texts_in(item) if item.height else item.texts
    return found


def forms(texts: Iterable[str]) -> dict[str, list[str]]:
    """What is made of what a caller passes, by its label: texts with a mark in its place."""
    found: dict[str, list[str]] = {}
    for text in texts:
        passed = parameters(text)
        if len(passed) == 1 and FORM not in text:
            found.setdefault(parameter_label(passed[0]), []).append(text.replace(passed[0], FORM))
    return found
