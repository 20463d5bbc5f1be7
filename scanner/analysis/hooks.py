"""Methods of subclasses of a library's class, which the library runs by itself.

A class that extends `PHPMailer` and has a `preSend` of its own gets every mail before it leaves, whether the library is
in the release or not: `send()` runs it. What it does to the object is done before the call is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from scanner.analysis import options
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.program import Program
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, Unknown
from scanner.model.signature import CallableKind, Certainty, Signature

_RUNS_NOTHING = frozenset({"db", "dns", "file-url", "image-url", "socket", "xml-url"})
"""Kinds of classes that run no methods of their subclasses by themselves."""
_MAX_HOOKS = 24
_MAX_CLASSES = 4
_called: WeakKeyDictionary[Program, frozenset[str]] = WeakKeyDictionary()
"""Names of all that the code of a program calls."""


def run(
    evaluator: Evaluator,
    call: Call,
    signature: Signature,
    args: list[Val],
    receiver: Val | None,
    roles: dict[str, Val],
) -> None:
    """Run what a subclass in the program has in the place of methods of the class that a signature describes.

    What that gives back, the library may send: it is added to `roles`.
    """
    if receiver is None or signature.type is not CallableKind.METHOD or call.receiver == "parent":
        return
    described, _separator, method = signature.callable.lower().rpartition("::")
    found: list[Val] = []
    for cls in _classes(evaluator.state.program, described, receiver):
        below = list(_below(evaluator.state.program, cls, described))
        if not below:
            continue
        number = evaluator.state.program.find_method(cls, method)
        if number is not None and evaluator.state.program.class_key(number) in below and number != evaluator.number:
            found.append(evaluator.state.interpreter.apply(evaluator, call, number, args, receiver))
        if signature.certainty is not Certainty.NEVER_ALONE and signature.kind not in _RUNS_NOTHING:
            found += _hooks(evaluator, described, method, below, receiver, args)
    sent = join_all((Val(labels=all_labels(value)) for value in found), evaluator.state.overflow)
    if sent.labels:
        options.add(evaluator, roles, "payload", sent)


def _classes(program: Program, described: str, receiver: Val) -> list[str]:
    """Classes that an object may have: one that callers pass may be of a subclass of the library's own."""
    passed = (not receiver.types or described in receiver.types) and all(site < 0 for site in receiver.sites)
    below = program.descendants(described, _MAX_CLASSES) if passed else []
    return sorted({*receiver.types, *below})[:_MAX_CLASSES]


def _below(program: Program, cls: str, described: str) -> Iterator[str]:
    """A class and its parents below one that a library declares; nothing where it is none of that class."""
    ancestors = program.ancestors(cls)
    if cls == described or described not in ancestors:
        return
    for one in (cls, *ancestors):
        if one == described:
            return
        if one in program.classes:
            yield one


def _hooks(
    evaluator: Evaluator, described: str, method: str, below: list[str], receiver: Val, args: list[Val]
) -> Iterator[Val]:
    """Run the methods that the library may call. They may get anything that it was given, or that the object holds."""
    program = evaluator.state.program
    numbers = dict.fromkeys(
        number
        for cls in below
        for name, number in sorted(program.own_methods(cls).items())
        if name != method and number != evaluator.number and _is_hook(program, described, name, number)
    )
    held = evaluator.with_sites({}, receiver.sites)
    labels = join_all((Val(labels=all_labels(value)) for value in held.values()), evaluator.state.overflow).labels
    unknown = Val(evaluator.unknown("what the library gives it").texts, labels)
    given = join_all([unknown, *args], evaluator.state.overflow)
    for number in list(numbers)[:_MAX_HOOKS]:
        fact = program.functions[number]
        made = evaluator.run_method(number, [given] * len(fact.params), Unknown(fact.name), receiver)
        yield made if _overrides(program, described, fact.name.lower(), number) else NOTHING


def _is_hook(program: Program, described: str, name: str, number: int) -> bool:
    """Whether a method stands in the place of one of the library: that has it, or it calls it, or nothing else does."""
    if program.functions[number].is_static or name.startswith("__"):
        return False
    return _overrides(program, described, name, number) or (
        described not in program.classes and name not in _calls(program)
    )


def _overrides(program: Program, described: str, name: str, number: int) -> bool:
    """Whether a method surely stands in the place of another: the library has it, or it calls that itself."""
    if described in program.classes:
        return program.find_method(described, name) is not None
    return name in program.functions[number].called


def _calls(program: Program) -> frozenset[str]:
    known = _called.get(program)
    if known is None:
        known = _called[program] = frozenset(name for fact in program.functions for name in fact.called)
    return known
