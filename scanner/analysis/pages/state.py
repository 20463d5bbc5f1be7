"""What is known at one point of a page's execution, and how two ways that meet are joined."""

from __future__ import annotations

from collections.abc import Iterable

_PARTS = (
    "acts",
    "asked",
    "autoload",
    "bypass",
    "constants",
    "entered",
    "keys",
    "loaded",
    "switches",
    "texts",
    "unknown",
)


class PageState:
    """Mutable; `copy` before a fork. Everything is a bounded over-approximation but for what surely holds."""

    __slots__ = _PARTS

    def __init__(self) -> None:
        self.constants: dict[str, bool] = {}
        """Constants of the page's own: True when surely defined, False when perhaps."""
        self.loaded: set[int] = set()
        """Files that have been included, the page itself among them."""
        self.autoload = False
        """Classes of files that are not loaded can be used."""
        self.unknown = False
        """A file that is not known was included: anything can be loaded."""
        self.bypass: dict[str, bool] = {}
        """What let the page past the gate, and whether it always does."""
        self.asked = False
        """A file that the page loads has asked for a login, or does so under conditions that no request decides."""
        self.keys: set[tuple[tuple[int, int], str, str]] = set()
        """Request keys read: file and function (-1 for file scope), superglobal and key."""
        self.switches: dict[str, bool] = {}
        """`$name` of variables of the page that are true or false."""
        self.texts: dict[str, str] = {}
        """Variables of the page whose text is known, as `Paths.fold` gives it."""
        self.entered: set[int] = set()
        """Functions walked into, or passed over, save those that only look at what there is."""
        self.acts: set[str] = set()
        """Effects of the code that ran on the way here."""

    def copy(self) -> PageState:
        """An independent copy."""
        other = PageState()
        for name in _PARTS:
            value = getattr(self, name)
            setattr(other, name, value.copy() if isinstance(value, (dict, set)) else value)
        return other

    def take(self, ways: Iterable[PageState]) -> None:
        """Become what holds after any one of several ways; without a way, stay."""
        found = list(ways)
        if len(found) < 2:  # noqa: PLR2004  nothing to join
            for name in _PARTS if found else ():
                setattr(self, name, getattr(found[0], name))
            return
        names = {name for way in found for name in way.constants}
        self.constants = {name: all(way.constants.get(name, False) for way in found) for name in sorted(names)}
        self.asked = all(way.asked for way in found)
        self.autoload = any(way.autoload for way in found)
        self.unknown = any(way.unknown for way in found)
        reasons = sorted({why for way in found for why in way.bypass})
        self.bypass = {why: all(way.bypass.get(why, False) for way in found) for why in reasons}
        self.loaded = set().union(*(way.loaded for way in found))
        self.keys = set().union(*(way.keys for way in found))
        switches = found[0].switches.items()
        self.switches = {name: on for name, on in switches if all(way.switches.get(name) is on for way in found)}
        first = found[0].texts.items()
        self.texts = {name: text for name, text in first if all(way.texts.get(name) == text for way in found)}
        self.entered = set().union(*(way.entered for way in found))
        self.acts = set().union(*(way.acts for way in found))

    def add(self, other: PageState) -> None:
        """Take over what code that ran before, from a like state, added."""
        self.constants = {**other.constants, **self.constants}
        self.loaded |= other.loaded
        self.keys |= other.keys
        self.entered |= other.entered
        self.acts |= other.acts
        self.bypass = {**other.bypass, **self.bypass}
        self.asked |= other.asked
        self.autoload |= other.autoload
        self.unknown |= other.unknown

    def key(self, page: int) -> tuple[object, ...]:
        """All that the outcome of an include depends on, but for the page itself."""
        return (
            tuple(sorted(self.constants.items())),
            frozenset(self.loaded - {page}),
            tuple(sorted(self.texts.items())),
            tuple(sorted(self.switches.items())),
            tuple(sorted(self.bypass.items())),
            frozenset(self.entered),
            frozenset(self.acts),
            (self.asked, self.autoload, self.unknown),
        )
