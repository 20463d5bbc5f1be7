"""PHP's functions on arrays and strings: which elements come back, and what text is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.analysis import folding, matching, ordering, relisting, remaking, selecting
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.folds import replacing
from scanner.analysis.handlers import call_of_value, contents, folded, handles, is_callable, labels_of
from scanner.analysis.listed import is_complete, pairs
from scanner.analysis.shared import telling_texts
from scanner.analysis.summary import opened
from scanner.analysis.templates import OF_JOINED, PARAMETERS, is_known
from scanner.analysis.values import (
    NOTHING,
    Trace,
    Val,
    all_labels,
    bounded_texts,
    join_all,
    merge_labels,
    text_value,
)
from scanner.model.facts import Call, Value

_NUMBER = re.compile(r"-?\d{1,9}")
IN_PLACE = relisting.TAKING | relisting.ADDING | ordering.SORTING | {"array_multisort", "array_splice"}
"""Functions whose handlers write the array back."""
_MAX_STEPS = 8
"""Elements of an array that is reduced one by one."""
_ROUNDS = 3
"""Steps over a list to which methods add: which element comes when is not known."""
_PLAIN_PATTERN = re.compile(r"([/#~%@!])([\w %#@:=-]{1,60})\1[imsuD]*")
"""A regular expression that is nothing but a word."""


@handles("array_reduce")
def _reduce(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """`array_reduce($array, $f, $first)`: what `$f` makes of each element and of what it made before."""
    if len(args) < 2 or not is_callable(evaluator, args[1]):  # noqa: PLR2004  array and function
        return Val(evaluator.unknown(node).texts, labels_of(evaluator, args))
    items = args[0].items or {}
    elements = [items[key] for key in items][:_MAX_STEPS]
    if evaluator.state.growth.in_texts(args[0].texts):
        elements = [contents(evaluator, args[0])] * _ROUNDS
    elif args[0].rest is not None or not elements:
        elements += [contents(evaluator, args[0])] * 2
    carry = args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004
    step = call_of_value(node, 2)
    for element in elements:
        carry = evaluator.state.interpreter.call_value(evaluator, step, args[1], [carry, element], literal=True)
    return carry


@handles("implode", "join")
def _implode(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    pieces = next((arg for arg in reversed(args) if arg.items is not None), args[-1])
    glue = next((arg for arg in args if arg is not pieces), Val(frozenset([""])))
    return joined(evaluator, glue, pieces)


def joined(evaluator: Evaluator, glue: Val, pieces: Val) -> Val:
    """Text of an array's elements; the caller's to know where only the caller knows the array."""
    glues = evaluator.known_texts(glue)
    growth, holes = evaluator.state.growth, evaluator.state.holes
    of_property = any(len(text) == 1 and holes.is_property(text) for text in pieces.texts)
    open_to = len(glues) == 1 and (not of_property or growth.in_texts(pieces.texts))
    of_caller = opened(pieces, OF_JOINED + glues[0], holes) if open_to else NOTHING
    if pieces.items is None or pieces.rest is not None:
        labels = Val(labels=labels_of(evaluator, [pieces, glue]))
        one = Val(telling_texts(pieces.rest.texts)) if pieces.rest is not None else NOTHING  # there may be but one
        whole = of_caller if of_caller.texts else evaluator.unknown("implode(...)")
        return join_all([whole, one, labels], evaluator.state.overflow)
    parts: list[tuple[Val, Value | str | None]] = []
    for number, key in enumerate(pieces.items or ()):
        if number:
            parts.append((glue, "separator"))
        parts.append(((pieces.items or {})[key], "element"))
    result = evaluator.join(evaluator.concatenated(parts), of_caller)
    if pieces.loose:  # some may be missing, or stand elsewhere
        result = evaluator.join(result, evaluator.unknown("implode(...)"))
    return evaluator.join(result, Val(labels=pieces.labels)) if pieces.labels else result


_MAX_APART = 8
"""Texts of one value that are taken apart each by itself."""
_LISTED = frozenset({",", ";", ", ", "; ", "|", "\n"})
"""What stands between the parts of a list of addresses."""


@handles("preg_split")
def _split_at(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    labels = labels_of(evaluator, args)
    pieces = matching.split(evaluator, args, labels)
    return Val(rest=Val(evaluator.unknown(node).texts, labels), labels=labels) if pieces is None else pieces


@handles("explode", "str_split")
def _explode(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    labels = labels_of(evaluator, args)
    name = str(node.name).lower()
    if name == "str_split" and len(args) == 1 and len(args[0].texts) == 1:
        (text,) = args[0].texts
        if len(text) <= 300 and (is_known(text[:1]) or len(text) > 1):  # noqa: PLR2004  short strings taken apart, each hole a piece
            return Val(items={str(i): Val(frozenset([c])) for i, c in enumerate(text)}, labels=labels)
    if name == "explode" and len(args) == 2:  # noqa: PLR2004  without a limit
        separators, texts = evaluator.known_texts(args[0]), evaluator.known_texts(args[1])
        if len(separators) == 1 and separators[0] and len(args[1].texts) == 1:
            (text,) = args[1].texts
            if texts or separators[0] in text:
                return _pieces(text.split(separators[0])[:300], labels, exact=bool(texts))
        if len(separators) == 1 and separators[0] and 1 < len(args[1].texts) <= _MAX_APART:
            split = [text.split(separators[0])[:300] for text in sorted(args[1].texts) if separators[0] in text]
            if split:
                return join_all([_pieces(pieces, labels, exact=False) for pieces in split], evaluator.state.overflow)
        given = frozenset(text for text in args[1].texts if PARAMETERS.fullmatch(text))
        if given and _LISTED.issuperset(separators):  # a list of one, until the caller shows that it has more
            return Val(rest=Val(given, labels), labels=labels)
    return Val(rest=Val(evaluator.unknown(node).texts, labels), labels=labels)


def _pieces(pieces: list[str], labels: Mapping[str, Trace], *, exact: bool) -> Val:
    """Pieces of a text by number; of one with holes, which may hold further separators, each may be any."""
    items = {str(index): Val(frozenset([piece])) for index, piece in enumerate(pieces)}
    return Val(items=items, labels=labels, rest=None if exact else Val(bounded_texts(frozenset(pieces), pieces[0])))


@handles("str_replace", "str_ireplace", "strtr")
def _replace(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Replacement, also with arrays of literals: a favourite of obfuscated code."""
    name = str(node.name).lower()
    labels = labels_of(evaluator, args)
    pairs = _replacement_pairs(evaluator, name, args)
    subject = args[0] if name == "strtr" and args else args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004
    if pairs is None or not subject.texts:
        return Val(folded(evaluator, name, args) or evaluator.unknown(node).texts, labels)
    results = {
        _replaced(text, pairs, at_once=name == "strtr", any_case=name == "str_ireplace") for text in subject.texts
    }
    known = frozenset(text for text in results if text is not None)
    return Val(known if None not in results else known | evaluator.unknown(node).texts, labels)


