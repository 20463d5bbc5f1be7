"""What the analysis of one function yields: its summary, and what happens at its network calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.analysis import remote
from scanner.analysis.origins import DIGEST, ELEMENTWISE
from scanner.analysis.templates import (
    FIRST_ELEMENT,
    FIRST_PARAMETER,
    OF_CAST,
    OF_GLOBALS,
    OF_JOINED,
    OF_KEYS,
    OF_LISTED,
    OF_MEMBERS,
    OF_MEMBERS_ALL,
    OF_METHOD,
    OF_NAMED,
    OF_OBJECT,
    OF_QUERY,
    OF_RESULT,
    OF_SEEN,
    OF_UNDER,
    HoleTable,
    is_known,
    parameters,
)
from scanner.analysis.values import (
    NOTHING,
    Trace,
    Val,
    all_labels,
    join,
    join_all,
    parts,
)
from scanner.model.signature import Signature

PARAM = "param:"
"""Prefix of the label that stands for whatever a caller passes."""
PASSED = "argument"
"""Text of the hole for what a caller passes that is no text: an array, an object."""
HASHED = "#"
"""Follows `PARAM` in the label of what a one-way function makes of what a caller passes."""
ANY = "*"
"""Key of an element of which only is known that it is one."""
PROJECTED = (
    OF_OBJECT, OF_QUERY, OF_GLOBALS, OF_NAMED, OF_MEMBERS, OF_RESULT, OF_KEYS, OF_MEMBERS_ALL, OF_METHOD, OF_JOINED,
    OF_UNDER, OF_CAST, OF_SEEN, OF_LISTED,
)  # fmt: skip
"""Begin keys of elements that are no elements of an array."""
RECEIVER = -1
FIRST_ELEMENT_TEMPLATE = chr(FIRST_ELEMENT)
MAX_LIFTS = 20
"""Levels of wrappers that are followed outwards."""
MAX_NAMED_LIFTS = 60
"""The same for a sink whose host is known: only what it sends is left to callers."""
MAX_URL_LIFTS = 12
"""The same for file functions that only perhaps get a URL."""
MAX_PAYLOAD_LIFTS = 6
"""The same for what is only perhaps sent, to a place that no argument names: messages for a log."""
MAX_EFFECT_LIFTS = 1
"""Levels of callers to which a write of a parameter to a property is carried: all objects of the class share it."""
MAX_KEPT_LIFTS = 5
"""The same for what is kept under a name that callers say (see `keyed`)."""
MAX_VALUE_LIFTS = 2
"""After these levels only the labels of what is kept go on: which secrets it may hold, not its text or callables."""
MAX_OBJECT_LIFTS = 3
"""Levels of callers that are told what was put on an object or a handle that a function below them made."""
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
    """`site`, `store`, `global` or `argument`; `call` of what a parameter holds (see `given`);
    `named` under a key that callers say (see `keyed`)."""
    key: tuple[int, str]
    """(site or argument number, role or name)."""
    value: Val
    lifts: int = 0
    """How many calls it has been carried through."""
    alike: tuple[int, ...] = ()
    """Further objects, made at known places, that are told the same."""


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
        return PARAM + HASHED + label[len(PARAM) :].removeprefix(HASHED)
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
        found = parts(value)
        if not found and value.texts:  # `(array) $to`: one address is a list of one
            found = [Val(value.texts)]
    else:
        item = (value.items or {}).get(key, value.rest)
        found = [] if item is None else [item]
    element = opened(value, key, holes)
    result = join_all([*found, element], overflow)
    if element is not NOTHING or not value.labels:
        return result
    passed = holes.template("unknown", PASSED)
    one = key != ANY and all(text == passed or is_known(text) for text in value.texts)  # no text was made of all of it
    labels = {label: trace for label, trace in value.labels.items() if not (one and label in ELEMENTWISE)}
    return join(result, Val(labels=labels), overflow)


def alike(array: Val, key: str) -> list[str]:
    """Keys of an array that a key may mean where functions change the case of keys: `$this->kept[strtolower($name)]`.

    What such a function makes of a parameter is taken for the parameter itself.
    """
    folded = key.strip().casefold()
    return [known for known in array.items or () if known == key or known.strip().casefold() == folded]


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
    if value.closed is None:
        value.closed = _closed(value, holes)
    return value.closed


def _closed(value: Val, holes: HoleTable) -> Val:
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


def is_of_part(label: str) -> bool:
    """Whether a label stands for an element or a property of what a caller passes."""
    return label.startswith(PARAM) and label[len(PARAM) :].removeprefix(HASHED) >= FIRST_ELEMENT_TEMPLATE


def _is_property_label(label: str, holes: HoleTable) -> bool:
    template = label[len(PARAM) :].removeprefix(HASHED) if label.startswith(PARAM) else ""
    return template >= FIRST_ELEMENT_TEMPLATE and holes.is_property(template)


def parameter_of(site: int) -> int | None:
    """Inverse of `symbolic`; None for a concrete site."""
    return -2 - site if site < 0 else None


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


def certain(value: Val) -> Val:
    """The value without what callers decide of it."""
    if not _mentions_parameter(value):
        return value
    labels = {k: v for k, v in value.labels.items() if not (k.startswith(PARAM) or remote.is_open(k))}
    return value.replaced(
        texts=frozenset(text for text in value.texts if not parameters(text)),
        labels=labels,
        sites=frozenset(site for site in value.sites if site >= 0),
        items={key: certain(item) for key, item in value.items.items()} if value.items else None,
        rest=certain(value.rest) if value.rest is not None else None,
    )


def parameters_only(value: Val) -> Val:
    """The value without labels that the callee itself put in: those are reported where they were put in."""
    if value.open_part is None:
        value.open_part = _parameters_only(value)
    return value.open_part


def _parameters_only(value: Val) -> Val:
    labels = {label: trace for label, trace in value.labels.items() if label.startswith(PARAM)}
    items = {key: parameters_only(item) for key, item in value.items.items()} if value.items else None
    rest = parameters_only(value.rest) if value.rest is not None else None
    if len(labels) == len(value.labels) and items is None and rest is None:
        return value
    return value.replaced(labels=labels, items=items, rest=rest)


def reached(summary: Summary) -> set[tuple[object, ...]]:
    """Which parameters reach which sinks, which come back, and what properties get of an object that is passed.

    Each with its label last.
    """
    found: set[tuple[object, ...]] = {(label,) for label in all_labels(summary.returns) if label.startswith(PARAM)}
    for effect in summary.effects:
        if effect.target == "site" and effect.key[0] < 0 and effect.key[1][1:].isidentifier():
            found |= {(*effect.key, label) for label in all_labels(effect.value)}
    for hit in summary.hits:
        for role, value in hit.roles.items():
            found |= {(hit.inner, role, label) for label in all_labels(value) if label.startswith(PARAM)}
    return found
