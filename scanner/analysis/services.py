"""Containers of services: a closure that is put under a name, and what it gives where that name is asked for.

`$c['mailer'] = fn ($c) => new Mailer($c['host']);` and `$c->set('mailer', ...)`: what such a closure makes is what
`$c['mailer']` and `$c->get('mailer')` give, whichever class the container has. The closure gets the container, and may
ask it for other services. Source: documentation of Pimple, PHP-DI and of PSR-11.
"""

from __future__ import annotations

import re

from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.handlers import call_here
from scanner.analysis.values import NOTHING, Val, join_all

_SERVICE = "\2service"
"""Space of these stores."""
_SETS = frozenset(
    {"bind", "define", "factory", "offsetset", "protect", "scoped", "set", "share", "shared", "singleton"}
)
_GETS = frozenset({"build", "get", "make", "offsetget", "raw", "resolve", "service"})
_NAME = re.compile(r"[\w.\\:-]{1,80}")
_MAX_NAMES = 4


def called(evaluator: Evaluator, name: str, container: Val, args: list[Val], result: Val) -> Val:
    """Value of a method with what the service gives that it asks for."""
    lower = name.lower()
    if lower in _SETS:
        if len(args) > 1 and args[1].refs:
            for key in _stores(evaluator, container, args[0]):
                evaluator.write_shared("store", key, args[1].replaced(labels={}))
        return result
    if lower not in _GETS or not args:
        return result
    return evaluator.join(result, _given(evaluator, container, args[0]))


def _given(evaluator: Evaluator, container: Val, names: Val) -> Val:
    """What the closures give that were put under a name."""
    found: list[Val] = []
    for key in _stores(evaluator, container, names):
        closure = evaluator.state.read_store(key)
        if closure.refs and evaluator.inlined < MAX_INLINE_CLOSURES:
            evaluator.inlined += 1
            here = call_here(evaluator)
            found.append(evaluator.state.interpreter.call_value(evaluator, here, closure, [container], literal=True))
    return join_all(found, evaluator.state.overflow) if found else NOTHING


def _stores(evaluator: Evaluator, container: Val, names: Val) -> list[tuple[str, str]]:
    """Stores of a service: by its name, and the class of the container and its parents where that is known."""
    known = [text for text in evaluator.known_texts(names) if _NAME.fullmatch(text)][:_MAX_NAMES]
    program = evaluator.state.program
    own = program.own_classes(container.types)[:_MAX_NAMES] if known else []
    classes = sorted({key for cls in own for key in program.ancestors(cls) if key in program.classes}) or [""]
    return [(_SERVICE, f"{cls}\0{name}") for cls in classes for name in known]
