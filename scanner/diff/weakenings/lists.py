"""Lists of constants that a function or class holds, by name."""

from __future__ import annotations

from collections import defaultdict

from scanner.analysis.units import Unit

SHOWN = 6
"""Entries that a message names."""


def lists(unit: Unit) -> dict[str, dict[str, int]]:
    """Name of a list -> its entries and their lines."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item in unit.bindings:
        if item.kind == "element":
            found[item.name].setdefault(item.value, item.line)
    return found


def shown(entries: list[str]) -> str:
    """Entries for a message, the first few of them."""
    return ", ".join(entries[:SHOWN]) + (" and others" if len(entries) > SHOWN else "")
