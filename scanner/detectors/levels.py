"""A sink as the functions around it see it: who decides where it goes, an argument or the object that is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from scanner.analysis.decisive import URL_ROLES
from scanner.analysis.summary import Hit
from scanner.analysis.templates import HoleTable
from scanner.detectors.base import Scene, Target
from scanner.detectors.targets import target

_DECIDERS = frozenset({"param", "property"})


class Level(NamedTuple):
    """A sink as the callers of one function see it."""

    symbol: str
    place: Target
    hit: Hit


Levels = dict[tuple[object, ...], list[Level]]


def levels_of(scene: Scene, hits: Iterable[Hit]) -> Levels:
    """Sinks by signature, place and the wrappers around them."""
    found: Levels = defaultdict(list)
    for hit in hits:
        symbol = scene.program.symbol(hit.function)
        found[hit.signature.id, hit.inner, hit.via].append(Level(symbol, target(scene, hit), hit))
    return found


def _of_callee(hit: Hit, levels: Levels) -> list[Level]:
    return [level for level in levels[hit.signature.id, hit.inner, hit.via[1:]] if level.symbol == hit.via[0]]


def seen_by_callee(hit: Hit, levels: Levels) -> list[Target]:
    """The sink as the function sees it that a call through a wrapper calls."""
    return [level.place for level in _of_callee(hit, levels)]


def told_inside(scene: Scene, hit: Hit, place: Target, levels: Levels) -> bool:
    """Whether callers go on to decide, and all else that is known of the destination was known inside the wrapper.

    The wrapper has a finding for that; what a function adds, be it only another expression, is a finding of its own.
    """
    views = _of_callee(hit, levels) if place.by_caller else []
    holes = scene.result.state.holes
    return bool(views) and all(
        view.place.by_caller
        and set(place.destinations) <= set(view.place.destinations)
        and _unknown(hit, holes) <= _unknown(view.hit, holes)
        for view in views
    )


def _unknown(hit: Hit, holes: HoleTable) -> set[str]:
    """Expressions in the addresses of a call of which nobody knows what they give."""
    texts = (text for role in URL_ROLES if role in hit.roles for text in hit.roles[role].texts)
    found = {character for text in texts for character in text}
    return {one for one in found if (hole := holes.hole(one)) is not None and hole.kind not in _DECIDERS}


def of_object(hit: Hit, levels: Levels) -> bool:
    """Whether the object that a call uses decides the destination, and no argument of the call does.

    That is asked of the nearest wrapper whose own view of the sink is known.
    """
    views = (seen_by_callee(hit._replace(via=hit.via[depth:]), levels) for depth in range(len(hit.via)))
    nearest = next(filter(None, views), [])
    return bool(nearest) and all(place.by_object and not place.by_caller for place in nearest)
