"""What is known of a function whose work its callers say (see `dispatching`)."""

from __future__ import annotations

from typing import Final, NamedTuple


class Dispatcher(NamedTuple):
    """What a function calls, passes on or takes apart that its callers say."""

    names: frozenset[int] = frozenset()
    """Parameters that decide what is called; -1 for the arguments as a list."""
    forwards: bool = False
    """Whether it passes on a list of what it gets."""
    classes: frozenset[int] = frozenset()
    """Parameters that name the class of which it makes an object."""
    includes: frozenset[int] = frozenset()
    """Parameters that say which file it includes."""
    reads: frozenset[int] = frozenset()
    """Parameters that name a global, variable or constant that it reads, of one that does more than compute."""
    reshapes: frozenset[int] = frozenset()
    """Parameters of which it makes another text: it takes them apart, turns them round, fills them in."""


NONE: Final = Dispatcher()
