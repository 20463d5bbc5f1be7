"""Arrays that only callers know, in another order or shape: `function first($list) { sort($list); return $list[0]; }`.

Which element comes first is known where the array is. Until then the result is an element of the parameter that names
the function and its other arguments (see `templates.OF_LISTED`); whoever passes the array runs the function on it.
"""

from __future__ import annotations

import json

from scanner.analysis.array_keys import is_number
from scanner.analysis.by_reference import SCRATCH
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import HANDLERS
from scanner.analysis.listed import is_complete, pairs, write_back
from scanner.analysis.open_lists import is_open
from scanner.analysis.summary import PASSED, opened
from scanner.analysis.templates import OF_LISTED, PARAMETERS, is_known
from scanner.analysis.values import NOTHING, Val, text_value
from scanner.model.facts import Arg, Call, CallKind, Const, Var

_GIVING = frozenset(
    {"array_values", "array_reverse", "array_slice", "array_filter", "array_unique", "array_flip", "array_chunk",
     "array_column", "end", "max", "min", "array_key_last", "array_key_first"}
)  # fmt: skip
"""Functions that leave the array as it is."""
_CHANGING = frozenset(
    {"array_pop", "array_shift", "array_splice", "sort", "rsort", "asort", "arsort", "ksort", "krsort", "natsort",
     "natcasesort", "usort", "uasort", "uksort"}
)  # fmt: skip
_MIXING = frozenset({"array_merge", "array_pad", "array_combine", "array_fill_keys"}) | frozenset(
    f"array_{what}{how}" for what in ("diff", "intersect") for how in ("", "_assoc", "_key")
)
"""Functions that make something of the array and of others."""
_LEFT = "="
"""Begins the names of functions where what counts is what they leave in their first argument."""
_MAX_LENGTH = 200
Plain = str | dict[str, "Plain"] | None


def deferred(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val | None:
    """What a function makes of an array that is a parameter; None where it is none, or not all else is known."""
    if name not in _GIVING and name not in _CHANGING and name not in _MIXING:
        return None
    if any(arg.spread or arg.name for arg in node.args) or len(node.args) != len(args):
        return None
    grows = bool(args) and args[0].height > 0 and evaluator.state.growth.in_texts(args[0].texts)
    whole = [args[0].replaced(items=None, rest=None, loose=False), *args[1:]] if grows else args
    said = _said(name, whole)
    array = next(filter(_is_passed, whole), NOTHING)
    if said is None or is_open(evaluator, array):
        return None
    result = opened(array, OF_LISTED + said, evaluator.state.holes).replaced(sites=array.sites)
    left = opened(array, OF_LISTED + _LEFT + said, evaluator.state.holes) if name in _CHANGING else result
    if not result.texts or not left.texts:
        return None
    if name in _MIXING:  # and what is known of it here
        result = evaluator.join(result, HANDLERS[name](evaluator, node, args))
    if name in _CHANGING:
        write_back(evaluator, node, left.replaced(sites=array.sites))
    return result


def _said(name: str, args: list[Val]) -> str | None:
    """The function and its arguments, of which just one is what a caller passes; None if that is not so."""
    passed = [_is_passed(arg) for arg in args]
    if sum(passed) != 1 or (name not in _MIXING and not passed[0]):
        return None
    others = [None if is_passed else _plain(arg) for is_passed, arg in zip(passed, args, strict=True)]
    if others.count(None) != 1 or (name == "array_merge" and not all(map(_has_numbers, others))):
        return None
    said = json.dumps([name, *others])
    return said if len(said) <= _MAX_LENGTH else None


def _is_passed(value: Val) -> bool:
    """Whether a value is what a caller passes, or an element of that, and nothing else."""
    if value.items is not None or value.rest is not None or value.refs or value.loose or len(value.texts) != 1:
        return False
    (text,) = value.texts
    return len(text) == 1 and PARAMETERS.match(text) is not None


def _plain(value: Val) -> Plain:
    """A known text, or an array of such, as JSON has it; None for any other value."""
    if value.labels or value.types or value.refs or value.sites:
        return None
    if not value.texts and is_complete(value):
        items = {key: _plain(item) for key, item in pairs(value)}
        return None if None in items.values() else items
    (text,) = value.texts if len(value.texts) == 1 else ("\ue000",)
    return text if is_known(text) and not value.height else None


def _has_numbers(plain: Plain) -> bool:
    """Whether an array has no names for keys: others are settings, of which each is found under its name."""
    return plain is None or (isinstance(plain, dict) and all(map(is_number, plain)))


def _value(plain: Plain, array: Val) -> Val:
    if plain is None:
        return array
    if isinstance(plain, str):
        return text_value(plain)
    return Val(items={key: _value(item, NOTHING) for key, item in plain.items()})


def done(evaluator: Evaluator, said: str, array: Val) -> Val:
    """The same where the array is known, or known to be another parameter's."""
    name, *plain = json.loads(said.removeprefix(_LEFT))
    if array.items is not None:  # it is an array, and no text
        array = array.replaced(texts=array.texts - {evaluator.state.holes.template("unknown", PASSED)})
    args = [_value(one, array) for one in plain]
    places = tuple(Arg(Var(SCRATCH) if one is None else Const("")) for one in plain)
    line, start = evaluator.line, evaluator.fact.start
    node = Call(CallKind.FUNCTION, name, None, places, line, line, start, start)
    before = evaluator.env.get(SCRATCH)
    evaluator.env[SCRATCH] = array
    made = deferred(evaluator, node, name, args)
    result = HANDLERS[name](evaluator, node, args) if made is None else made
    left = evaluator.env.pop(SCRATCH, array)
    if before is not None:
        evaluator.env[SCRATCH] = before
    return left if said.startswith(_LEFT) else result
