"""Elements that are alike, made the very same object.

What a function gives back may have elements that have elements, and so on, of which most are alike: `$args[0]`,
`$args[1]` and any other are the same three things. Each call replaces parameters in each of them, and what is the same
object it does once (see `Substitution`).
"""

from __future__ import annotations

from scanner.analysis.summary import Summary
from scanner.analysis.values import Val

_NESTED = 2
"""Levels of elements from which on it is worth the time."""


def in_result(summary: Summary) -> Summary:
    """A summary with one object for all elements that are alike in what the function gives back."""
    value = summary.returns
    return summary._replace(returns=_merged(value, {})) if value.height >= _NESTED else summary


def _merged(value: Val, known: dict[tuple[object, ...], Val]) -> Val:
    """A value equal to the given one; `known` keeps what there is by its key, and so alive what the key is made of."""
    if value.height:
        before = value.items or {}
        items = {key: _merged(item, known) for key, item in before.items()}
        rest = None if value.rest is None else _merged(value.rest, known)
        if rest is not value.rest or any(items[key] is not item for key, item in before.items()):
            value = value.replaced(items=value.items and items, rest=rest)
    return known.setdefault(_key(value), value)


def _key(value: Val) -> tuple[object, ...]:
    """What two values have in common that are alike, down to the ways of their labels."""
    return (
        value.texts,
        frozenset((label, id(trace)) for label, trace in value.labels.items()),
        value.types,
        value.refs,
        value.sites,
        None if value.items is None else tuple((key, id(item)) for key, item in value.items.items()),
        id(value.rest),
        value.scalar,
        value.loose,
    )
