"""A sink as the functions around it see it: who decides where it goes, an argument or the object that is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from scanner.analysis.summary import Hit
from scanner.detectors.base import Scene, Target
from scanner.detectors.targets import target


class Level(NamedTuple):
    """A sink as the callers of one function see it."""

    symbol: str
    place: Target


Levels = dict[tuple[object, ...], list[Level]]


def levels_of(scene: Scene, hits: Iterable[Hit]) -> Levels:
    """Sinks by signature, place and the wrappers around them."""
    found: Levels = defaultdict(list)
    for hit in hits:
        symbol = scene.program.symbol(hit.function)
        found[hit.signature.id, hit.inner, hit.via].append(Level(symbol, target(scene, hit)))
    return found


def seen_by_callee(hit: Hit, levels: Levels) -> list[Target]:
    """The sink as the function sees it that a call through a wrapper calls."""
    return [level.place for level in levels[hit.signature.id, hit.inner, hit.via[1:]] if level.symbol == hit.via[0]]


def of_object(hit: Hit, levels: Levels) -> bool:
    """Whether the object that a call uses decides the destination, and no argument of the call does.

    That is asked of the nearest wrapper whose own view of the sink is known.
    """
    views = (seen_by_callee(hit._replace(via=hit.via[depth:]), levels) for depth in range(len(hit.via)))
    nearest = next(filter(None, views), [])
    return bool(nearest) and all(place.by_object and not place.by_caller for place in nearest)
