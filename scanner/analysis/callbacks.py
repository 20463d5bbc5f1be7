"""Functions of PHP that call what they are given: by value, for each element, or when something happens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from scanner.analysis import code, open_lists, reaches, reported, walking
from scanner.analysis.elements import FOUND
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import contents, handles, is_callable, labels_of
from scanner.analysis.listed import any_element, is_null
from scanner.analysis.statements import STATEMENTS
from scanner.analysis.summary import ANY, opened
from scanner.analysis.values import NOTHING, Val, join_all, parts
from scanner.model.facts import Arg, Call, Const, Unknown

BY_VALUE = frozenset({"call_user_func", "call_user_func_array", "forward_static_call", "forward_static_call_array"})
"""Functions whose own handlers run what they are given."""
_MAX_MAPPED = 300
"""Elements that `array_map` keeps apart."""
_NAMED = re.compile(r"(?<=[{%<:\[(@#$])\s?([A-Za-z_]\w{1,40})(?=\s?[}%>:\])@#$])")
"""Words in brackets, as templates name what is put into them."""
_MAX_SUBJECT = 4_000
_MAX_WORDS = 12
_OF_STATEMENTS = ("createfunction", "createaggregate", "createcollation")
"""Ends of the names of methods that let SQL call a function (`SQLite3`, `PDO`): with anything that it is given."""


def run_callbacks(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """Higher-order functions call what they are given, with what else they are given; labels of what that returns."""
    positions = evaluator.state.catalogue.higher_order.get(name, ())
    if name in BY_VALUE or name in walking.WALKS or _takes_each(evaluator, name, args):
        return NOTHING
    if name.startswith("filter_") and len(args) > 2:  # noqa: PLR2004  filter and options come last
        positions, args = (len(args),), [*args, (args[-1].items or {}).get("options", NOTHING)]
    if args and name.startswith(("array_udiff", "array_uintersect", "array_diff_u", "array_intersect_u")):
        positions = (len(args) - 1,)
    for arg, value in zip(node.args, args, strict=False):
        if arg.spread and positions:
            code.callee(evaluator, node, value, args)
    others = [_each(evaluator, name, arg) for i, arg in enumerate(args) if i not in positions] if positions else []
    found = [
        _run_callback(evaluator, node, name, position, others, args) for position in positions if position < len(args)
    ]
    return join_all(found, evaluator.state.overflow)


def _each(evaluator: Evaluator, name: str, value: Val) -> Val:
    """What a callback gets of an argument: each element of an array, also of one that only callers know."""
    of_caller = opened(value, ANY, evaluator.state.holes) if name.startswith("array_") else NOTHING
    return contents(evaluator, value) if value.height or of_caller is NOTHING else of_caller


def _takes_each(evaluator: Evaluator, name: str, args: list[Val]) -> bool:
    """Whether a handler runs the callback for each element by itself."""
    if len(args) < 2:  # noqa: PLR2004  function and array
        return False
    if name == "array_map":
        return all(map(_is_listed, args[1:])) and is_callable(evaluator, args[0])
    return name == "array_reduce" and is_callable(evaluator, args[1])


def _run_callback(
    evaluator: Evaluator, node: Call, name: str, position: int, others: list[Val], args: list[Val]
) -> Val:
    callback = args[position]
    if not is_callable(evaluator, callback):
        code.callee(evaluator, node, callback, args)
        return NOTHING
    given = reported.handled(evaluator, name) or _walking(evaluator, name, others, args) or [NOTHING]
    literal = position < len(node.args) and isinstance(node.args[position].value, Const)
    result = evaluator.state.interpreter.call_value(
        evaluator, _with_values(node, given), callback, given, literal=literal
    )
    labels = Val(labels=labels_of(evaluator, [result]))
    if name == "array_map" and len(args) > 1 and not _is_listed(args[1]):
        named = any("." in text for text in result.texts)  # whatever the elements are, this is made of them
        return Val(labels=labels.labels, rest=result if named else result.replaced(texts=evaluator.unknown(node).texts))
    if name == "ob_start":  # what the callback makes of the page is shown
        reaches.reach(evaluator, node, "browser", name, labels, Val(result.texts))
    return labels


def _walking(evaluator: Evaluator, name: str, others: list[Val], args: list[Val]) -> list[Val]:
    """Arguments of a callback; of most what else the call was given."""
    if name == "preg_replace_callback":
        return [Val(rest=_found_in(evaluator, args[2]) if len(args) > 2 else NOTHING)]  # noqa: PLR2004  the subject
    if name == "ob_start":
        return [evaluator.unknown("$buffer")]
    if name.endswith(_OF_STATEMENTS):
        given = Val(evaluator.unknown("what a statement gives it").texts, evaluator.state.read_store(STATEMENTS).labels)
        return [given, given]
    if name == "iterator_apply":
        packed = args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004  iterator, callback, its arguments
        return parts(packed)
    return others


def _found_in(evaluator: Evaluator, subject: Val) -> Val:
    """What a pattern finds in a text: all of it or a word of it; of a text that is not known, whatever it names."""
    known = [text for text in evaluator.known_texts(subject) if len(text) <= _MAX_SUBJECT]
    if not known:
        return subject.replaced(texts=subject.texts | {evaluator.state.holes.template(*FOUND)})
    words = sorted({word for text in known for word in _NAMED.findall(text)})[:_MAX_WORDS]
    return subject.replaced(texts=subject.texts | set(words))


def method_callbacks(evaluator: Evaluator, node: Call, cls: str, method: str, args: list[Val]) -> list[Val]:
    """The same for a method of one of PHP's own classes, or its constructor."""
    for name in (cls, *evaluator.state.program.ancestors(cls)):
        if f"{name}::{method}" in evaluator.state.catalogue.higher_order:
            return [run_callbacks(evaluator, node, f"{name}::{method}", args)]
    return []


