"""Which calls are followed into, and what of an argument is worth working out before."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.frame import PRIMITIVES
from scanner.analysis.program import Program
from scanner.analysis.state import State
from scanner.analysis.values import Val, all_labels
from scanner.model.facts import SHORT_BODY

_FEW_WORDS = 32
"""Size of a `__toString` that only joins what the object holds."""


def worth(state: State, number: int) -> bool:
    """Whether a function is followed into from a call, whatever it is given."""
    fact = state.program.functions[number]
    if number in state.followed or number in state.summaries or fact.size <= SHORT_BODY:
        return True
    return number in state.kept.wanted or names_kept_secret(state, number)


def names_kept_secret(state: State, number: int) -> bool:
    """Whether a function names a property of its class, a static property or a global that holds a secret."""
    kept = state.kept
    version, answer = kept.known.get(number, (0, False))
    if version == kept.version or answer:
        return answer
    program = state.program
    marks = [kept.shared, *(kept.properties[cls] for cls in _classes(program, number) if cls in kept.properties)]
    body = bytes(program.functions[program.with_body(number)].body) if any(marks) else b""
    answer = any(mark in body for group in marks for mark in group)
    kept.known[number] = (kept.version, answer)
    return answer


def _classes(program: Program, number: int) -> Sequence[str]:
    cls = program.class_key(number)
    return program.ancestors(cls) if cls else ()


def holds_secret(evaluator: Evaluator, value: Val) -> bool:
    """Whether what a function is given decides that it is followed, however long it is: it may keep it somewhere."""
    if any(map(evaluator.state.is_specific, all_labels(value))):
        return True
    states = (evaluator.sites, evaluator.state.site_states) if value.types else ()
    return any(state.held(site).secrets for site in value.sites if site >= 0 for state in states)


def printable(evaluator: Evaluator, number: int, args: list[Val]) -> list[Val]:
    """Arguments with what objects are as text, where the callee does not know their class: it may print them."""
    if not any(arg.types and not arg.texts for arg in args):
        return args
    params = evaluator.state.program.functions[number].params
    typed = [not PRIMITIVES.issuperset(param.types) for param in params[: len(args)]]
    typed += [False] * (len(args) - len(typed))
    return [
        _with_text(evaluator, arg) if arg.types and not known and _tells(evaluator, arg) else arg
        for arg, known in zip(args, typed, strict=True)
    ]


def _with_text(evaluator: Evaluator, value: Val) -> Val:
    """An object with its text, and the secrets of the site in it: what else is in it, methods of its class tell."""
    text = evaluator.stringified(value)
    return value.replaced(texts=text.texts, labels={**evaluator.state.lasting(text.labels), **value.labels})


def _tells(evaluator: Evaluator, value: Val) -> bool:
    """Whether the text of an object can hold a secret, or is put together in a few words."""
    program = evaluator.state.program
    for cls in value.types:
        number = program.find_method(cls, "__tostring")
        if number is not None:
            fact = program.functions[number]
            if fact.size <= _FEW_WORDS or names_kept_secret(evaluator.state, number):
                return True
    return False
