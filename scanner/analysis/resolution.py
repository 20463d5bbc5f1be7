"""What the name of a class or a method stands for: signatures of known libraries, and methods of the program."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.remote import REQUEST
from scanner.analysis.state import State
from scanner.analysis.values import Val
from scanner.model.signature import Signature


def sure(state: State, cls: str, ancestors: Sequence[str], signatures: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """Signatures that fit the class; one that only shares its last name part does not, where the program has the class.

    REDCap's own classes stand in the catalogue without namespace: a class of such a name is meant where it is the only
    one.
    """
    if not signatures or cls not in state.program.classes:
        return signatures
    return tuple(
        s
        for s in signatures
        if (s.lib == "redcap" and _only_one_is_called(state, s)) or state.matcher.exact(s, cls, ancestors)
    )


def _only_one_is_called(state: State, signature: Signature) -> bool:
    """Whether one class of the program at most has the last part of a signature's class for its own."""
    short = signature.callable.lower().partition("::")[0].rpartition("\\")[2]
    return len(set(state.program.by_last_part.get(short, ()))) <= 1


def refines(state: State, constructor: int, signature: Signature) -> bool:
    """Whether a constructor is that of a subclass of the class that a signature describes: it runs instead."""
    described = signature.callable.lower()
    owner = state.program.class_key(constructor)
    return owner != described and described in state.program.ancestors(owner)


def written(state: State, cls: str) -> str:
    """Name of a class as its declaration writes it."""
    units = state.program.classes.get(cls)
    return units[0].fact.name if units else cls


def implementations(state: State, cls: str, method: str) -> list[int]:
    """The method of a class and its overrides in subclasses, those by a trait that one uses included."""
    numbers: dict[int, None] = {}
    for one in (cls, *state.program.descendants(cls)[:200]):
        numbers.update(dict.fromkeys(declared(state, one, method)))
    return list(numbers)


def declared(state: State, cls: str, method: str) -> list[int]:
    """The method that a class has; more than one where the class is declared under several conditions."""
    own = state.program.find_method(cls, method)
    return [] if own is None else [own, *state.program.declared_again(own)]


def not_yet(called: set[int], numbers: Sequence[int]) -> list[int]:
    """Those of some methods that one call has not run, and runs now: classes of an object share those of a parent."""
    fresh = [number for number in numbers if number not in called]
    called.update(fresh)
    return fresh


def has_namesake(state: State, types: frozenset[str], method: str) -> bool:
    """Whether all classes of an object are known to have a method of a name, so that no other class's is meant.

    `DOMDocument::saveXML` is given a node, `SimpleXMLElement::saveXML` a path.
    """
    propagator, ancestors = state.matcher.propagator, state.program.ancestors
    return bool(types) and all(any(propagator(f"{one}::{method}") for one in ancestors(cls)) for cls in types)


def guessed(state: State, number: int, args: Sequence[Val], value: Val) -> Val:
    """What a method gives back that is only known to have the name that is called on an object of unknown class.

    A static one that takes no arguments and is given some is hardly meant: what it gives may be a secret all the same,
    but is no object (`$nodes->item(0)` is no `API::Item()`).
    """
    fact = state.program.functions[number]
    meant = fact.params or not fact.is_static or not args or "func_get_args" in fact.called
    return value if meant else Val(value.texts, value.labels)


def is_of_request(state: State, name: str) -> bool:
    """Whether a function of PHP gives what the request says, whatever a release declares in its place."""
    source = state.matcher.source(name)
    return source is not None and source.label == REQUEST
