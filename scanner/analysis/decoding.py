"""Decoders of the scanned program: functions that are run with the arguments of a call, because all of them are known.

A summary tells what a function does whatever it gets; what a decoder makes of one given text it cannot tell.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from scanner.analysis import transfer
from scanner.analysis.binding import by_parameter
from scanner.analysis.by_reference import passed_back
from scanner.analysis.code import KIND
from scanner.analysis.destinations import COMMON_DOMAINS
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.lookups import reads_named
from scanner.analysis.templates import FIRST_PRIVATE, is_known, parameters
from scanner.analysis.unrolling import DECODERS, RESHAPING
from scanner.analysis.values import Val, all_labels, stepped
from scanner.model.facts import Call, decode_body

_MAX_RUNS = 2_000
"""Calls of decoders with arguments of their own that are followed in one release."""
_LONGEST = 1_250
"""Size of a function that can be a decoder."""
_SHORT = 250
"""Size of a function that is run because a decoder calls it, or because it looks up what is called."""
_COMPUTED = "()"
_ADDRESS = "://"
_HOST = re.compile(rf"://[^/?#{FIRST_PRIVATE}-\U0010ffff]+(?:[/?#]|$)")
_NAME = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_WORDS = re.compile(r"[A-Za-z0-9]+(?:[^A-Za-z0-9\s/]+[A-Za-z0-9]+)+")
_ENDS = re.compile(r"\A[a-z]+|[a-z]+\Z")
_MAX_PARTS = 12
_LONGEST_PART = 40
_FILLERS = frozenset(
    {
        "str_replace",
        "strtr",
        "vsprintf",
        "sprintf",
        "preg_replace",
        "preg_replace_callback",
        "str_ireplace",
        "implode",
        "join",
    }
)
_MAGIC = frozenset({"__call", "__callstatic"})
_MARKS = (b"\xa1^", b"\xa1~", b"\xa2^=")
"""MessagePack of operators that decoders use on text."""
_LOOP = b"\x95\x18"
"""Begins a loop in MessagePack: an array of five, the first its tag."""


class Decoded(NamedTuple):
    """What running a decoder gave."""

    value: Val
    is_whole: bool = True
    """Whether that is all that the call does; False for secrets that it read, of which the text is not known."""


def decode(evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> Decoded | None:
    """Value of a call of a decoder with known arguments; None when it is none, or not all is known."""
    state = evaluator.state
    number = state.program.with_body(number)
    fact = state.program.functions[number]
    if not fact.params or fact.is_generator:
        return None
    if not _worth(evaluator, number):
        return _filled(evaluator, call, number, args, receiver)
    values = by_parameter(evaluator, call, number, args, receiver)
    if not all(map(_is_constant, values)) or not any(value.texts or value.items for value in values):
        _leave_to_callers(evaluator, number, values)
        return _filled(evaluator, call, number, args, receiver)
    is_again = number in state.active and not (evaluator.concrete and evaluator.number == number)
    if is_again or len(state.active) >= state.limits.call_depth:
        return None
    key = (number, evaluator.cls, tuple(map(_spelled, values)))
    known = state.decoding.results.get(key)
    if known is not None:
        return _told(evaluator, call, number, known)
    if len(state.decoding.results) >= _MAX_RUNS:
        state.limit("decoders", number)
        return None
    state.decoding.results[key] = Val()
    state.decoding.built += not _decodes(evaluator, number)
    result, wrote = _run(evaluator, call, number, [value.replaced(loose=False) for value in values], receiver)
    if any(value.loose for value in values):  # with all of the elements that may be missing
        result = evaluator.join(result, evaluator.unknown("a list that may be shorter"))
    if wrote:  # to an argument by reference: that must be done at each call
        del state.decoding.results[key]
        return Decoded(result)
    state.decoding.results[key] = result
    return _told(evaluator, call, number, result)


def _told(evaluator: Evaluator, call: Call, number: int, result: Val) -> Decoded | None:
    """What running a function tells beyond its summary: text, a list, or secrets that it read."""
    if any(map(is_known, result.texts)) or result.items:
        return Decoded(result)
    state = evaluator.state
    secrets = {label: trace for label, trace in all_labels(result).items() if state.is_secret(label)}
    step = evaluator.path, call.line, f"returned by {state.program.symbol(number)}()"
    if not secrets:
        return None
    return Decoded(Val(labels={label: stepped(trace, *step) for label, trace in secrets.items()}), is_whole=False)


def _leave_to_callers(evaluator: Evaluator, number: int, values: list[Val]) -> None:
    """A function that passes on the name that is read is such a one, too: `function of($n) { return get($n); }`."""
    state = evaluator.state
    own = evaluator.fact
    if not reads_named(state, number) or not own.params or own.size > _SHORT:
        return
    if any(parameters(text) for value in values for text in value.texts):
        state.decoding.lookups[state.program.with_body(evaluator.number)] = True


def _filled(evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> Decoded | None:
    """An address that a function makes of a template and of what is put into it, known or not; None if it is none.

    Or the name of a host that it makes of its parts.
    """
    state = evaluator.state
    parts = _is_in_parts(args) or _is_named(evaluator, number, args) or _is_table(args)
    if not parts and not (any(_ADDRESS in text for arg in args for text in arg.texts) and all(map(_is_one, args))):
        return None
    if not _fills(evaluator, number):
        return None
    if number in state.active or len(state.active) >= state.limits.call_depth or state.decoding.filled >= _MAX_RUNS:
        return None
    state.decoding.filled += 1
    values = by_parameter(evaluator, call, number, args, receiver)
    result, wrote = _run(evaluator, call, number, values, receiver)
    named = len(result.texts) == 1 and any(
        _HOST.search(text) or (parts and _NAME.fullmatch(text)) for text in result.texts
    )
    return Decoded(result) if named and not wrote else None


def _is_in_parts(args: list[Val]) -> bool:
    """Whether a call passes nothing but known texts, a few short ones of them in a list: the parts of a name."""
    lists = [arg.items for arg in args if arg.items]
    if not lists or not all(map(_is_constant, args)) or not 1 < sum(map(len, lists)) <= _MAX_PARTS:
        return False
    return all(len(text) <= _LONGEST_PART for items in lists for item in items.values() for text in item.texts)


def _is_table(args: list[Val]) -> bool:
    """Whether a call passes a table of a few texts, known or not: what is put into a template of the function."""
    tables = [arg.items for arg in args if arg.items]
    return bool(tables) and all(map(_is_one, args)) and sum(map(len, tables)) <= _MAX_PARTS


def _is_named(evaluator: Evaluator, number: int, args: list[Val]) -> bool:
    """Whether a call passes a name that can be that of a host, written as one word: `Hosts::collector_example_net()`.

    To a magic method any, to others one that begins or ends with a top-level domain.
    """
    if not args or not all(map(_is_constant, args)):
        return False
    if evaluator.state.program.functions[number].name.lower() in _MAGIC:
        return any(map(_WORDS.fullmatch, args[0].texts))
    ends = (text.lower() for arg in args for text in arg.texts if _WORDS.fullmatch(text))
    return any(not COMMON_DOMAINS.isdisjoint(_ENDS.findall(text)) for text in ends)


def _fills(evaluator: Evaluator, number: int) -> bool:
    """Whether a function only computes, and puts something into a text."""
    state = evaluator.state
    known = state.decoding.fillers.get(number)
    if known is None:
        fact = state.program.functions[number]
        called = frozenset(fact.called)
        known = state.decoding.fillers[number] = (
            fact.size <= _SHORT and not _FILLERS.isdisjoint(called) and all(map(state.computes, called - _FILLERS))
        )
    return known


def _is_one(value: Val) -> bool:
    """Whether a value is one text, known or not, or an array of such."""
    if value.types or value.refs or value.rest is not None or len(value.texts) > 1:
        return False
    return bool(value.texts or value.items is not None) and all(map(_is_one, (value.items or {}).values()))


def dispatches(evaluator: Evaluator, number: int) -> bool:
    """Whether a function is a magic one that runs what it finds under the name that is called: `Registry::uri('x')`."""
    fact = evaluator.state.program.functions[number]
    return fact.name.lower() in _MAGIC and _COMPUTED in fact.called and fact.size <= _SHORT


def _worth(evaluator: Evaluator, number: int) -> bool:
    fact = evaluator.state.program.functions[number]
    inside = evaluator.concrete or (evaluator.told and not RESHAPING.isdisjoint(fact.called))
    if inside and fact.size <= _SHORT:
        return True
    if _decodes(evaluator, number) or dispatches(evaluator, number) or reads_named(evaluator.state, number):
        return True
    return evaluator.state.decoding.built < _MAX_RUNS and _builds(evaluator, number)


def _builds(evaluator: Evaluator, number: int) -> bool:
    """Whether a short function only computes, and has a loop or calls itself: it puts a text together, perhaps."""
    state = evaluator.state
    known = state.decoding.builders.get(number)
    if known is None:
        fact = state.program.functions[number]
        others = frozenset(fact.called) - {fact.name.lower()}
        again = len(others) < len(frozenset(fact.called)) or _LOOP in bytes(fact.body)
        known = state.decoding.builders[number] = (
            again and fact.size <= _SHORT and not fact.is_generator and all(map(state.computes, others))
        )
    return known


def _decodes(evaluator: Evaluator, number: int) -> bool:
    state = evaluator.state
    known = state.decoding.decoders.get(number)
    if known is None:
        fact = state.program.functions[number]
        body = bytes(fact.body)
        known = state.decoding.decoders[number] = fact.size <= _LONGEST and (
            not DECODERS.isdisjoint(fact.called) or "eval" in fact.called or any(mark in body for mark in _MARKS)
        )
    return known


def _run(evaluator: Evaluator, call: Call, number: int, values: list[Val], receiver: Val | None) -> tuple[Val, bool]:
    state = evaluator.state
    state.active.append(number)
    outputs, state.outputs = state.outputs, {}  # what the decoder itself shows or runs is told by its summary
    try:
        inner = evaluator.state.interpreter.evaluator(number)
        for param, value in zip(inner.fact.params, values, strict=True):
            inner.env[param.name] = value
        if receiver is not None and "this" in inner.env:
            inner.env["this"] = inner.env["this"].replaced(sites=receiver.sites)
        inner.concrete = True
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
        made, state.outputs = state.outputs, outputs
    outputs.update({key: output for key, output in made.items() if output.function != number})
    for hit in inner.hits.values():
        if hit.signature.kind == KIND or inner.number != hit.function:
            evaluator.add_hit(hit)
    for index, value in passed_back(inner):
        if index < len(call.args):
            transfer.write(evaluator, call.args[index].value, value)
    return inner.returns, bool(inner.by_ref)


def _is_constant(value: Val) -> bool:
    """Whether a value is one known text, or an array of such, and carries nothing."""
    if value.labels or value.types or value.refs or value.rest is not None or len(value.texts) > 1:
        return False
    return all(map(is_known, value.texts)) and all(map(_is_constant, (value.items or {}).values()))


def _spelled(value: Val) -> str:
    if value.items is None:
        return repr(sorted(value.texts))
    return repr((value.loose, [(key, _spelled(item)) for key, item in value.items.items()]))
