"""How targets are found: a module of `scanner.protect.waf` with a `TARGET` is one."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

import scanner.protect.waf
from scanner.model.protection import Target


@cache
def targets() -> Mapping[str, Target]:
    """Every target of a protection by name, sorted."""
    found: dict[str, Target] = {}
    for info in pkgutil.iter_modules(scanner.protect.waf.__path__):
        candidate = getattr(import_module(f"scanner.protect.waf.{info.name}"), "TARGET", None)
        if isinstance(candidate, Target):
            found[candidate.name] = candidate
    return dict(sorted(found.items()))
