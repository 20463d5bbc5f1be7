"""Geometry of the map of destinations: three columns (features, destinations, secrets) and the lines between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from scanner.report.html.flows import Flow, Party, State

HOSTS = 26
"""Destinations on the map, changed ones first; the table below it has all of them."""
PARTIES = 6
"""Features and secrets drawn for one destination."""
_ROW = 26
_TOP = 34
_CALLER_X, _HOST_LEFT, _HOST_RIGHT, _SECRET_X = 290, 400, 690, 800
_LABEL = 36
"""Characters that fit into a column."""


class Node(msgspec.Struct, frozen=True):
    """A label on the map; `y` is the middle of its line."""

    name: str
    y: int
    state: State
    rest: str = ""
    """Words for what is not drawn here: `3 more`."""


class Edge(msgspec.Struct, frozen=True):
    """A line between two labels as an SVG path."""

    path: str
    state: State


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The map."""

    height: int
    callers: tuple[Node, ...]
    hosts: tuple[Node, ...]
    secrets: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int
    """Destinations that are only in the table."""


def chart(found: Sequence[Flow]) -> Chart:
    """Map of the first destinations; empty without any."""
    drawn = found[:HOSTS]
    left = _column(drawn, lambda flow: flow.callers)
    right = _column(drawn, lambda flow: flow.secrets)
    rows = max(len(drawn), len(left), len(right), 1)
    host_y = _spread(len(drawn), rows)
    left_y = dict(zip(left, _spread(len(left), rows), strict=True))
    right_y = dict(zip(right, _spread(len(right), rows), strict=True))
    edges: list[Edge] = []
    for flow, y in zip(drawn, host_y, strict=True):
        edges += [_edge(_CALLER_X + 8, left_y[p.name], _HOST_LEFT, y, p.state) for p in flow.callers[:PARTIES]]
        edges += [_edge(_HOST_RIGHT, y, _SECRET_X - 8, right_y[p.name], p.state) for p in flow.secrets[:PARTIES]]
    return Chart(
        height=_TOP + rows * _ROW + 8,
        callers=tuple(Node(name, y, _together(drawn, name, lambda f: f.callers)) for name, y in left_y.items()),
        hosts=tuple(Node(f.host, y, f.state, _rest(f)) for f, y in zip(drawn, host_y, strict=True)),
        secrets=tuple(Node(name, y, _together(drawn, name, lambda f: f.secrets)) for name, y in right_y.items()),
        edges=tuple(sorted(edges, key=lambda edge: edge.state is not None and edge.state.value != "unchanged")),
        left_out=len(found) - len(drawn),
    )


def label(text: str) -> str:
    """A name cut to the width of a column."""
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _column(drawn: Sequence[Flow], parties: Callable[[Flow], Sequence[Party]]) -> list[str]:
    """Names of a column, each near the middle of the destinations that it belongs to: fewer lines cross."""
    places: dict[str, list[int]] = {}
    for index, flow in enumerate(drawn):
        for party in parties(flow)[:PARTIES]:
            places.setdefault(party.name, []).append(index)
    return sorted(places, key=lambda name: (sum(places[name]) / len(places[name]), name))


def _together(drawn: Iterable[Flow], name: str, parties: Callable[[Flow], Sequence[Party]]) -> State:
    """State of a name in a column: that of its lines when they agree."""
    states = {party.state for flow in drawn for party in parties(flow)[:PARTIES] if party.name == name}
    return states.pop() if len(states) == 1 else None


def _spread(count: int, rows: int) -> list[int]:
    """Middles of `count` lines over the height of `rows`."""
    if not count:
        return []
    step = rows * _ROW / count
    return [round(_TOP + step * (index + 0.5)) for index in range(count)]


def _edge(x1: int, y1: int, x2: int, y2: int, state: State) -> Edge:
    middle = (x1 + x2) // 2
    return Edge(f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}", state)


def _rest(flow: Flow) -> str:
    left = max(0, len(flow.callers) - PARTIES) + max(0, len(flow.secrets) - PARTIES)
    return f"+{left}" if left else ""