def _replaced(text: str, pairs: list[tuple[str, str]], *, at_once: bool, any_case: bool) -> str | None:
    """A text in which pieces are replaced: by `strtr` all in one pass, else one after another."""
    if at_once:
        made = replacing.translated(text, dict(pairs))
        return None if made is None or len(made) > folding.MAX_OUTPUT else made
    for search, replacement in pairs:
        if search:
            made = folding.fold("str_ireplace" if any_case else "str_replace", [search, replacement, text])
            if made is None:
                return None
            text = made
    return text


def _replacement_pairs(evaluator: Evaluator, name: str, args: list[Val]) -> list[tuple[str, str]] | None:
    if name == "strtr":
        table = args[1] if len(args) == 2 else NOTHING  # noqa: PLR2004  the two-argument form
        if not table.items:
            return None
        return [(key, _replacement(evaluator, item)) for key, item in table.items.items()]
    if len(args) < 3 or not args[0].items:  # noqa: PLR2004  search, replacement, subject
        return None
    searches = [evaluator.known_texts(item) for item in args[0].items.values()]
    if args[1].items is not None:
        replacements = [_replacement(evaluator, item) for item in args[1].items.values()]
        replacements += [""] * (len(searches) - len(replacements))
    else:
        replacements = [_replacement(evaluator, args[1])] * len(searches)
    return [(one[0], two) for one, two in zip(searches, replacements, strict=False) if one]


def _replacement(evaluator: Evaluator, value: Val) -> str:
    """Text that is put in; a hole where it is not known."""
    if len(value.texts) == 1:
        return next(iter(value.texts))
    return evaluator.state.holes.template("unknown", "replacement")


