"""Generators: what they yield, under which keys, and what they are sent.

A generator is known by the function that makes it. What is sent to it is kept as what is put into a collection is (see
`containers`), and is the value of every `yield` of that function. Source: the manual, class Generator.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import collecting, containers
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import contents, handles, labels_of
from scanner.analysis.listed import array, flag, in_any_order, is_complete, is_list, numbered, pairs
from scanner.analysis.shared import YIELDED
from scanner.analysis.templates import OF_OBJECT
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, text_value
from scanner.model.facts import Call, Op

CLASS = "generator"
KEYS = "\0keys"
"""Element of a generator: the keys that it gives, which no PHP code can name."""
_TYPES = frozenset({CLASS})
_PLACE = -3
"""Stands for the place of an allocation that no code makes: the call of a generator function makes it."""
_SENT_BY = frozenset({"send"})
_THROWN_BY = "throw"
_THROWN = "\0thrown"
"""What is thrown into a generator, as a property that no PHP code can name."""


def made(evaluator: Evaluator, value: Val, key: Val = NOTHING, place: str = "") -> Val:
    """The generator that the function returns, with one value that it yields or returns.

    `key`: what it is yielded under; `place`: its number among those without keys, where that is known.
    """
    site = evaluator.state.site(evaluator.number, _PLACE)
    evaluator.state.collections.add(site)
    named = evaluator.known_texts(key)
    if place:
        return Val(items={place: value}, types=_TYPES, sites=frozenset([site]))
    items = dict.fromkeys(named[:1], value) if len(named) == 1 else {}
    if key is not NOTHING:
        items[KEYS] = key
    labels = {} if items else value.labels  # an element of a known key is that element, not any of them
    return Val(rest=value, labels=labels, types=_TYPES, items=items or None, sites=frozenset([site]))


def yielded(evaluator: Evaluator, node: Op, operands: Sequence[Val]) -> Val:
    """A `yield`: its operand goes to whoever runs the generator, what that sends is its value.

    `operands`: of `yield from` the elements of what is delegated to, behind their keys where these are known.
    """
    pair = len(operands) > 1
    place = _next_place(evaluator) if node.op == "yield" and len(operands) == 1 else ""
    generator = made(evaluator, operands[-1] if operands else NOTHING, operands[0] if pair else NOTHING, place)
    if node.op == "yield from" and operands:  # what is sent goes on to the other
        generator = generator.replaced(sites=generator.sites | operands[-1].sites)
    evaluator.returns = evaluator.join(evaluator.returns, generator)
    own = Val(sites=frozenset([evaluator.state.site(evaluator.number, _PLACE)]))
    evaluator.thrown = evaluator.join(evaluator.thrown, evaluator.project(own, OF_OBJECT + _THROWN))
    if node.op == "yield from":  # what the other generator returns
        return operands[-1] if operands else NOTHING
    sent = containers.elements(evaluator, own)
    return evaluator.join(sent, evaluator.unknown(node)) if not sent.items else sent


def _next_place(evaluator: Evaluator) -> str:
    """Number of the next value without a key; empty where branches or loops come before it."""
    before = evaluator.env.get(YIELDED, text_value("0")).texts
    if len(before) != 1:
        return ""
    (place,) = before
    evaluator.env[YIELDED] = text_value(str(int(place) + 1))
    return place


@handles("iterator_to_array")
def _listed(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Elements of a generator or a collection, under their keys where those are known (see `objects`, too)."""
    value = args[0] if args else NOTHING
    known = collecting.listed(evaluator, value)
    if known is not None:
        keeps = flag(evaluator, node, args, 1) if len(args) > 1 else True
        collecting.walked(evaluator, value)
        return array(known if keeps else numbered(known)) if keeps is not None else Val(rest=contents(evaluator, value))
    if value.types and containers.container(evaluator, value):
        value = value.replaced(rest=containers.elements(evaluator, value), loose=True)
    if value.items is None and value.rest is None:
        held = containers.elements(evaluator, value) if containers.container(evaluator, value) else NOTHING
        return Val(evaluator.unknown(node).texts, labels_of(evaluator, args), rest=None if held is NOTHING else held)
    items = {key: item for key, item in (value.items or {}).items() if key != KEYS}
    by_number = value.types == _TYPES and is_list(Val(items=items))  # one behind the other, as they are yielded
    made = Val(items=items or None, rest=value.rest, labels=value.labels, loose=value.loose and not by_number)
    keeps = flag(evaluator, node, args, 1) if len(args) > 1 else True
    if keeps:
        return made
    moved = array(numbered(pairs(made)), made) if is_complete(made) else in_any_order(evaluator, made)
    return moved if keeps is False else evaluator.join(made, moved)


def called(evaluator: Evaluator, method: str, receiver: Val, args: Sequence[Val]) -> Val:
    """A method of a generator."""
    if method == "key":
        return (receiver.items or {}).get(KEYS, evaluator.unknown("$key"))
    if method in _SENT_BY and args:
        containers.hold(evaluator, receiver.sites, args[0])
    if method == _THROWN_BY and args:
        _throw(evaluator, receiver, args[0])
    items = {key: item for key, item in (receiver.items or {}).items() if key.isdecimal()}
    told = receiver.rest is not None or items
    found = [contents(evaluator, receiver.replaced(items=items or None))] if told else []
    if method in _SENT_BY and not receiver.sites:  # nobody knows what it does with what it gets
        found += args
    return join_all([*found, Val(labels=receiver.labels)], evaluator.state.overflow)


def _throw(evaluator: Evaluator, receiver: Val, exception: Val) -> None:
    """`$generator->throw($exception)`: each of its `yield` may throw that; what it delegates to gets it as well."""
    thrown = Val(labels=all_labels(exception), types=exception.types, sites=exception.sites)
    for site in sorted(receiver.sites):
        if containers.holds(evaluator, site):
            evaluator.stored_sites.add(site)
            evaluator.set_site(site, "." + _THROWN, thrown)
