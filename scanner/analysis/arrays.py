"""PHP's functions that make arrays of known text, or ask about arrays and variables."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from typing import Any

from scanner.analysis import arithmetic, collecting, comparing, folding
from scanner.analysis.arithmetic import VALUES, number
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.folds import packing
from scanner.analysis.listed import is_complete, is_list
from scanner.analysis.pieces import each_piece
from scanner.analysis.scalars import INT, STRING
from scanner.analysis.templates import FIRST_PRIVATE, is_known
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, text_value, typed
from scanner.model.facts import Arg, Call, Prop, StaticProp, Unknown

MAX_ELEMENTS = 4_000
_MAX_LINE = 10_000
Handler = Callable[[Evaluator, Call, list[Val]], Val | None]
_HANDLERS: dict[str, Handler] = {}
_TELLS_LITTLE = frozenset(
    {"count", "sizeof", "in_array", "array_key_exists", "key_exists", "is_callable", "array_is_list"}
)
"""What these give is no part of what they were given."""
_TRUE, _FALSE = VALUES[True], VALUES[False]


def _handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            _HANDLERS[name] = handler
        return handler

    return register


def call(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val | None:
    """Value of a call where it is known; None where the general treatment has more to say."""
    handler = _HANDLERS.get(name)
    result = handler(evaluator, node, args) if handler is not None else None
    if result is None or name in _TELLS_LITTLE:
        return result
    labels = join_all((Val(labels=all_labels(arg)) for arg in args), evaluator.state.overflow).labels
    return evaluator.join(result, Val(labels=labels)) if labels else result


def spread(node: Call, args: list[Val]) -> tuple[Call, list[Val]]:
    """A call with the elements of a known list in the place of `...$list`."""
    if not node.args or not node.args[-1].spread or len(node.args) != len(args):
        return node, args
    items = args[-1].items or {}
    keys = [str(number) for number in range(len(items))]
    if args[-1].rest is not None or not items or any(key not in items for key in keys):
        return node, args
    written = (*node.args[:-1], *(Arg(Unknown("element")) for _key in keys))
    plain = Call(node.kind, node.name, node.receiver, written, node.line, node.end_line, node.start, node.end)
    return plain, [*args[:-1], *(items[key] for key in keys)]


def _single(evaluator: Evaluator, args: list[Val], position: int) -> str | None:
    """The one text that an argument is known to be."""
    known = evaluator.known_texts(args[position]) if position < len(args) else []
    return known[0] if len(known) == 1 and len(args[position].texts) == 1 else None


def _list(texts: list[str], labels: Any = None, kind: str = STRING) -> Val:  # noqa: ANN401  labels of another value
    return Val(items={str(index): typed(text, kind) for index, text in enumerate(texts[:MAX_ELEMENTS])}, labels=labels)


@_handles("count", "sizeof")
def _count(evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    if len(args) > 1 and _single(evaluator, args, 1) != "0":  # those in its elements, too
        return None
    outlasts = bool(node.args) and isinstance(node.args[0].value, Prop | StaticProp)  # others may add to it
    if args and args[0].types:
        return collecting.count(evaluator, args[0])
    if args and is_complete(args[0]) and (evaluator.concrete or not outlasts):
        return typed(str(len(args[0].items or ())), INT)
    return None


@_handles("array_is_list")
def _is_list(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    """Whether the keys of a known array are 0, 1, 2 and so on."""
    if not args or not is_complete(args[0]):
        return None
    return _TRUE if is_list(args[0]) else _FALSE


@_handles("range")
def _range(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    first, last = _single(evaluator, args, 0), _single(evaluator, args, 1)
    if first is None or last is None or len(args) > 3:  # noqa: PLR2004
        return None
    one, two = number(first), number(last)
    size = number(_single(evaluator, args, 2) or "1") or 1
    if one is not None and two is not None:
        found = [str(value) for value in _numbers(one, two, size)]
    elif first and last:
        return _list([chr(value) for value in _numbers(ord(first[0]), ord(last[0]), size)])
    else:
        return None
    return _list(found, kind=INT)


def _numbers(one: int, two: int, size: int) -> list[int]:
    step = abs(size) or 1
    if abs(two - one) // step > MAX_ELEMENTS:
        return []
    return list(range(one, two + 1, step)) if one <= two else list(range(one, two - 1, -step))


@_handles("unpack")
def _unpack(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    form, data = _single(evaluator, args, 0), _single(evaluator, args, 1)
    if form is None or data is None or len(data) > folding.MAX_INPUT:
        return None
    try:
        found = packing.unpacked(form, data)
    except (ValueError, IndexError, OverflowError):
        return None
    return None if found is None else Val(items={key: text_value(text) for key, text in found.items()})


@_handles("json_decode")
def _json(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    if not args or len(args[0].texts) != 1:
        return None
    (text,) = args[0].texts
    if len(text) > folding.MAX_INPUT or (not is_known(text) and _FORGED.search(text)):
        return None
    try:
        known = is_known(text)
        return _of_json(json.loads(text.encode("latin-1").decode("utf-8") if known else text), 20, holes=not known)
    except (ValueError, RecursionError):
        return None


_FORGED = re.compile(r"\\u(?:[ef]|d[89ab])", re.IGNORECASE)
"""Escapes of characters that stand for holes."""


def _of_json(value: Any, depth: int, *, holes: bool = False) -> Val:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, bool) or value is None:
        return _TRUE if value else NOTHING
    if isinstance(value, str):
        return text_value(value.encode("utf-8", "surrogatepass").decode("latin-1") if not holes else _with_holes(value))
    if isinstance(value, (int, float)):
        return text_value(str(value))
    pairs = value.items() if isinstance(value, dict) else ((str(index), item) for index, item in enumerate(value))
    listed = list(pairs)[:MAX_ELEMENTS] if depth else []
    return Val(items={str(key): _of_json(item, depth - 1, holes=holes) for key, item in listed})


def _with_holes(text: str) -> str:
    """Characters of a template as bytes, its holes as they are."""
    return "".join(c if c >= FIRST_PRIVATE else c.encode("utf-8", "surrogatepass").decode("latin-1") for c in text)


@_handles("parse_ini_string")
def _ini(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    text = _single(evaluator, args, 0)
    if text is None or len(args) > 1 or len(text) > folding.MAX_INPUT:
        return None
    pairs = (
        line.partition("=") for line in text.splitlines()[:MAX_ELEMENTS] if line.strip()[:1] not in (";", "#", "[")
    )
    return Val(items={key.strip(): text_value(value.strip().strip("\"'")) for key, equals, value in pairs if equals})


def fields(query: Val) -> Val:
    """What `parse_str` makes of a text: its fields by name, also of one that is known in part."""
    found = NOTHING
    for text in sorted(query.texts)[:_MAX_QUERIES]:
        if "=" in text and len(text) <= folding.MAX_INPUT:
            found = join_all([found, Val(items=_fields(text))], text)
    return found


def _fields(text: str) -> dict[str, Val]:
    items: dict[str, Val] = {}
    for pair in text.split("&")[:MAX_ELEMENTS]:
        name, _separator, value = pair.partition("=")
        words = _FIELD.fullmatch(_decoded(name))
        if words is None:
            continue
        name, inner = words[1], words[2]
        one = text_value(_decoded(value))
        items[name] = one if inner is None else Val(items={**(items.get(name, NOTHING).items or {}), inner: one})
    return items


_FIELD = re.compile(r"([\w.:-]{1,80})(?:\[([\w.:-]{1,80})\])?")
_MAX_QUERIES = 4


def _decoded(text: str) -> str:
    return each_piece(lambda piece: folding.fold("urldecode", [piece]), text) or text


@_handles("str_split", "mb_str_split")
def _split(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    text, size = _single(evaluator, args, 0), number(_single(evaluator, args, 1) or "1")
    if text is None or not size or size < 1 or len(text) // size > MAX_ELEMENTS:
        return None
    return _list([text[i : i + size] for i in range(0, len(text), size)] or [""])


@_handles("explode")
def _explode(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    """Pieces of a text, as many as a limit says: the last holds all that is left, a negative one drops so many."""
    edge, text = _single(evaluator, args, 0), _single(evaluator, args, 1)
    limit = number(_single(evaluator, args, 2) or "") if len(args) > 2 else MAX_ELEMENTS  # noqa: PLR2004
    if not edge or text is None or limit is None or text.count(edge) > MAX_ELEMENTS:
        return None
    found = text.split(edge, max(limit, 1) - 1) if limit >= 0 else text.split(edge)[:limit]
    return _list(found, all_labels(args[1]))


@_handles("max", "min")
def _extreme(_evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    """The greatest or smallest of known values, one by one or in a list."""
    listed = list((args[0].items or {}).values()) if len(args) == 1 and args[0].rest is None else args
    known = [arithmetic.known(value) for value in listed]
    if not known or any(len(one) != 1 for one in known):
        return None
    choose = comparing.greatest if str(node.name).lower() == "max" else comparing.smallest
    chosen = choose([one[0] for one in known])
    return None if chosen is None else typed(*chosen)


@_handles("str_getcsv")
def _cells(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    """The fields of a known line, by the separator and enclosure that are said."""
    text = _single(evaluator, args, 0)
    marks = [_single(evaluator, args, place) if place < len(args) else usual for place, usual in ((1, ","), (2, '"'))]
    if text is None or len(text) > _MAX_LINE or any(mark is None or len(mark) != 1 for mark in marks):
        return None
    try:
        rows = list(csv.reader([text], delimiter=marks[0] or ",", quotechar=marks[1], strict=False))
    except (csv.Error, ValueError, TypeError):
        return None
    return _list(rows[0] if rows else [""], all_labels(args[0]))


@_handles("vsprintf")
def _vsprintf(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    form = _single(evaluator, args, 0)
    items = args[1].items if len(args) > 1 else None
    if form is None or not items:
        return None
    known = [evaluator.known_texts(item) for item in items.values()]
    text = folding.fold("sprintf", [form, *(one[0] for one in known)]) if all(map(len, known)) else None
    return None if text is None else Val(frozenset([text]), all_labels(args[1]))


@_handles("array_sum")
def _sum(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val | None:
    items = args[0].items if args and is_complete(args[0]) else None
    known = [evaluator.known_texts(item) for item in items.values()] if items else []
    values = [number(one[0]) if len(one) == 1 else None for one in known]
    return text_value(str(sum(value or 0 for value in values))) if values and None not in values else None


# -- questions, answered in a concrete run only --------------------------------------------------------------------


@_handles("in_array", "array_key_exists", "array_search")
def _found(evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    needle, searches = _single(evaluator, args, 0), str(node.name).lower().endswith("search")
    if not (evaluator.concrete or searches) or needle is None or len(args) < 2:  # noqa: PLR2004  needle and array
        return None
    if not args[1].items or not is_complete(args[1]):
        return None
    if str(node.name).lower().endswith("exists"):
        return _TRUE if needle in args[1].items else _FALSE
    known = {key: evaluator.known_texts(item) for key, item in args[1].items.items()}
    if any(len(texts) != 1 for texts in known.values()):
        return None
    keys = [key for key, texts in known.items() if texts[0] == needle]
    if searches:
        return text_value(keys[0]) if keys else _FALSE if evaluator.concrete else None
    return _TRUE if keys else _FALSE


# -- functions that run over an array ---------------------------------------------------------------------------


@_handles("array_reduce")
def _reduce(evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    if len(args) < 2 or not args[0].items or not is_complete(args[0]) or not args[1].refs:  # noqa: PLR2004
        return None
    if evaluator.state.growth.in_texts(args[0].texts):  # the list of one object, among what others of its class hold
        return None
    result = args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004
    bare = Call(node.kind, node.name, None, (), node.line, node.end_line, node.start, node.end)
    for item in list(args[0].items.values())[:_MAX_REDUCED]:
        result = evaluator.state.interpreter.call_value(evaluator, bare, args[1], [result, item])
    return result


_MAX_REDUCED = 2_000
