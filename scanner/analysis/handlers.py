"""Register of what PHP's own functions do: each module of handlers adds to it, `builtins` looks them up."""

from __future__ import annotations

from collections.abc import Callable

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import Val
from scanner.model.facts import Call

Handler = Callable[[Evaluator, Call, list[Val]], Val]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler for functions, by lower-case name."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register
