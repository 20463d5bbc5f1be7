"""What the analysis of one function yields: its summary, and what happens at its network calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from scanner.analysis import remote
from scanner.analysis.origins import DIGEST, ELEMENTWISE
from scanner.analysis.templates import (
    FIRST_ELEMENT,
    FIRST_PARAMETER,
    MAX_OPEN_LENGTH,
    OF_GLOBALS,
    OF_JOINED,
    OF_KEYS,
    OF_MEMBERS,
    OF_MEMBERS_ALL,
    OF_METHOD,
    OF_NAMED,
    OF_OBJECT,
    OF_QUERY,
    OF_RESULT,
    OF_WHOLE,
    HoleTable,
    between_parameters,
    is_known,
    parameters,
)
from scanner.analysis.values import (
    MAX_TEXTS,
    NOTHING,
    Trace,
    Val,
    all_labels,
    bounded_texts,
    join,
    join_all,
    merge_labels,
)
from scanner.model.signature import Signature

PARAM = "param:"
"""Prefix of the label that stands for whatever a caller passes."""
_PASSED = "argument"
"""Text of the hole for what a caller passes that is no text: an array, an object."""
_HASHED = "#"
"""Follows `PARAM` in the label of what a one-way function makes of what a caller passes."""
ANY = "*"
"""Key of an element of which only is known that it is one."""
_PROJECTED = (
    OF_OBJECT, OF_QUERY, OF_GLOBALS, OF_NAMED, OF_MEMBERS, OF_RESULT, OF_KEYS, OF_MEMBERS_ALL, OF_METHOD, OF_JOINED,
)  # fmt: skip
"""Begin keys of elements that are no elements of an array."""
RECEIVER = -1
_FIRST_ELEMENT = chr(FIRST_ELEMENT)
MAX_LIFTS = 20
"""Levels of wrappers that are followed outwards."""
MAX_NAMED_LIFTS = 60
"""The same for a sink whose host is known: only what it sends is left to callers."""
MAX_URL_LIFTS = 12
"""The same for file functions that only perhaps get a URL."""
MAX_PAYLOAD_LIFTS = 6
"""The same for what is only perhaps sent, to a place that no argument names: messages for a log."""
_NAMES_HOST = re.compile("//[^/\ue000-\U0010ffff]")
"""In a text: an address whose host begins with what is known."""
MAX_EFFECT_LIFTS = 1
"""Levels of callers to which a write of a parameter to a property is carried: all objects of the class share it."""
MAX_KEPT_LIFTS = 5
"""The same for what is kept under a name, in a global or in a static property: there is one of each."""
MAX_VALUE_LIFTS = 2
"""After these levels only the labels of what is kept go on: which secrets it may hold, not its text or callables."""
MAX_EFFECTS = 250
"""Writes kept per summary."""
MAX_HITS = 120
"""Calls of sinks kept per summary, without those of the function's own code and those that tell a host or a secret."""
MAX_TELLING_HITS = 2000
"""Calls of sinks kept per summary in all."""


class Hit(NamedTuple):
    """A call that a signature describes, with what is known of its arguments."""

    function: int
    """Function in which the deciding call stands."""
    line: int
    end_line: int
    start: int
    end: int
    signature: Signature
    api: str
    roles: Mapping[str, Val]
    sites: frozenset[int]
    """Objects or handles whose state takes part (symbolic when negative)."""
    via: tuple[str, ...]
    """Wrappers between the deciding call and the sink, outermost first."""
    inner: tuple[str, int]
    """Path and line of the sink itself."""
    certain: bool
    """Whether the receiver's class is known (functions: always)."""
    computed: bool = False
    """Whether the callee's name was computed: `$f()`, `call_user_func('cu' . 'rl_exec')`."""
    hops: tuple[tuple[str, int, str], ...] = ()
    """Calls between the deciding one and the sink: path, line, text."""
    decided: frozenset[str] = frozenset()
    """Roles that this call decides, by what it passes: what others put on the same object is no part of them."""


class Effect(NamedTuple):
    """A write that a caller's arguments decide: to a handle's state, a property, a global or a by-ref argument."""

    target: str
    """`site`, `store`, `global` or `argument`; `call` of what a parameter holds (see `given`)."""
    key: tuple[int, str]
    """(site or argument number, role or name)."""
    value: Val
    lifts: int = 0
    """How many calls it has been carried through."""


class Reach(NamedTuple):
    """Data that reaches the browser, a log, the disk or code, as far as callers decide what the data is."""

    function: int
    """Function in which the deciding call stands."""
    line: int
    end_line: int
    start: int
    end: int
    effect: str
    api: str
    labels: Mapping[str, Trace]
    place: Val
    """Path of the file, where the effect has one."""
    via: tuple[str, ...]
    """Functions between the deciding call and the effect, outermost first."""
    inner: tuple[str, int]
    """Path and line of the effect itself."""
    hops: tuple[tuple[str, int, str], ...] = ()
    """Calls between the deciding one and the effect: path, line, text."""


