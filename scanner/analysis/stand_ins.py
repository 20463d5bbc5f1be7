"""Functions that act as another one when an argument has a certain value."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from scanner.analysis import sinks
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Arg, Call, Const


class _StandIn(NamedTuple):
    argument: int
    value: str
    function: str
    """What it then acts as."""
    order: tuple[int, ...]
    """Which of its arguments that function gets; -1 for none."""
    fewest: int
    """Arguments without which nothing happens."""


_STAND_INS = {"error_log": _StandIn(1, "1", "mail", (2, -1, 0, 3), 3)}
"""Source: PHP manual, `error_log`: message type 1 sends the message by mail to the address in the third argument."""


def act(evaluator: Evaluator, call: Call, api: str, args: list[Val]) -> None:
    """Apply what the call does in another function's stead, if it does."""
    other = _STAND_INS.get(api.lower().lstrip("\\"))
    if other is None or len(args) < other.fewest or other.value not in evaluator.known_texts(args[other.argument]):
        return
    order = [index for index in other.order if index < len(args)]
    values = [args[index] if index >= 0 else NOTHING for index in order]
    places = tuple(call.args[index] if index >= 0 else Arg(Const("")) for index in order)
    mapped = msgspec.structs.replace(call, args=places)
    signatures = evaluator.state.matcher.function(other.function)
    sinks.apply(evaluator, mapped, signatures, values, None, api=api, certain=True)