@handles("substr_replace")
def _substr_replace(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """A piece of a known text replaced, whatever by."""
    labels = labels_of(evaluator, args)
    known = [evaluator.known_texts(arg) for arg in args]
    whole = len(args) > 2 and len(args[0].texts) == len(args[1].texts) == 1 and known[0] and known[2]  # noqa: PLR2004
    if not whole or (len(args) > 3 and not known[3]):  # noqa: PLR2004  text, replacement, offset, length
        return Val(evaluator.unknown(node).texts, labels)
    subject, numbers = known[0][0], [one[0] for one in known[2:4]]
    if not all(_NUMBER.fullmatch(text) for text in numbers):
        return Val(evaluator.unknown(node).texts, labels)
    offset = int(numbers[0])
    start = min(offset, len(subject)) if offset >= 0 else max(0, len(subject) + offset)
    length = int(numbers[1]) if len(numbers) > 1 else len(subject)
    end = max(start, min(len(subject), start + length if length >= 0 else len(subject) + length))
    return Val(frozenset([subject[:start] + next(iter(args[1].texts)) + subject[end:]]), labels)


@handles("preg_replace_callback", "preg_replace_callback_array")
def _replace_by_callback(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """What callbacks put in the place of a plain word; of other patterns only what comes before the first match."""
    listed = str(node.name).lower().endswith("_array")
    subject = args[1 if listed else 2] if len(args) > (1 if listed else 2) else NOTHING
    exact = _each_of_all(evaluator, node, args) if listed else _each_replaced(evaluator, node, args)
    if exact is not None:
        return exact
    if not listed and not any("://" in text for text in subject.texts):
        return Val(evaluator.unknown(node).texts, labels_of(evaluator, args))  # the callback runs in any case
    pairs = list(_callbacks(evaluator, args, listed=listed))
    bare = Call(node.kind, node.name, node.receiver, (), node.line, node.end_line, node.start, node.end)
    labels: Mapping[str, Trace] = labels_of(evaluator, [subject])
    texts = subject.texts
    for pattern, callback in pairs:
        if not is_callable(evaluator, callback):
            continue
        result = evaluator.state.interpreter.call_value(evaluator, bare, callback, [Val(rest=subject)])
        labels = merge_labels(labels, all_labels(result))
        word = _PLAIN_PATTERN.fullmatch(pattern)
        put = result.texts if len(result.texts) == 1 else evaluator.unknown(node).texts
        if word is None:
            return Val(evaluator.unknown(node).texts, labels)
        texts = frozenset(text.replace(word[2], next(iter(put)))[: folding.MAX_INPUT] for text in texts)
    return Val(texts or evaluator.unknown(node).texts, labels)


def _each_of_all(evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    """The same for several patterns, one after another, where the array of them is known."""
    if len(args) < 2 or not is_complete(args[0]):  # noqa: PLR2004  patterns with callbacks, and text
        return None
    result = args[1]
    for pattern, callback in pairs(args[0]):
        made = _each_replaced(evaluator, node, [text_value(pattern), callback, result])
        if made is None:
            return None
        result = made
    return result


def _each_replaced(evaluator: Evaluator, node: Call, args: list[Val]) -> Val | None:
    """What a callback makes of each match in known text; None where no match is known, or what is put for any."""
    found = matching.found(evaluator, args)
    if found is None or len(args) < 3 or not is_callable(evaluator, args[1]):  # noqa: PLR2004  pattern, callback, text
        return None
    text, matches = found
    labels: Mapping[str, Trace] = labels_of(evaluator, args[2:3])
    made, start, step, told = "", 0, call_of_value(node, 1), False
    for begin, end, groups in matches:
        result = evaluator.state.interpreter.call_value(evaluator, step, args[1], [matching.as_array(groups)])
        put = next(iter(result.texts)) if len(result.texts) == 1 else evaluator.state.holes.template("unknown", "found")
        told = told or is_known(put) or "://" in text
        made, start = made + text[start:begin] + put, end
        labels = merge_labels(labels, all_labels(result))
    return Val(frozenset([made + text[start:]]), labels) if told or not matches else None


def _callbacks(evaluator: Evaluator, args: list[Val], *, listed: bool) -> Iterator[tuple[str, Val]]:
    """Patterns and what is called for each."""
    if listed:
        yield from (args[0].items or {}).items()
    else:
        patterns = evaluator.known_texts(args[0])
        yield patterns[0] if len(patterns) == 1 else "", args[1]


@handles("parse_url")
def _parse_url(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    unknown = Val(evaluator.unknown(node).texts, args[0].labels)
    found = [match for text in sorted(args[0].texts)[:_MAX_ADDRESSES] if (match := _known_parts(text)) is not None]
    chosen = evaluator.known_texts(args[1]) if len(args) > 1 else []
    if not found or len(found) < len(args[0].texts):
        return unknown.replaced(rest=unknown)
    if len(args) > 1:
        parts = [match[_PARTS[int(text)]] for match in found for text in chosen if text in _NUMBERS]
        return Val(frozenset(part for part in parts if part), args[0].labels) if any(parts) else unknown
    made = [Val(items={name: text_value(part) for name, part in match.groupdict().items() if part}) for match in found]
    return join_all([*made, Val(labels=args[0].labels)], evaluator.state.overflow)


_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/:@?#]*)(?::(?P<pass>[^/@?#]*))?@)?(?P<host>[^/:?#]+)"
    r"(?::(?P<port>\d{1,5}))?(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_PARTS = ("scheme", "host", "port", "user", "pass", "path", "query", "fragment")
"""Parts of an address, as `PHP_URL_SCHEME` = 0 and so on number them."""
_NUMBERS = frozenset(map(str, range(len(_PARTS))))
_MAX_ADDRESSES = 4


def _known_parts(text: str) -> re.Match[str] | None:
    """Parts of an address whose host is known."""
    match = _ADDRESS.fullmatch(text) if len(text) <= folding.MAX_INPUT else None
    return match if match is not None and is_known(match["host"]) else None


@handles("http_build_query")
def _build_query(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    return Val(evaluator.unknown(node).texts, labels_of(evaluator, args))


@handles("ini_get")
def _ini_get(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    return evaluator.unknown(node)


def register() -> None:
    """Make the handlers of this module known, and of those for arrays alone: importing them has done so."""
    selecting.register()
    remaking.register()
