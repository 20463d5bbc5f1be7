"""Secrets in what a class of PHP keeps for a class of the program that extends it.

`class Note extends Exception`, `extends ArrayObject`, `extends SplFileObject`: what the constructor is given is in no
property that the program declares, and comes back by methods that it does not declare (`$this->getMessage()`,
`foreach ($this as $value)`). Which of these gives what is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scanner.analysis.values import NOTHING, Trace, Val, join_all

if TYPE_CHECKING:
    from scanner.analysis.frame import Frame
    from scanner.model.facts import Call

_HELD = "\0inherited"


def keep(frame: Frame, types: frozenset[str], labels: Mapping[str, Trace]) -> None:
    """Remember the secrets that objects of some classes were made with."""
    secrets = {label: trace for label, trace in labels.items() if frame.state.is_specific(label)}
    for cls in _extending(frame, types) if secrets else ():
        frame.write_shared("store", (cls, _HELD), Val(labels=secrets))


def held(frame: Frame, types: frozenset[str]) -> Val:
    """What a method that the program does not declare may give back."""
    found = [frame.state.read_store((cls, _HELD)) for cls in _extending(frame, types)]
    return join_all(found, frame.state.overflow) if found else NOTHING


def of_parent(frame: Frame, call: Call) -> Val:
    """What `parent::current()` may give back."""
    return held(frame, frozenset([frame.cls])) if call.receiver == "parent" else NOTHING


def _extending(frame: Frame, types: frozenset[str]) -> list[str]:
    """Those of some classes that the program declares, and that extend one which it does not."""
    program = frame.state.program
    return [
        cls
        for cls in program.own_classes(types)
        if any(above not in program.classes and "\\" not in above for above in program.ancestors(cls))
    ]
