"""What was made from signature files, kept for the next scan of this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")
MAX_KEPT: Final = 4
"""A process scans with one set of signatures, rarely with a few; each takes some megabytes."""


class Kept(Generic[_T]):
    """Frozen values by the digest of all that they were made from; the oldest is let go."""

    def __init__(self) -> None:
        self._values: dict[str, _T] = {}

    def get(self, digest: str, make: Callable[[], _T]) -> _T:
        """The value of a digest, made when it is not there."""
        if digest not in self._values:
            made = make()
            while len(self._values) >= MAX_KEPT:
                self._values.pop(next(iter(self._values)))
            self._values[digest] = made
        return self._values[digest]