class Summary(NamedTuple):
    """Effect of one function whatever its caller passes; parameters are symbolic in every value."""

    returns: Val = NOTHING
    hits: tuple[Hit, ...] = ()
    effects: tuple[Effect, ...] = ()
    exports: Mapping[str, Val] = {}
    """Variables left by a file's own code, for includes."""
    reaches: tuple[Reach, ...] = ()


EMPTY = Summary()


def parameter_label(template: str) -> str:
    """Label that stands for what a caller passes in the place of a parameter's or element's template."""
    return PARAM + (str(ord(template) - FIRST_PARAMETER - 1) if ord(template) < FIRST_ELEMENT else template)


def digest(label: str) -> str:
    """Label of what a one-way function makes of a value with this label."""
    if label.startswith(PARAM):
        return PARAM + _HASHED + label[len(PARAM) :].removeprefix(_HASHED)
    return DIGEST + label.removeprefix(DIGEST)


def opened(value: Val, key: str, holes: HoleTable) -> Val:
    """Element of a value that is, or may be, a parameter itself: known to whoever passes it."""
    found: dict[str, str] = {}
    for text in sorted(value.texts):  # numbers of elements must not depend on the order of a set
        if len(text) == 1 and parameters(text):
            element = holes.element(text, key)
            if element is not None:
                found[text] = element
    if not found:
        return NOTHING
    labels = {parameter_label(text): parameter_label(element) for text, element in found.items()}
    carried = {
        labels.get(label, label): trace
        for label, trace in value.labels.items()
        if key == ANY or label not in ELEMENTWISE
    }
    for label in labels.values():
        carried.setdefault(label, Trace("", 0, "element", None, 0))
    return Val(frozenset(found.values()), carried)


def picked(value: Val, key: str, holes: HoleTable, overflow: str) -> Val:
    """Element of an argument; key `*` for any of them."""
    if key == ANY:
        found = [*(value.items or {}).values(), *([value.rest] if value.rest is not None else [])]
        if not found and value.texts:  # `(array) $to`: one address is a list of one
            found = [Val(value.texts)]
    else:
        item = (value.items or {}).get(key, value.rest)
        found = [] if item is None else [item]
    element = opened(value, key, holes)
    result = join_all([*found, element], overflow)
    if element is not NOTHING or not value.labels:
        return result
    passed = holes.template("unknown", _PASSED)
    one = key != ANY and all(text == passed or is_known(text) for text in value.texts)  # no text was made of all of it
    labels = {label: trace for label, trace in value.labels.items() if not (one and label in ELEMENTWISE)}
    return join(result, Val(labels=labels), overflow)


def symbolic(index: int) -> int:
    """Site number that stands for the object passed as parameter `index`."""
    return -2 - index


def opened_property(site: int, name: str, holes: HoleTable) -> Val:
    """Property of an object that the caller knows; `site` is its symbolic site."""
    element = holes.element(chr(FIRST_PARAMETER - 1 - site), OF_OBJECT + name)
    if element is None:
        return NOTHING
    label = {parameter_label(element): Trace("", 0, f"property {name}", None, 0)}
    return Val(frozenset([element]), label)


def closed(value: Val, holes: HoleTable) -> Val:
    """The value without what only the properties of a caller's object decide: fit for a store that all share."""
    if not _mentions_parameter(value):
        return value
    texts = frozenset(text for text in value.texts if not _has_property(text, holes))
    texts = texts or frozenset(shut for text in value.texts if (shut := _shut(text, holes)))
    labels = {
        shut_label: trace
        for label, trace in value.labels.items()
        if not _is_property_label(label, holes) and (shut_label := remote.shut(label, holes))
    }
    items = {key: closed(item, holes) for key, item in value.items.items()} if value.items else value.items
    rest = closed(value.rest, holes) if value.rest is not None else None
    return value.replaced(texts=texts, labels=labels, items=items, rest=rest)


def _has_property(text: str, holes: HoleTable) -> bool:
    return any(map(holes.is_property, parameters(text)))


def _shut(text: str, holes: HoleTable) -> str:
    """Text with an unknown piece in the place of each property; `` for one that is nothing else."""
    if not _has_property(text, holes):
        return text
    if len(text) == 1:
        return ""
    return "".join(holes.template("unknown", "property") if holes.is_property(part) else part for part in text)


def _is_property_label(label: str, holes: HoleTable) -> bool:
    template = label[len(PARAM) :].removeprefix(_HASHED) if label.startswith(PARAM) else ""
    return template >= _FIRST_ELEMENT and holes.is_property(template)


