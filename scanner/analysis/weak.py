"""Writes of which is not known what they replace: `$list[$key] = $value` may be any of the elements that the list has.

Each of them is what it was, or has the secrets and the host of the new value. Of all else that would make every option
of a call anything at all: that is found under the keys that nobody knows, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis.destinations import host_in
from scanner.analysis.state import State
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, all_labels, join


def telling(state: State, value: Val) -> Val:
    """What of a value counts wherever it may be: single secrets, and texts that are a host or an address."""
    texts = frozenset(text for text in value.texts if is_known(text) and host_in(text))
    labels = {
        label: trace for label, trace in state.lasting(all_labels(value)).items() if not state.origins.is_bulk(label)
    }
    return Val(texts, labels) if texts or labels else NOTHING


def updated(state: State, items: Mapping[str, Val], key: Val, names: Sequence[str], value: Val) -> dict[str, Val]:
    """Elements after a write under a key of which only `names` are known; a key without text is a number, too."""
    told = telling(state, value) if items else NOTHING
    if told is NOTHING:
        return dict(items)
    if names and len(names) == len(key.texts):
        meant = {name for name in names if name in items}
    else:
        number = all(text == state.counted or text.isdecimal() for text in key.texts)
        meant = {name for name in items if not number or name.isdecimal()}
    return {name: join(item, told, state.overflow) if name in meant else item for name, item in items.items()}