# -- calls by value ----------------------------------------------------------------------------------------------


@handles("call_user_func", "forward_static_call")
def _call_user(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    shifted = _without_first(node)
    return evaluator.state.interpreter.call_value(evaluator, shifted, args[0], args[1:], literal=_literal(node))


@handles("call_user_func_array", "forward_static_call_array")
def _call_user_array(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    packed = args[1] if len(args) > 1 else NOTHING
    if not packed.items and (elements := open_lists.elements(evaluator, packed)):
        items = {str(position): one for position, one in enumerate(elements)}
        packed = Val(items=items, rest=open_lists.any_of(evaluator, packed))
    numbered = sorted((key for key in packed.items or {} if key.isdecimal()), key=lambda key: (len(key), key))
    values = [(packed.items or {})[key] for key in numbered]
    step = _with_values(node, values or [NOTHING])
    named = [key for key in packed.items or {} if key.isidentifier()]
    rest = _unlisted(evaluator, packed)
    if not values:
        values = [contents(evaluator, packed)]
    if named and not numbered:
        step, values = _with_values(node, []), []
    written = [*step.args, *(Arg(Unknown(key), key) for key in named)]
    values += [(packed.items or {})[key] for key in named]
    if rest is not NOTHING and written:
        written.append(Arg(Unknown("..."), "", spread=True))
        values.append(rest)
    step = msgspec.structs.replace(step, args=tuple(written))
    return evaluator.state.interpreter.call_value(evaluator, step, args[0], values, literal=_literal(node))


def _unlisted(evaluator: Evaluator, packed: Val) -> Val:
    """Further arguments in a list of which not all elements are known; each of them may be any of it."""
    if packed.items is None and packed.rest is None:
        return Val(rest=contents(evaluator, packed)) if packed.texts or packed.labels else NOTHING
    return NOTHING if packed.rest is None and not packed.labels else Val(rest=packed.rest, labels=packed.labels)


def _literal(node: Call) -> bool:
    return bool(node.args) and isinstance(node.args[0].value, Const)


def _without_first(node: Call) -> Call:
    return Call(node.kind, node.name, node.receiver, node.args[1:], node.line, node.end_line, node.start, node.end)


def _with_values(node: Call, values: Sequence[Val]) -> Call:
    """The call as the callback sees it: so many arguments by position, whose values are known already."""
    args = tuple(Arg(Unknown("callback")) for _value in values)
    return Call(node.kind, node.name, node.receiver, args, node.line, node.end_line, node.start, node.end)


@handles("array_map")
def _array_map(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if len(args) < 2:  # noqa: PLR2004  callback and array
        return NOTHING
    if is_null(node, args, 0) and len(args) == 2:  # noqa: PLR2004  `array_map(null, $array)` gives it as it is
        return args[1]
    if all(map(_is_listed, args[1:])) and (len(args) == 2 or not any(arg.loose for arg in args[1:])):  # noqa: PLR2004
        source = args[1]
        rows = _rows(args[1:]) if len(args) > 2 else {key: [item] for key, item in (source.items or {}).items()}  # noqa: PLR2004
        if is_callable(evaluator, args[0]):
            bare = _with_values(node, [NOTHING] * (len(args) - 1))
            items = {
                key: evaluator.state.interpreter.call_value(evaluator, bare, args[0], row, literal=_literal(node))
                for key, row in rows.items()
            }
            return Val(items=items, labels=source.labels, loose=source.loose)
        if args[0] is NOTHING:
            return Val(items={key: _list(row) for key, row in rows.items()}, labels=labels_of(evaluator, args))
    if is_null(node, args, 0):  # rows of any of their elements
        columns = join_all((any_element(evaluator, arg) for arg in args[1:]), evaluator.state.overflow)
        return Val(rest=Val(rest=columns, loose=True), labels=labels_of(evaluator, args), loose=True)
    labels = labels_of(evaluator, args)
    texts = frozenset[str]() if is_callable(evaluator, args[0]) else evaluator.unknown(node).texts
    return Val(rest=Val(texts, labels))


def _rows(arrays: Sequence[Val]) -> dict[str, list[Val]]:
    """Elements of several arrays side by side, by number."""
    columns = [list((array.items or {}).values()) for array in arrays]
    return {str(number): list(row) for number, row in enumerate(zip_longest(*columns, fillvalue=NOTHING))}


def _list(values: Sequence[Val]) -> Val:
    return Val(items={str(number): value for number, value in enumerate(values)})


def _is_listed(array: Val) -> bool:
    """Whether all elements of an array are known one by one."""
    return bool(array.items) and array.rest is None and len(array.items or ()) <= _MAX_MAPPED
