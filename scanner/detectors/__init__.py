"""One module per rule; each holds `DETECTOR`, and its docstring is the rule's page."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scanner.detectors.base import Detector, Scene
from scanner.model.finding import Rule

__all__ = ["Detector", "Scene", "detectors", "rules"]


@cache
def detectors() -> tuple[Detector, ...]:
    """All detectors, by rule id."""
    found: list[Detector] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        detector = getattr(loaded, "DETECTOR", None)
        if isinstance(detector, Detector):
            found.append(detector)
    return tuple(sorted(found, key=lambda item: item.rule.id))


def rules() -> tuple[Rule, ...]:
    """All rules, sorted by id."""
    return tuple(detector.rule for detector in detectors())
