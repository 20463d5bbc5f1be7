"""What an upgrade weakened: one module per rule; each holds `RULE` and `find`, and its docstring is the rule's page.

The rules compare functions of files that changed, so they find nothing in a scan, and cost what the change costs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Rule

__all__ = ["Comparer", "Pair", "Weakening", "comparers"]


class Comparer(NamedTuple):
    """One rule and the function that finds what it names in a pair of functions."""

    rule: Rule
    find: Callable[[Pair], Iterator[Weakening]]


@cache
def comparers() -> tuple[Comparer, ...]:
    """All rules on pairs of functions, by rule id."""
    found: list[Comparer] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if isinstance(rule := getattr(loaded, "RULE", None), Rule):
            found.append(Comparer(rule, loaded.find))
    return tuple(sorted(found, key=lambda item: item.rule.id))
