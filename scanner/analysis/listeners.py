"""Functions that are given to objects of libraries, and run when somebody gives those objects a value.

`$promise->then($f)` and `$promise->resolve($x)`, `$bus->on('saved', $f)` and `$bus->emit('saved', $x)`: what stands in
between may be a library that the release does not hold, or a queue that nobody can follow. A secret that is given to
what sounds like the second half may reach every function that was given to the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.handlers import call_of_value
from scanner.analysis.objects import secrets_in
from scanner.analysis.program import Program
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, stepped
from scanner.model.facts import Call, CallKind

_GIVEN = "\2given"
"""Space of the secrets that were given to whoever waits, by the name of what they wait for: those functions are run
with these."""
_ANY, _ALL = "*", "**"
"""Names of what was given under a name that nobody knows, or under none; and of all that was given."""
_TAKES = re.compile(
    r"then|done|always|otherwise|tap|each|map|pipe|finally|on(?:ce)?|listen|when|catch|await|async|"
    r"(?:add|set|register|attach|bind)_?(?:listener|handler|callback|observer|subscriber|action|filter|hook|event)\w*|subscribe"
)
_GIVES = re.compile(
    r"resolve|fulfill|promisefor|dispatch\w*|emit|fire|trigger|notify|publish|broadcast|raise|do_?action\w*|apply_?filters\w*"
)
_DYNAMIC = frozenset({"()", "call_user_func", "call_user_func_array", "array_map", "array_walk", "iterator_apply"})
"""Names among those that a function calls that tell that it calls what it holds."""
_LEVELS = 3
"""Levels of callees among which is looked for such a call."""


@lru_cache(maxsize=1 << 14)
def _kind(name: str) -> str:
    short = name.rpartition("\\")[2]
    return "takes" if _TAKES.fullmatch(short) else "gives" if _GIVES.fullmatch(short) else ""


def called(evaluator: Evaluator, call: Call, name: str, receiver: Val, args: Sequence[Val], result: Val) -> Val:
    """Value of a call with what functions give back that it runs, or that wait for it."""
    kind = _kind(name.lower())
    if not kind:
        return result
    if kind == "takes":
        return _taken(evaluator, call, receiver, args, result)
    secrets = _secrets(evaluator, args)
    if secrets.labels and not _is_told(evaluator, call, secrets):
        events = _events(evaluator, args)
        if not events and _runs_callables(evaluator.state.program, _callees(evaluator, call, name, receiver)):
            return result  # a function of the program, which is followed: else who waits for anything would get it
        way = f"given to {name}()"
        labels = {label: stepped(trace, evaluator.path, call.line, way) for label, trace in secrets.labels.items()}
        for event in (*(events or [_ANY]), _ALL):
            evaluator.state.write_store((_GIVEN, event), Val(labels=labels))
    return result


def _callees(evaluator: Evaluator, call: Call, name: str, receiver: Val) -> list[int]:
    """Functions of the program that a call is of; none where it may be another's."""
    program, lower = evaluator.state.program, name.lower()
    if call.kind is CallKind.FUNCTION:
        return list(program.by_name.get(lower, ()))
    of_class = call.receiver if call.kind is CallKind.STATIC else None
    classes = sorted(receiver.types) if of_class is None else evaluator.class_names(of_class)
    found = [program.find_method(cls, lower) for cls in classes]
    return [number for number in found if number is not None] if None not in found else []


def _runs_callables(program: Program, functions: Iterable[int]) -> bool:
    """Whether some functions, or what they call by name in their own class, call what they hold: that is followed."""
    seen, level = set[int](), set(functions)
    for _depth in range(_LEVELS):
        found = set[int]()
        for number in level:
            called = program.functions[number].called
            if not _DYNAMIC.isdisjoint(called):
                return True
            own = program.own_methods(program.class_key(number))
            found.update(own[name] for name in called if name in own)
            found.update(one for name in called for one in program.by_name.get(name, ())[:1])
        seen |= level
        level = found - seen
    return False


def _events(evaluator: Evaluator, args: Sequence[Val]) -> list[str]:
    """Names that the first of several arguments says; none where it is a pattern, or may be what nobody knows."""
    names = evaluator.known_texts(args[0]) if len(args) > 1 else []
    said = len(names) == len(args[0].texts) and not any("*" in name for name in names) if args else False
    return names if said else []


def _is_told(evaluator: Evaluator, call: Call, secrets: Val) -> bool:
    """Whether what stands in between could be followed: then the call is known to send them."""
    sent = (role for hit in evaluator.hits.values() if hit.start == call.start for role in hit.roles.values())
    return any(not secrets.labels.keys().isdisjoint(all_labels(value)) for value in sent)


def _taken(evaluator: Evaluator, call: Call, receiver: Val, args: Sequence[Val], result: Val) -> Val:
    functions = [arg for arg in args if arg.refs]
    if not functions:
        return result
    given = _secrets(evaluator, [receiver])
    events = _events(evaluator, args)
    anybody = join_all(
        (evaluator.state.read_store((_GIVEN, event)) for event in ((*events, _ANY) if events else (_ALL,))),
        evaluator.state.overflow,
    )
    for function in functions:
        if given.labels:
            result = evaluator.join(result, _run(evaluator, call, function, given))
        if not given.labels.keys() >= anybody.labels.keys():
            _run(evaluator, call, function, anybody)
    return result


def _secrets(evaluator: Evaluator, values: Sequence[Val]) -> Val:
    """Secrets of the site in some values, or in the properties of objects."""
    found = [Val(labels=secrets_in(evaluator, value) if value.sites else all_labels(value)) for value in values]
    labels = join_all(found, evaluator.state.overflow).labels
    return Val(labels={label: trace for label, trace in labels.items() if evaluator.state.is_specific(label)})


def _run(evaluator: Evaluator, call: Call, function: Val, given: Val) -> Val:
    if evaluator.inlined >= MAX_INLINE_CLOSURES:
        return NOTHING
    evaluator.inlined += 1
    value = Val(evaluator.unknown("$given").texts, given.labels)
    return evaluator.state.interpreter.call_value(evaluator, call_of_value(call, 1), function, [value], literal=True)
