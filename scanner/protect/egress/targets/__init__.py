"""One module for each product that an egress allow-list is written for, found by its `TARGET`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from scanner.model.egress import EgressTarget


@cache
def targets() -> dict[str, EgressTarget]:
    """Every target by its name, sorted."""
    modules = (import_module(f"{__name__}.{item.name}") for item in pkgutil.iter_modules(__path__))
    found = [module.TARGET for module in modules if hasattr(module, "TARGET")]
    return {item.name: item for item in sorted(found, key=lambda item: item.name)}
