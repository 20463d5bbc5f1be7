"""PHP's functions on arrays and strings: which elements come back, and what text is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.analysis import folding, matching, relisting
from scanner.analysis.destinations import stays_here
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.folds import replacing
from scanner.analysis.handlers import call_of_value, contents, folded, handles, is_callable, labels_of
from scanner.analysis.shared import telling_texts
from scanner.analysis.summary import ANY, opened
from scanner.analysis.templates import OF_JOINED, OF_OBJECT, PARAMETERS, is_known
from scanner.analysis.values import (
    NOTHING,
    Trace,
    Val,
    all_labels,
    bounded_texts,
    join_all,
    merge_labels,
    parts,
    text_value,
)
from scanner.model.facts import Call, Const, Index, Value, Var

_NUMBER = re.compile(r"-?\d{1,9}")
_MAX_KEYS = 100
"""Keys that are taken from an array one by one."""
_PUSHING = frozenset({"array_push", "array_unshift"})
IN_PLACE = relisting.TAKING | _PUSHING | {"array_multisort"}
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


@handles("array_merge", "array_replace", "array_merge_recursive", "array_replace_recursive", "wp_parse_args")
def _array_merge(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Later arrays win; of one that is not known, each element that stays on this machine may be another."""
    if (made := relisting.changed(evaluator, node, args)) is not None:
        return made
    merged = join_all(args, evaluator.state.overflow)
    others = [arg for arg in args[1:] if arg.items is None or arg.rest is not None]
    if not others or not args[0].items:
        return merged
    changed = {key: _perhaps_other(evaluator, node, key, item, others) for key, item in (merged.items or {}).items()}
    return merged.replaced(items=changed)


def _perhaps_other(evaluator: Evaluator, node: Call, key: str, item: Val, others: list[Val]) -> Val:
    if key.isdecimal() or not stays_here(item.texts, evaluator.state.holes):
        return item
    place = Index(node.args[-1].value if node.args else Var("array"), Const(key))
    return join_all([item, *(evaluator.element(other, [key], place) for other in others)], evaluator.state.overflow)


@handles("array_filter", "array_unique", "array_slice", "array_values", "array_reverse",
          "array_change_key_case", "array_diff_key", "current",
          "reset", "end", "array_pop", "array_shift", "next", "prev", "max", "min")  # fmt: skip
