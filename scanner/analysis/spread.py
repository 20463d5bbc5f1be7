"""How far labels are followed: behind some calls nearly all of a program has what stands for many values.

Secrets with a name of their own have no such bound, save those that PHP itself quotes in a warning.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf

from scanner.analysis.origins import MANY, is_broad
from scanner.analysis.remote import OUTSIDE, is_named
from scanner.analysis.values import Trace, Val, all_labels

MAX_BROAD_STEPS = 18
"""Calls through which a label that stands for many values, or an answer of a known host, is followed."""
MAX_VAGUE_STEPS = 8
"""The same for uploads and answers of unknown hosts: of these a long way tells nothing."""
MAX_OUTSIDE_STEPS = 4
"""The same for fields of a request, rows, files and the session, which most of the code touches. The least of all."""
QUOTED = 1 << 10
"""Length of the way of what PHP has quoted in a warning; steps behind that add to it."""
_KEPT = 1 << 11
"""What is added where a store holds such a quotation: an exception that is thrown, a property, a setting."""
_MAX_QUOTED_STEPS = 2
"""Calls through which such a quotation is followed: an error handler shows what it gets, or keeps it for a page."""
_MAX_QUOTED_STORES = 1
"""Stores that it is followed through, one after another: every `catch` of a program reads what any part throws."""
_SHORT_WAY = 3
"""Calls behind which a label that stands for many values is not worth another round."""


@lru_cache(maxsize=1 << 14)
def most_steps(label: str) -> float:
    """Number of calls through which a label is followed; infinite for most."""
    if label in OUTSIDE and label not in MANY:  # the session as a whole holds many secrets of a visitor
        return MAX_OUTSIDE_STEPS
    if label.startswith("~") and not is_named(label):
        return MAX_VAGUE_STEPS
    return MAX_BROAD_STEPS if label.startswith("~") or is_broad(label) else inf


def is_followed(label: str, trace: Trace) -> bool:
    """Whether a label that has come this way is followed through another call."""
    if trace.length >= QUOTED:
        return _quoted_steps(trace) < _MAX_QUOTED_STEPS
    return trace.length < most_steps(label)


def quoted(trace: Trace) -> Trace:
    """The way of a secret in a name that PHP quotes when it cannot open what has the name."""
    return (
        trace if trace.length >= QUOTED else Trace(trace.path, trace.line, "quoted by PHP in a warning", trace, QUOTED)
    )


def kept(value: Val) -> Val:
    """What a store holds of a value: quotations that have come through too many stores are not followed further."""
    if not any(trace.length >= QUOTED for trace in all_labels(value).values()):
        return value
    labels = {label: _kept(trace) for label, trace in value.labels.items() if not _is_worn(trace)}
    items = value.items and {key: kept(item) for key, item in value.items.items()}
    return value.replaced(labels=labels, items=items, rest=value.rest and kept(value.rest))


def _kept(trace: Trace) -> Trace:
    return trace._replace(length=trace.length + _KEPT) if trace.length >= QUOTED else trace


def _is_worn(trace: Trace) -> bool:
    return trace.length >= QUOTED + _MAX_QUOTED_STORES * _KEPT


def _quoted_steps(trace: Trace) -> int:
    """Calls since PHP quoted something."""
    return trace.length % QUOTED


def calls(trace: Trace) -> int:
    """Steps of a way; of one that a warning is part of, those behind it."""
    return _quoted_steps(trace) + 1 if trace.length >= QUOTED else trace.length


def is_far(label: str, trace: Trace) -> bool:
    """Whether a label stands for many values and has come too long a way to be worth another round."""
    return trace.length > _SHORT_WAY and is_broad(label)
