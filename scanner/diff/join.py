"""One-to-one pairing of two lists by equal keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Key = Callable[[T], Hashable | None]
"""What two values must share to be paired; None keeps a value out of the join."""


class Joined(NamedTuple, Generic[T]):
    """Pairs, and what found no partner, each in the order of its list."""

    pairs: list[tuple[T, T]]
    baseline: list[T]
    current: list[T]


def join(baseline: Sequence[T], current: Sequence[T], baseline_key: Key[T], current_key: Key[T]) -> Joined[T]:
    """Pair values with equal keys, first with first, each value at most once.

    Linear in the number of values, however many have one key. The pairs are the same when the sides change places.
    """
    waiting: dict[Hashable, deque[int]] = {}
    for index, value in enumerate(current):
        key = current_key(value)
        if key is not None:
            waiting.setdefault(key, deque()).append(index)
    pairs: list[tuple[T, T]] = []
    left: list[T] = []
    taken: set[int] = set()
    for value in baseline:
        key = baseline_key(value)
        partners = waiting.get(key) if key is not None else None
        if partners:
            index = partners.popleft()
            taken.add(index)
            pairs.append((value, current[index]))
        else:
            left.append(value)
    return Joined(pairs, left, [value for index, value in enumerate(current) if index not in taken])
