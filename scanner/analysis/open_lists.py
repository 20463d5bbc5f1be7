"""Lists of arguments whose elements only callers know: `function run(...$args) { go('x', ...array_slice($args, 1)); }`.

The first few elements are told apart, each as what the caller passes in its place; the rest is any of them. Without
that a function that passes on what it gets, but one more or less, mixes up an address and what is sent to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.frame import Frame
from scanner.analysis.summary import ANY, opened
from scanner.analysis.templates import PARAMETERS
from scanner.analysis.values import NOTHING, Val, join_all

_TOLD_APART = 6
"""Elements, from the first."""


def element(frame: Frame, value: Val, position: int) -> Val:
    """One element of a list that a function passes on as it gets it; NOTHING of any other value."""
    passed = any(len(text) == 1 and PARAMETERS.match(text) for text in value.texts)
    one = opened(value, str(position), frame.state.holes) if passed else NOTHING
    return one if one is NOTHING else one.replaced(sites=value.sites)  # it may be an object, or a handle


def elements(frame: Frame, value: Val) -> list[Val]:
    """The elements that are told apart; none of a value that no caller passes."""
    first = element(frame, value, 0)
    if first is NOTHING:
        return []
    return [first, *(element(frame, value, position) for position in range(1, _TOLD_APART))]


def is_open(frame: Frame, value: Val) -> bool:
    """Whether a value is what a parameter for any number of arguments got."""
    if value.items or len(value.texts) != 1:
        return False
    (text,) = value.texts
    index = frame.state.holes.parameter_of(text) if len(text) == 1 and PARAMETERS.match(text) else -1
    params = frame.fact.params
    return 0 <= index < len(params) and params[index].variadic and element(frame, value, 0) is not NOTHING


def any_of(frame: Frame, value: Val) -> Val:
    """Any element of such a list."""
    return opened(value, ANY, frame.state.holes).replaced(sites=value.sites)


def listed(frame: Frame, value: Val, begin: int = 0) -> Val:
    """Such a list from one of its elements on."""
    told = (element(frame, value, begin + position) for position in range(_TOLD_APART))
    items = {str(position): item for position, item in enumerate(told)}
    return Val(items=items, rest=any_of(frame, value), sites=value.sites)


def joined(frame: Frame, lists: Sequence[Val]) -> Val | None:
    """Lists one behind the other, with numbers anew; None where one but the last is not known to its end."""
    items: dict[str, Val] = {}
    rest: Val | None = None
    number = 0
    for one in lists:
        value = listed(frame, one) if is_open(frame, one) else one
        if rest is not None or value.items is None or (value.rest is not None and value is one):
            return None
        if value is not one:  # callers may pass any of the names so far, too
            holes = frame.state.holes
            items = {
                key: item if key.isdecimal() else frame.join(item, opened(one, key, holes))
                for key, item in items.items()
            }
        for key, item in value.items.items():
            items[str(number) if key.isdecimal() else key] = item
            number += key.isdecimal()
        rest = value.rest
    labels = join_all((Val(labels=one.labels) for one in lists if one.items), frame.state.overflow).labels
    return Val(labels=labels, items=items, rest=rest)
