"""What was put on handles and objects, by the places that make them and by role, and in short what objects hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scanner.analysis.kinds import Kinds
from scanner.analysis.values import Trace, Val, all_labels, all_sites, merge_labels, parts


class Held(NamedTuple):
    """What the properties of an object hold, in short."""

    labels: Mapping[str, Trace]
    """Single secrets, and what only a caller knows (see `Kinds.lasting`)."""
    objects: tuple[int, ...]
    """Places that make the objects that they hold, sorted."""
    secrets: tuple[str, ...]
    """Roles of those that hold a secret with a name."""


_NO_LABELS: Mapping[str, Trace] = {}
_NO_SITES = frozenset[int]()
_EMPTY = Held(_NO_LABELS, (), ())


class Instances(dict[int, dict[str, Val]]):
    """By place: what is known by role (`.name` is a property). Written by `put` and `drop` alone."""

    def __init__(self, kinds: Kinds) -> None:
        super().__init__()
        self._kinds = kinds
        self._held: dict[int, Held] = {}
        """Asked at each call that passes an object on, and made when first asked after something was put on it."""

    def put(self, site: int, role: str, value: Val) -> None:
        """Something is known of an object or a handle, in the place of what was before."""
        self.setdefault(site, {})[role] = value
        self._held.pop(site, None)

    def drop(self, site: int, role: str) -> None:
        """A role says nothing any more."""
        self.setdefault(site, {}).pop(role, None)
        self._held.pop(site, None)

    def held(self, site: int) -> Held:
        """What the properties of one object hold."""
        known = self._held.get(site)
        if known is None:
            roles = self.get(site)
            known = self._held[site] = self._in_short(roles) if roles else _EMPTY
        return known

    def _in_short(self, roles: Mapping[str, Val]) -> Held:
        labels, objects, secrets = _NO_LABELS, set[int](), []
        for role, value in roles.items():
            if role[0] != ".":
                continue
            if value.labels or value.height:
                labels = merge_labels(labels, self._kinds.lasting(all_labels(value)))
                if self._kinds.has_secret(value):
                    secrets.append(role)
            objects |= _objects(value)
        return Held(labels, tuple(sorted(objects)), tuple(secrets))


def _objects(value: Val) -> frozenset[int]:
    """Places that make the objects that a value is, and those in its elements."""
    found = value.sites if value.types else _NO_SITES
    if value.height and len(all_sites(value)) > len(value.sites):
        for item in parts(value):
            found |= _objects(item)
    return found


def reachable(states: Iterable[Instances], sites: Iterable[int], most: int) -> list[int]:
    """Places of some objects and of those that they hold, and so on; at most so many."""
    reached = sorted(sites)[:most]
    seen = set(reached)
    for site in reached:
        for state in states:
            fresh = [one for one in state.held(site).objects if one not in seen][: most - len(reached)]
            seen.update(fresh)
            reached += fresh
    return reached
