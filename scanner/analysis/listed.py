"""Arrays of which all is known: each element, its key and its order; and what is left where that is not so.

A function that drops, moves or numbers elements anew must not give the array as it was: an element that the scanner
sees in a place where PHP has another hides that other. Where not all is known, each place may have any element.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.array_keys import is_number
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import contents
from scanner.analysis.summary import ANY, opened
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.model.facts import Call, Index, Prop, StaticProp, Var

Pair = tuple[str, Val]
_PLACES = (Var, Index, Prop, StaticProp)


def is_complete(value: Val) -> bool:
    """Whether an array has these elements in this order and no others."""
    return value.items is not None and value.rest is None and not (value.loose or value.texts or value.types)


def is_list(value: Val) -> bool:
    """Whether the keys that are told apart are 0, 1, 2 and so on in this order."""
    return all(key == str(place) for place, key in enumerate(value.items or {}))


def pairs(value: Val) -> list[Pair]:
    """Keys and elements that are told apart, in their order."""
    return list((value.items or {}).items())


def array(elements: Iterable[Pair], of: Val = NOTHING) -> Val:
    """An array of these elements, with the labels of the array that they are from."""
    return Val(items=dict(elements), labels=of.labels)


def numbered(elements: Iterable[Pair], *, named: bool = False) -> list[Pair]:
    """Elements with numbers from 0 for keys; `named`: those whose key is no number keep it."""
    made: list[Pair] = []
    number = 0
    for key, item in elements:
        keeps = named and not is_number(key)
        made.append((key if keeps else str(number), item))
        number += not keeps
    return made


def any_element(evaluator: Evaluator, value: Val) -> Val:
    """What any one element of an array may be; of one that only callers know, theirs."""
    of_caller = opened(value, ANY, evaluator.state.holes)
    if of_caller is NOTHING:
        return contents(evaluator, value)
    return evaluator.join(of_caller, contents(evaluator, value)) if value.height else of_caller


def labelled(evaluator: Evaluator, value: Val, by: Iterable[Val]) -> Val:
    """A value with the labels of others that decide what it is: the array it is from, or with which it is compared."""
    labels = join_all((Val(labels=one.labels) for one in by if one.labels), evaluator.state.overflow)
    return value if labels is NOTHING else evaluator.join(value, labels)


def in_any_order(evaluator: Evaluator, value: Val, *added: Val, named: bool = False) -> Val:
    """An array each of whose places may have any of the elements; `named`: those whose key is no number keep it.

    `added`: further elements. A value of which nothing is known stays what it is: so are its elements.
    """
    of_caller = opened(value, ANY, evaluator.state.holes) is not NOTHING
    if value.items is None and value.rest is None and not of_caller:
        return evaluator.join(value, Val(rest=join_all(added, evaluator.state.overflow))) if added else value
    kept = {key: item for key, item in pairs(value) if named and not is_number(key)}
    others = value.replaced(items={key: item for key, item in pairs(value) if key not in kept})
    moved = bool(others.items) or others.rest is not None or of_caller
    rest = join_all([*([any_element(evaluator, others)] if moved else ()), *added], evaluator.state.overflow)
    sites = value.sites if of_caller else frozenset[int]()
    whole = rest if moved or added else NOTHING
    return Val(items=kept or None, rest=whole, labels=value.labels, sites=sites, loose=True)


def perhaps(value: Val) -> Val:
    """The same array, of whose elements any may be missing or stand elsewhere in the order; keys stay."""
    return value.replaced(loose=True, types=frozenset(), sites=frozenset(s for s in value.sites if s < 0))


def one_text(evaluator: Evaluator, args: list[Val], position: int) -> str | None:
    """The one text that an argument is known to be."""
    if position >= len(args) or len(args[position].texts) != 1:
        return None
    known = evaluator.known_texts(args[position])
    return known[0] if known else None


def number_of(evaluator: Evaluator, args: list[Val], position: int, default: int | None) -> int | None:
    """An argument that is a whole number; `default` where none is passed, None where it is not known."""
    if position >= len(args):
        return default
    text = one_text(evaluator, args, position)
    return int(text) if text is not None and is_number(text) else None


def flag(evaluator: Evaluator, node: Call, args: list[Val], position: int) -> bool | None:
    """An argument that says yes or no; None where it is not known."""
    if position >= len(args) or is_null(node, args, position):
        return False
    text = one_text(evaluator, args, position)
    return None if text is None else text not in ("", "0")


def is_null(node: Call, args: list[Val], position: int) -> bool:
    """Whether an argument is written as `null` or `false`: neither has a text."""
    written = node.args[position].value if position < len(node.args) else None
    return position < len(args) and args[position] is NOTHING and getattr(written, "value", 1) in (None, False)


def write_back(evaluator: Evaluator, node: Call, value: Val) -> None:
    """The first argument of a call gets another value: PHP has it by reference."""
    place = node.args[0].value if node.args else None
    if isinstance(place, _PLACES):
        evaluator.state.interpreter.write(evaluator, place, value)
