"""Rules about bundled packages and where files lie: one module each, as in `weakenings`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from scanner.diff.bundles.inputs import Bundles
from scanner.model.finding import Finding, Rule

__all__ = ["BundleRule", "Bundles", "bundle_rules"]


class BundleRule(NamedTuple):
    """One rule and the function that finds what it names."""

    rule: Rule
    find: Callable[[Bundles], Iterator[Finding]]


@cache
def bundle_rules() -> tuple[BundleRule, ...]:
    """All rules about bundled packages, by id."""
    found: list[BundleRule] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if isinstance(rule := getattr(loaded, "RULE", None), Rule):
            found.append(BundleRule(rule, loaded.find))
    return tuple(sorted(found, key=lambda item: item.rule.id))
