"""Arguments that are passed by reference: what a function leaves in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.analysis.values import Val

if TYPE_CHECKING:  # a frame asks when it makes its summary
    from scanner.analysis.evaluator import Evaluator
    from scanner.analysis.frame import Frame
    from scanner.model.facts import Call

SCRATCH = "\0scratch"
"""A variable that no code names: the place of an argument that is no place of the scanned program."""


def passed_back(frame: Frame) -> list[tuple[int, Val]]:
    """What callers find in the arguments that may have been assigned, by number.

    That is all that was assigned, since the function may end early, and what is there in the end: what was passed,
    where the assignment stands in a branch. In a concrete run it is the last alone.
    """
    found: list[tuple[int, Val]] = []
    for index, value in sorted(frame.by_ref.items()):
        last = frame.env.get(frame.fact.params[index].name, value)
        found.append((index, last if frame.concrete else frame.join(value, last)))
    return found


def hand_back(evaluator: Evaluator, call: Call, inner: Frame) -> None:
    """Give the arguments of a call what a closure has left in them, where each stands in its place."""
    if any(arg.name or arg.spread for arg in call.args):
        return
    for index, value in passed_back(inner):
        if index < len(call.args):
            evaluator.state.interpreter.write(evaluator, call.args[index].value, value)
