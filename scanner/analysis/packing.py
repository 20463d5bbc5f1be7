"""What is told of text that a program puts away and takes out again: where it begins as an address, and what is packed.

A file, a stream, an output buffer, a document or a variable of the environment is known by the secrets in it. Its text
would be too much; what counts of it is an address to which something is sent later. `json_encode($array)` and the like
are texts of which nothing is known, with the array in them where an address is among its elements: who decodes it gets
it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scanner.analysis.destinations import host_in
from scanner.analysis.templates import PARAMETERS
from scanner.analysis.values import Val, all_labels, join_all

if TYPE_CHECKING:
    from scanner.analysis.evaluator import Evaluator

_PACKED = "\0packed"
"""Element of a text which no PHP code can name: the array that it encodes."""
_PACKS = frozenset({"json_encode", "serialize", "igbinary_serialize", "msgpack_pack", "yaml_emit", "var_export"})
_UNPACKS = frozenset(
    {"json_decode", "unserialize", "igbinary_unserialize", "msgpack_unpack", "yaml_parse", "fgetcsv", "str_getcsv"}
)
_LINE = "fputcsv"
_MAX_ADDRESSES = 4
_MAX_SCHEME = 14
_MAX_DEPTH = 2
_MAX_ELEMENTS = 20
_MAX_TEXT = 500
_MAX_LINE = 200
_JSON = "json_encode"
_AS_IT_IS = re.compile(r"(?=[\d.]*+[^\d.])[^\"\\\x00-\x1f\x80-\xff]++")
"""Text that JSON has as it is, and that is no number."""
_PARTED = re.compile(r"[|,;#\t]")
"""Between the parts of a line that code takes apart again; a sentence is none."""


def told(value: Val, *, by_callers: bool = False) -> Val:
    """What is kept of a text beside its labels: addresses, and what is packed in it.

    `by_callers`: text that callers pass may be an address, too.
    """
    texts = [text for text in value.texts if _is_address(text) or (by_callers and PARAMETERS.fullmatch(text))]
    packed = (value.items or {}).get(_PACKED)
    if not texts and packed is None:
        return Val()
    return Val(frozenset(sorted(texts)[:_MAX_ADDRESSES]), items=None if packed is None else {_PACKED: packed})


def line_of(name: str, args: Sequence[Val]) -> Sequence[Val]:
    """Arguments that a function writes to a stream: `fputcsv` writes an array as a line."""
    return [_packed(arg) for arg in args] if name == _LINE else args


def called(evaluator: Evaluator, name: str, args: Sequence[Val], result: Val) -> Val:
    """Value of a function that encodes an array, or takes one out of its text again."""
    if name in _PACKS and args:
        packed = _packed(args[0])
        if packed.items and name == _JSON:
            packed = packed.replaced(texts=_json_texts(evaluator, args[0]))
        return evaluator.join(result, packed) if packed.items else result
    if name not in _UNPACKS:
        return _carried(evaluator, name, args, result)
    found = [inner for value in (*args[:1], result) if (inner := (value.items or {}).get(_PACKED)) is not None]
    if not found:
        return result
    return join_all([*found, Val(labels=all_labels(result))], evaluator.state.overflow)


def _json_texts(evaluator: Evaluator, value: Val) -> frozenset[str]:
    """Text of an array as JSON, beside the unknown one: which numbers are strings, and what flags say, nobody knows.

    What is not known of its elements is a hole.
    """
    hole = evaluator.state.holes.template("unknown", "in JSON")
    text = _json(value, hole, _MAX_DEPTH + 1)
    return frozenset([text]) if len(text) <= _MAX_TEXT else frozenset()


def _json(value: Val, hole: str, depth: int) -> str:
    if value.items and value.rest is None and depth:
        pairs = [(key, _json(item, hole, depth - 1)) for key, item in list(value.items.items())[:_MAX_ELEMENTS]]
        if [key for key, _text in pairs] == [str(number) for number in range(len(pairs))]:
            return f"[{','.join(text for _key, text in pairs)}]"
        return "{" + ",".join(f'"{key}":{text}' for key, text in pairs) + "}"
    if len(value.texts) != 1 or value.items or value.types:
        return hole
    text = next(iter(value.texts))
    return hole if not _AS_IT_IS.fullmatch(text) else f'"{text}"'.replace("/", "\\/")


def _carried(evaluator: Evaluator, name: str, args: Sequence[Val], result: Val) -> Val:
    """`base64_encode(json_encode($array))`: what is made of a text has in it what the text has."""
    packed = [inner for arg in args[:1] if (inner := (arg.items or {}).get(_PACKED)) is not None]
    if not packed or evaluator.state.matcher.propagator(name) is None:
        return result
    return evaluator.join(result, Val(items={_PACKED: packed[0]}))


def lines(text: Val) -> Val:
    """Lines of a text: any of them may be the address in it."""
    return text.replaced(texts=frozenset(), rest=Val(text.texts)) if text.texts else text


def _packed(value: Val) -> Val:
    """A text of which nothing is known, with the array that is in it where that has an address."""
    by_callers = len(value.texts) == 1 and any(map(PARAMETERS.fullmatch, value.texts))
    inner = _texts(value, _MAX_DEPTH)
    whole = by_callers or any(_is_address(text) or PARAMETERS.fullmatch(text) for text in inner)
    return Val(labels=all_labels(value), items={_PACKED: value} if whole else None)


def _texts(value: Val, depth: int) -> Iterator[str]:
    for item in list((value.items or {}).values())[:_MAX_ELEMENTS]:
        yield from item.texts
        if depth and item.items:
            yield from _texts(item, depth - 1)


def _is_address(text: str) -> bool:
    """Whether a text begins with a host that is known, or is the name of one, or a line with such a one in it."""
    if len(text) > _MAX_TEXT or not ("//" in text[:_MAX_SCHEME] or "." in text):
        return False
    return bool(host_in(text)) or (len(text) <= _MAX_LINE and any(map(host_in, _PARTED.split(text))))
