"""Lists from which something is taken, or to which something is added: `array_shift($list)`, `array_push($list, $x)`.

And what is asked of an array as a whole: its first element, its largest, its elements without their keys. Of known
lists, and of the list of all arguments (see `open_lists`).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import lasting, open_lists
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.listed import (
    any_element,
    array,
    flag,
    in_any_order,
    is_complete,
    labelled,
    number_of,
    numbered,
    pairs,
    perhaps,
    write_back,
)
from scanner.analysis.ordering import largest
from scanner.analysis.scalars import NULL
from scanner.analysis.values import NOTHING, Val, join_all, typed
from scanner.model.facts import Call, Index

TAKING = frozenset({"array_pop", "array_shift"})
ADDING = frozenset({"array_push", "array_unshift"})


def changed(evaluator: Evaluator, call: Call, args: Sequence[Val]) -> Val | None:
    """What a function of PHP gives that makes a list of such a list; None where it is none, or not known which part."""
    name = call.short_name.lower()
    if name == "array_merge":
        return _merged(evaluator, args)
    if not args or not open_lists.is_open(evaluator, args[0]):
        return None
    if name == "array_values":
        return args[0]
    if name == "array_reverse":
        return Val(rest=open_lists.any_of(evaluator, args[0]), loose=True)
    if evaluator.looping or not call.args:
        return None
    if name == "array_shift":
        write_back(evaluator, call, open_lists.listed(evaluator, args[0], 1))
        return open_lists.element(evaluator, args[0], 0)
    if name == "array_unshift":
        before = Val(items={str(number): value for number, value in enumerate(args[1:])})
        write_back(evaluator, call, open_lists.joined(evaluator, [before, args[0]]) or args[0])
        return NOTHING
    return None


def _merged(evaluator: Evaluator, args: Sequence[Val]) -> Val | None:
    """Lists behind one another; known ones may lack elements, which are then what they were, under their own keys."""
    made = open_lists.joined(evaluator, args)
    if made is None or any(open_lists.is_open(evaluator, arg) for arg in args):
        return made
    return perhaps(join_all([*args, made], evaluator.state.overflow))


@handles(*sorted(TAKING))
def _take(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The first or last element of a list, which then lacks it; any of them where that is not known."""
    if not args:
        return NOTHING
    if (taken := changed(evaluator, node, args)) is not None:
        return taken
    left = pairs(args[0])
    if not is_complete(args[0]):
        write_back(evaluator, node, in_any_order(evaluator, args[0], named=True))
        return any_element(evaluator, args[0])
    shifts = node.short_name.lower() == "array_shift"
    nothing = typed("", NULL) if evaluator.concrete else NOTHING  # what ends `while ($one = array_pop($list))`
    one = left.pop(0 if shifts else -1)[1] if left else nothing
    remaining = array(numbered(left, named=True) if shifts else left, args[0])
    if node.args and lasting.may_have_changed(evaluator, node.args[0].value):  # earlier calls have taken some
        one = evaluator.join(one, any_element(evaluator, args[0]))
        remaining = evaluator.join(remaining, in_any_order(evaluator, args[0], named=True))
    write_back(evaluator, node, remaining)
    return labelled(evaluator, one, args[:1])


@handles(*sorted(ADDING))
def _add(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not node.args:
        return NOTHING
    place = node.args[0].value
    current = evaluator.value(place)  # other arguments may have changed it
    if node.short_name.lower() == "array_push":
        for value in args[1:]:
            evaluator.state.interpreter.write(evaluator, Index(place, None), value)
        return NOTHING
    if (made := changed(evaluator, node, [current, *args[1:]])) is not None:
        return made
    if is_complete(current):
        whole = [*(("0", value) for value in args[1:]), *pairs(current)]
        write_back(evaluator, node, array(numbered(whole, named=True), current))
    else:
        write_back(evaluator, node, in_any_order(evaluator, current, *args[1:], named=True))
    return NOTHING


# -- all elements, in one order or another ---------------------------------------------------------------------------


@handles("array_values")
def _values(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The elements without their keys."""
    if not args:
        return NOTHING
    if is_complete(args[0]):
        return array(numbered(pairs(args[0])), args[0])
    made = changed(evaluator, node, args)
    return in_any_order(evaluator, args[0]) if made is None else made


@handles("array_reverse")
def _reverse(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The elements the other way round; numbers are given anew unless the second argument keeps them."""
    if not args:
        return NOTHING
    keeps = flag(evaluator, node, args, 1)
    if is_complete(args[0]) and keeps is not None:
        backwards = pairs(args[0])[::-1]
        return array(backwards if keeps else numbered(backwards, named=True), args[0])
    if keeps:
        return perhaps(args[0])
    made = changed(evaluator, node, args)
    return in_any_order(evaluator, args[0], named=True) if made is None else made


# -- one of the elements ---------------------------------------------------------------------------------------------


@handles("current", "pos", "reset", "end", "next", "prev")
def _pointed_at(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The first or last element, where it is known that it is that; else any of them."""
    if not args:
        return NOTHING
    name = node.short_name.lower()
    if is_complete(args[0]) and args[0].items and name in ("reset", "end"):
        return labelled(evaluator, pairs(args[0])[-1 if name == "end" else 0][1], args[:1])
    if is_complete(args[0]) and len(pairs(args[0])) == 1 and name in ("current", "pos"):
        return labelled(evaluator, pairs(args[0])[0][1], args[:1])
    return any_element(evaluator, args[0])


@handles("max", "min")
def _largest(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The largest or smallest of the arguments, or of the elements of the only one."""
    if not args:
        return NOTHING
    values = args if len(args) > 1 else [item for _key, item in pairs(args[0])]
    sure = len(args) > 1 or is_complete(args[0])
    found = largest(values, least=node.short_name.lower() == "min") if sure and values else None
    if found is not None:
        return labelled(evaluator, found, args)
    return join_all(args, evaluator.state.overflow) if len(args) > 1 else any_element(evaluator, args[0])


@handles("array_key_first", "array_key_last", "key")
def _one_key(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The first or last key of an array; where an array's pointer stands nobody knows."""
    keys = [key for key, _item in pairs(args[0])] if args else []
    name = node.short_name.lower()
    if not keys or not is_complete(args[0]) or (name == "key" and len(keys) > 1):
        return evaluator.keys_of(args[0] if args else NOTHING, node)
    return Val(frozenset([keys[-1] if name == "array_key_last" else keys[0]]), args[0].labels)


@handles("array_rand")
def _any_key(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Any key of an array, or several."""
    if not args:
        return NOTHING
    keys, count = evaluator.keys_of(args[0], node), number_of(evaluator, args, 1, 1)
    if count == 1:
        return keys
    many = Val(rest=keys, labels=keys.labels, loose=True)
    return many if count is not None else evaluator.join(keys, many)