def _array_same(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Functions whose result is made of an array's elements."""
    if not args:
        return NOTHING
    name = str(node.name).lower()
    if name in ("max", "min") and len(args) > 1:
        return join_all(args, evaluator.state.overflow)
    if name in ("array_filter", "array_unique") and args[0].items is not None:  # what stays has the key it had
        return args[0].replaced(types=frozenset(), sites=frozenset())
    if name in ("array_reverse", "array_values") and args[0].items is not None:
        return relisting.renumbered(args[0], backwards=name == "array_reverse", named=name == "array_reverse")
    if (changed := relisting.changed(evaluator, node, args)) is not None:
        return changed
    if (
        name in relisting.TAKING
        and (taken := relisting.taken(evaluator, node, args[0], first=name == "array_shift")) is not None
    ):
        return taken
    elements = contents(evaluator, args[0])
    if name.startswith("array_") and name not in relisting.TAKING:
        return args[0].replaced(rest=elements) if elements is not args[0] else args[0]
    of_caller = opened(args[0], ANY, evaluator.state.holes)
    return elements if of_caller is NOTHING or elements is not args[0] else of_caller


@handles("array_pad")
def _array_pad(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """The array, and behind or in front of it a value as often as it takes."""
    if len(args) < 3:  # noqa: PLR2004  array, length, value
        return NOTHING
    return args[0].replaced(rest=args[2] if args[0].rest is None else evaluator.join(args[0].rest, args[2]))


@handles("array_chunk")
def _array_chunk(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Arrays of so many elements each, where these are known."""
    array = args[0] if args else NOTHING
    sizes = [int(text) for text in evaluator.known_texts(args[1])] if len(args) > 1 and _is_number(args[1]) else []
    items = list((array.items or {}).values())
    if not items or array.rest is not None or len(sizes) != 1 or sizes[0] < 1:
        return Val(rest=Val(rest=contents(evaluator, array), labels=array.labels), labels=array.labels)
    pieces = [items[start : start + sizes[0]] for start in range(0, len(items), sizes[0])]
    return Val(items={str(n): Val(items={str(i): item for i, item in enumerate(p)}) for n, p in enumerate(pieces)},
               labels=array.labels)  # fmt: skip


def _is_number(value: Val) -> bool:
    return bool(value.texts) and all(map(_NUMBER.fullmatch, value.texts))


@handles("array_column")
def _array_column(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """One element of each row, under another element of it."""
    rows = args[0] if args else NOTHING
    listed = parts(rows)
    columns = evaluator.known_texts(args[1]) if len(args) > 1 else []
    names = evaluator.known_texts(args[2]) if len(args) > 2 else []  # noqa: PLR2004  rows, column, key
    if len(columns) != 1 or not listed:
        return Val(rest=contents(evaluator, contents(evaluator, rows)), labels=rows.labels)
    items: dict[str, Val] = {}
    for number, row in enumerate(listed[:_MAX_KEYS]):
        keys = evaluator.known_texts((row.items or {}).get(names[0], NOTHING)) if len(names) == 1 else [str(number)]
        items[keys[0] if len(keys) == 1 else str(number)] = _of_row(evaluator, row, columns)
    every = join_all(items.values(), evaluator.state.overflow)
    return Val(items=items, rest=every if rows.rest is not None else None, labels=rows.labels)


def _of_row(evaluator: Evaluator, row: Val, columns: list[str]) -> Val:
    """Element of a row, or property of an object."""
    if row.types and not row.items:
        known = evaluator.held(row, sorted(row.types), columns[0])
        return evaluator.join(evaluator.project(row, OF_OBJECT + columns[0]), known)
    return evaluator.element(row, columns, Index(Var("row"), None))


@handles("array_intersect_key")
def _array_intersect_key(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Elements whose keys another array has: known ones are taken one by one, also from all globals."""
    wanted = list((args[1].items or {}) if len(args) == 2 and args[1].rest is None else ())  # noqa: PLR2004
    if not wanted or (args[0].items is not None and args[0].rest is None):
        return _array_same(evaluator, node, args)
    base = node.args[0].value if node.args else Var("array")
    return Val(items={key: evaluator.element(args[0], [key], Index(base, Const(key))) for key in wanted[:_MAX_KEYS]})


@handles("array_key_first", "array_key_last", "key")
def _one_key(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """The first or last key of an array; where an array's pointer stands nobody knows, and it mostly is the first."""
    keys = list((args[0].items or {}) if args else ())
    if not keys or args[0].rest is not None:
        return evaluator.keys_of(args[0] if args else NOTHING, node)
    return Val(frozenset([keys[-1] if node.short_name == "array_key_last" else keys[0]]), args[0].labels)


@handles("array_keys")
def _array_keys(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    array = args[0] if args else NOTHING
    items = {str(i): Val(frozenset([key])) for i, key in enumerate(array.items or ())}
    keys = evaluator.keys_of(array, node)
    return Val(items=items, rest=None if items else keys, labels=keys.labels)


@handles("array_flip", "array_fill_keys", "array_count_values")
def _array_flip(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Values become keys: what they carry is the array's."""
    items = {
        text: Val(frozenset([key]))
        for key, item in ((args[0].items or {}) if args else {}).items()
        for text in evaluator.known_texts(item)[:1]
    }
    return Val(items=items or None, labels=labels_of(evaluator, args))


@handles("array_combine")
def _array_combine(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    if len(args) > 1 and args[0].items and args[1].items:
        names = [evaluator.known_texts(item) for item in args[0].items.values()]
        if all(len(known) == 1 for known in names):
            return Val(items=dict(zip((known[0] for known in names), args[1].items.values(), strict=False)))
    return Val(rest=Val(labels=labels_of(evaluator, args)))


@handles("array_multisort")
def _multisort(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Arrays in the order of the first, where that is known; else any element may stand anywhere."""
    order = _order(evaluator, args)
    for arg, array in zip(node.args, args, strict=False):
        if array.items is None and array.rest is None:
            continue  # a flag
        elements = list((array.items or {}).values())
        sorted_ = {str(number): elements[place] for number, place in enumerate(order or ())}
        value = Val(items=sorted_) if order else Val(rest=contents(evaluator, array))
        evaluator.state.interpreter.write(evaluator, arg.value, value)
    return NOTHING


def _order(evaluator: Evaluator, arrays: list[Val]) -> list[int] | None:
    """Places of the elements in the order of the first array; None where a value is not known, or stands twice."""
    firsts = [evaluator.known_texts(item) for item in (arrays[0].items or {}).values()] if arrays else []
    keys = [known[0] for known in firsts if len(known) == 1]
    whole = all(array.items and array.rest is None and len(array.items) == len(firsts) for array in arrays)
    if not whole or len(set(keys)) < len(firsts) or len({key.isdecimal() for key in keys}) > 1:
        return None
    return sorted(range(len(keys)), key=lambda place: (int(keys[place]) if keys[place].isdecimal() else 0, keys[place]))


@handles(*sorted(_PUSHING))
def _array_push(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not node.args:
        return NOTHING
    place = node.args[0].value
    array = evaluator.value(place) if isinstance(place, Var) else args[0]  # other arguments may have changed it
    if str(node.name).lower() == "array_unshift" and array.items and array.rest is None and not evaluator.looping:
        numbered = [*args[1:], *(value for key, value in array.items.items() if key.isdecimal())]
        named = {key: value for key, value in array.items.items() if not key.isdecimal()}
        whole = array.replaced(items={**{str(key): value for key, value in enumerate(numbered)}, **named})
        evaluator.state.interpreter.write(evaluator, place, whole)
        return NOTHING
    if (made := relisting.changed(evaluator, node, args)) is not None:
        return made
    for value in args[1:]:
        evaluator.state.interpreter.write(evaluator, Index(place, None), value)
    return NOTHING


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
    exact = None if listed else _each_replaced(evaluator, node, args)
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
    """Make the handlers of this module known: importing it has done so."""
