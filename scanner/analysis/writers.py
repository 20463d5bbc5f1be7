"""Who sets what is read: methods that no relevant function calls, and that put something into a property.

Evaluated is what can send, what holds a secret, and who calls those. A constructor of a subclass, or a method that does
nothing but fill a property, is none of these; what it puts there is what a method of the parent, or a trait, sends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.analysis.keyed import NAMED, put_unsaid
from scanner.analysis.program import Program
from scanner.analysis.relevance import Callers
from scanner.analysis.state import NOBODY, State
from scanner.analysis.summary import Hit
from scanner.analysis.values import Val
from scanner.model.facts import Assign, Call, Index, Prop, StaticProp, Unknown, Value, decode_body, nodes, text_mark
from scanner.model.signature import Certainty

_STATIC = "::"
_ON_THIS_MACHINE = frozenset({"code", "code-write", "include-url", "redirect", "runtime"})
_RELATIVE = frozenset({"self", "static"})
_PUSHES = frozenset({"array_push", "array_unshift"})


def waiting(state: State, callers: Callers) -> set[int]:
    """Functions that are to be evaluated, once all that is relevant has been."""
    found = set(_constructors(state))
    for number in _of_empty(state):
        found.update(callers.of(number) if number in state.summaries else (number,))  # a setter: callers say what
    return found - state.summaries.keys()


def made_nowhere(state: State) -> None:
    """Run constructors that may go without arguments, of classes that no code makes by name: a framework makes them."""
    program = state.program
    called = {name for fact in program.functions for name in fact.called}
    for number in sorted(state.summaries):
        fact = program.functions[number]
        cls = program.class_key(number)
        if fact.name.lower() != "__construct" or not fact.params or cls.rpartition("\\")[2] in called:
            continue
        made_within = any(not _RELATIVE.isdisjoint(program.functions[n].called) for n in _methods(program, cls))
        if made_within or any(param.default is None for param in fact.params):
            continue
        outer, state.current = state.current, number
        instance = Val(types=frozenset([cls]))
        state.interpreter.evaluator(number).run_method(number, [], Unknown("new"), instance)
        state.current = outer


def is_called(state: State, number: int) -> bool:
    """Whether another function took the summary of a function in."""
    return not state.users[number] <= {number, NOBODY}


def called_nowhere(state: State) -> None:
    """Functions that keep something under a key which their callers say, and that no code calls: a framework does."""
    for number in sorted(state.summaries):
        effects = state.summaries[number].effects
        if any(effect.target == NAMED for effect in effects) and not is_called(state, number):
            outer, state.current = state.current, number
            put_unsaid(state.interpreter.evaluator(number), effects)
            state.current = outer


def _constructors(state: State) -> Iterator[int]:
    """Constructors of classes of which a method was evaluated, save those that the reads of their own class ran."""
    program = state.program
    classes = {program.class_key(number) for number in state.summaries if program.functions[number].cls}
    for cls in classes:
        constructor = program.find_method(cls, "__construct") if len(program.ancestors(cls)) > 1 else None
        if constructor is not None and constructor not in state.summaries:
            yield constructor


def _of_empty(state: State) -> Iterator[int]:
    """Methods that write a property of which nothing is known, and which was read by what sends, or for it."""
    program = state.program
    senders = {number for number, summary in state.summaries.items() if any(_sends(state, hit) for hit in summary.hits)}
    senders |= {note.function for note in state.notes if note.kind == "dynamic-call"}  # nobody knows what that does
    wanted: dict[str, set[str]] = defaultdict(set)
    for (cls, name), readers in state.readers.items():
        if cls not in program.classes or (cls, name) in state.stores:
            continue
        if not senders.isdisjoint(readers) or any(not senders.isdisjoint(state.users[number]) for number in readers):
            wanted[cls].add(name.removeprefix(_STATIC))
    for cls, names in wanted.items():
        marks = [text_mark(name) for name in names]
        for number in _methods(program, cls):
            body = program.functions[number].body
            if any(mark in bytes(body) for mark in marks) and not names.isdisjoint(_written(nodes(decode_body(body)))):
                yield number


def _sends(state: State, hit: Hit) -> bool:
    """Whether the call of a sink may leave the server, to an address that is an argument or belongs to a client."""
    signature = hit.signature
    if signature.certainty is Certainty.IF_URL:
        values = hit.roles.values()
        return any("://" in text for value in values for text in value.texts) or any(map(state.secrets_of, values))
    return signature.certainty is Certainty.ALWAYS and signature.kind not in _ON_THIS_MACHINE


def _methods(program: Program, cls: str) -> Iterator[int]:
    for one in (cls, *program.descendants(cls)):
        yield from program.own_methods(one).values()


def _written(body: Iterable[object]) -> Iterator[str]:
    """Names of properties that a function assigns, or appends to."""
    for node in body:
        if isinstance(node, Assign):
            yield from _property(node.target)
        elif isinstance(node, Call) and node.name in _PUSHES and node.args:
            yield from _property(node.args[0].value)


def _property(target: Value) -> Iterator[str]:
    while isinstance(target, Index):
        target = target.base
    if isinstance(target, Prop | StaticProp) and isinstance(target.name, str):
        yield target.name