def parameter_of(site: int) -> int | None:
    """Inverse of `symbolic`; None for a concrete site."""
    return -2 - site if site < 0 else None


class Substitution:
    """Replaces a callee's parameters by a call's arguments."""

    def __init__(
        self,
        arguments: Callable[[int], Val],
        project: Callable[[Val, str], Val],
        holes: HoleTable,
        overflow: str,
        step: Callable[[Trace], Trace],
        returned: Callable[[Trace], Trace],
        followed: Callable[[Mapping[str, Trace]], Mapping[str, Trace]],
        digests: Callable[[Mapping[str, Trace]], Mapping[str, Trace]],
    ) -> None:
        self._arguments = arguments
        self._project = project
        self._holes = holes
        self._overflow = overflow
        self._step = step
        self._returned = returned
        self._followed = followed
        self._digests = digests
        self._labels: dict[str, Mapping[str, Trace]] = {}
        self._elements: dict[str, Val] = {}
        self._told: dict[frozenset[str], frozenset[str]] = {}
        self._done: dict[int, tuple[Val, Val]] = {}
        """By identity: an assignment to a property stands in a summary more than once."""

    def value(self, value: Val) -> Val:
        """The value with arguments in place of parameters."""
        if value is NOTHING or not _mentions_parameter(value):
            return value
        known = self._done.get(id(value))
        if known is None:
            known = self._done[id(value)] = (value, self._value(value, 5))
        return known[1]

    def _value(self, value: Val, depth: int) -> Val:
        if not _mentions_parameter(value):
            return value
        result = Val(
            self._texts(value.texts),
            self._merged_labels(value),
            value.types,
            value.refs,
            self.sites(value.sites),
            {key: self._value(item, depth - 1) for key, item in value.items.items()} if value.items and depth else None,
            self._value(value.rest, depth - 1) if value.rest is not None and depth else None,
        )
        whole = self._whole(value)
        return result if whole is None else join(result, whole, self._overflow)

    def _whole(self, value: Val) -> Val | None:
        """Structure of arguments that pass through unchanged: a template that is nothing but the parameter."""
        found = None
        for text in sorted(text for text in value.texts if len(text) == 1 and parameters(text)):
            argument = self._resolved(text)
            if argument.items or argument.rest is not None or argument.refs or argument.types:
                found = argument if found is None else join(found, argument, self._overflow)
        return found

    def sites(self, sites: frozenset[int]) -> frozenset[int]:
        """Concrete sites for symbolic ones."""
        if not sites or min(sites) >= 0:
            return sites
        found: set[int] = set()
        for site in sites:
            index = parameter_of(site)
            if index is None:
                found.add(site)
            else:
                found |= self._arguments(index).sites
        return frozenset(found)

    def _texts(self, texts: frozenset[str]) -> frozenset[str]:
        known = self._told.get(texts)
        if known is None:
            known = self._told[texts] = self._all_expanded(texts)
        return known

    def _all_expanded(self, texts: frozenset[str]) -> frozenset[str]:
        open_texts = [text for text in texts if parameters(text)]
        if not open_texts:
            return texts
        out: set[str] = set(texts.difference(open_texts))
        vague, grown = set[str](), set[str]()
        for text in sorted(open_texts):
            told = self._can_be_told(text)
            expanded = self._expanded(text)
            (out if told else vague).update(expanded)
            if told and self._holes.growing and any(map(self._holes.is_growing, parameters(text))):
                grown |= expanded
        if grown:  # what all objects of the class hold are pieces of it
            out = {text for text in out if text in grown or _NAMES_HOST.search(text)}
        return bounded_texts(out or vague, self._overflow)

    def _can_be_told(self, text: str) -> bool:
        """False when a property in it is one of which nothing is known here, or an element that a list has not.

        What else the value may be says more.
        """
        return not any(
            self._is_absent(parameter) or (self._holes.is_property(parameter) and not self._resolved(parameter).texts)
            for parameter in parameters(text)
            if parameter >= _FIRST_ELEMENT
        )

    def _is_absent(self, template: str) -> bool:
        """Whether an array is known from its first element to its last, and this one is not among them."""
        origin = self._holes.origin(template)
        if origin is None or origin[1] == ANY or origin[1].startswith(_PROJECTED):
            return False
        array = self._resolved(origin[0])
        return bool(array.items) and array.rest is None and not array.texts and origin[1] not in (array.items or {})

    def _expanded(self, text: str) -> set[str]:
        known, *others = between_parameters(text)
        results = {known}
        for parameter, known in zip(parameters(text), others, strict=True):
            options = bounded_texts(self._resolved(parameter).texts, self._overflow, MAX_TEXTS // len(results))
            if not options:
                options = frozenset([self._holes.template("unknown", _PASSED)])
            results = {result + option + known for result in results for option in options}
        return {result[:MAX_OPEN_LENGTH] for result in results}

    def _resolved(self, template: str) -> Val:
        """What the caller passes in the place of a parameter or of an element of one."""
        known = self._elements.get(template)
        if known is None:
            known = self._elements[template] = self._looked_up(template)
        return known

    def _looked_up(self, template: str) -> Val:
        origin = self._holes.origin(template)
        if origin is None:
            return self._arguments(ord(template) - FIRST_PARAMETER - 1)
        if origin[1].startswith(_PROJECTED):
            return self._project(self._resolved(origin[0]), origin[1])
        array, key = self._resolved(origin[0]), origin[1]
        element = picked(array, key, self._holes, self._overflow)
        if key == ANY and array.types and not array.items:  # `foreach` over an object
            element = join(element, self._project(array, OF_MEMBERS_ALL), self._overflow)
        if key == ANY or ELEMENTWISE.isdisjoint(array.labels):
            return element
        return join(element, self._project(array, OF_WHOLE + key), self._overflow)

    def _merged_labels(self, value: Val) -> Mapping[str, Trace]:
        open_labels = {k: v for k, v in value.labels.items() if k.startswith(PARAM) or remote.is_open(k)}
        if not open_labels:
            return value.labels
        kept: Mapping[str, Trace] = {k: v for k, v in value.labels.items() if k not in open_labels}
        return merge_labels(kept, self.fed(open_labels))

    def fed(self, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
        """Labels that the call's arguments put in the place of those that callers decide."""
        found: Mapping[str, Trace] = {}
        for label, trace in labels.items():
            if label.startswith(PARAM):
                found = merge_labels(found, self._argument_labels(label[len(PARAM) :]))
            elif remote.is_open(label):
                texts = self._texts(frozenset([remote.template_of(label)]))
                told = remote.told(label, texts, self._holes)
                found = merge_labels(found, {name: self._returned(trace) for name in sorted(told)})
        return found

    def _argument_labels(self, parameter: str) -> Mapping[str, Trace]:
        known = self._labels.get(parameter)
        if known is None and parameter.startswith(_HASHED):
            labels = self._argument_labels(parameter.removeprefix(_HASHED))
            known = self._labels[parameter] = self._digests(labels)
        if known is None:
            is_element = parameter >= "\ue000"
            labels = all_labels(self._resolved(parameter) if is_element else self._arguments(int(parameter)))
            known = {label: self._step(trace) for label, trace in self._followed(labels).items()}
            self._labels[parameter] = known
        return known


def _mentions_parameter(value: Val) -> bool:
    if value.symbolic is None:
        value.symbolic = _find_parameter(value)
    return value.symbolic


def _find_parameter(value: Val) -> bool:
    if value.sites and min(value.sites) < 0:
        return True
    if value.labels and any(label.startswith(PARAM) or remote.is_open(label) for label in value.labels):
        return True
    if any(map(parameters, value.texts)):
        return True
    if value.items and any(_mentions_parameter(item) for item in value.items.values()):
        return True
    return value.rest is not None and _mentions_parameter(value.rest)


def depends_on_caller(value: Val) -> bool:
    """Whether a value still holds a parameter."""
    return _mentions_parameter(value)


def certain(value: Val, depth: int = 5) -> Val:
    """The value without what callers decide of it."""
    if not _mentions_parameter(value):
        return value
    labels = {k: v for k, v in value.labels.items() if not (k.startswith(PARAM) or remote.is_open(k))}
    items = {key: certain(item, depth - 1) for key, item in value.items.items()} if value.items and depth else None
    return value.replaced(
        texts=frozenset(text for text in value.texts if not parameters(text)),
        labels=labels,
        sites=frozenset(site for site in value.sites if site >= 0),
        items=items,
        rest=certain(value.rest, depth - 1) if value.rest is not None and depth else None,
    )


def parameters_only(value: Val, depth: int = 5) -> Val:
    """The value without labels that the callee itself put in: those are reported where they were put in."""
    if value.open_part is not None and value.height <= depth:
        return value.open_part
    part = _parameters_only(value, depth)
    if value.height <= depth:
        value.open_part = part
    return part


def _parameters_only(value: Val, depth: int) -> Val:
    labels = {label: trace for label, trace in value.labels.items() if label.startswith(PARAM)}
    items = (
        {key: parameters_only(item, depth - 1) for key, item in value.items.items()} if value.items and depth else None
    )
    rest = parameters_only(value.rest, depth - 1) if value.rest is not None and depth else None
    if len(labels) == len(value.labels) and items is None and rest is None:
        return value
    return value.replaced(labels=labels, items=items, rest=rest)
