"""Objects of the program that are given to objects of libraries: handlers of a logger, subscribers of a dispatcher.

`$log->pushHandler(new OwnHandler)` and `$log->error($text, [$secret])`: the library, which the release may not hold,
calls a method of the object with what it is given later. A secret of the site that is given to what sounds like the
second half may reach each method that such a library calls. Source: documentation of PSR-3, PSR-14 and Monolog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.handlers import call_of_value
from scanner.analysis.objects import exposed
from scanner.analysis.values import Trace, Val, all_labels, join_all
from scanner.model.facts import Call

_ATTACHED = "\2attached"
"""Space of the stores of such objects' classes, by the library that has got them."""
_ANY = "*"
"""A library that nobody knows."""
_TAKES = re.compile(
    r"(?:add|append|attach|push|register|set|use|with)_?"
    r"(?:handler|listener|middleware|observer|plugin|processor|subscriber|transport|writer)s?|attach|subscribe|use"
)
_GIVES = re.compile(
    r"alert|critical|debug|dispatch|emergency|emit|error|fire|info|log|notice|notify|publish|send|trigger|warning"
)
_CALLED = re.compile(r"__invoke|do(?:send|write)|handle|log|notify|on\w+|process|send|update|write")
"""Methods that a library calls."""
_MAX_CLASSES = 8
_MAX_METHODS = 4


@lru_cache(maxsize=1 << 14)
def _kind(name: str) -> str:
    return "takes" if _TAKES.fullmatch(name) else "gives" if _GIVES.fullmatch(name) else ""


def called(evaluator: Evaluator, call: Call, name: str, receiver: Val, args: Sequence[Val]) -> None:
    """Effect of a method of an object of a library, where the way through it cannot be followed."""
    kind = _kind(name.lower())
    program = evaluator.state.program
    if not kind or (program.own_classes(receiver.types) and not _libraries(receiver)):
        return
    if kind == "takes":
        for own in filter(None, (program.own_classes(arg.types) for arg in args if arg.types)):
            for library in _libraries(receiver) or [_ANY]:
                evaluator.state.write_store((_ATTACHED, library), Val(types=frozenset(own)))
        return
    secrets = _secrets(evaluator, args)
    if not secrets or _is_told(evaluator, call, secrets):
        return
    libraries = [_ANY, *_libraries(receiver)]
    waiting = join_all((evaluator.state.read_store((_ATTACHED, library)) for library in libraries), "")
    for cls in program.own_classes(waiting.types)[:_MAX_CLASSES]:
        _run(evaluator, call, cls, secrets)


def _is_told(evaluator: Evaluator, call: Call, secrets: Mapping[str, Trace]) -> bool:
    """Whether the library could be followed: then the call is known to send them by way of its functions."""
    followed = (hit for hit in evaluator.hits.values() if hit.start == call.start and hit.via)
    sent = (role for hit in followed for role in hit.roles.values())
    return any(not secrets.keys().isdisjoint(all_labels(value)) for value in sent)


def _libraries(receiver: Val) -> list[str]:
    """First parts of the namespaces of an object's classes."""
    return sorted({cls.partition("\\")[0] for cls in receiver.types if "\\" in cls})


def _secrets(evaluator: Evaluator, args: Sequence[Val]) -> dict[str, Trace]:
    """Secrets of the site in what is given, or in the properties of objects."""
    is_specific = evaluator.state.is_specific
    values = (exposed(evaluator, arg) if arg.types or arg.sites else all_labels(arg) for arg in args)
    return {label: trace for labels in values for label, trace in labels.items() if is_specific(label)}


def _run(evaluator: Evaluator, call: Call, cls: str, secrets: dict[str, Trace]) -> None:
    """The methods of a class with a record that holds the secrets."""
    carried = Val(evaluator.unknown("$record").texts, secrets)
    record = carried.replaced(rest=carried)
    for method in _methods(evaluator, cls):
        if evaluator.inlined >= MAX_INLINE_CLOSURES:
            return
        evaluator.inlined += 1
        pair = Val(items={"0": Val(types=frozenset([cls])), "1": Val(frozenset([method]))})
        evaluator.state.interpreter.call_value(evaluator, call_of_value(call, 1), pair, [record], literal=True)


def _methods(evaluator: Evaluator, cls: str) -> Iterator[str]:
    program = evaluator.state.program
    found = [name for name, number in sorted(program.own_methods(cls).items()) if program.functions[number].params]
    yield from [name for name in found if _CALLED.fullmatch(name)][:_MAX_METHODS]
