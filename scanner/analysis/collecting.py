"""Methods of PHP's collections and iterators whose content is known in its order (see `ordered`).

Source: the manual, chapter SPL (data structures, iterators); what it leaves open was asked of PHP itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import ordered, ordering
from scanner.analysis.arithmetic import VALUES
from scanner.analysis.array_keys import is_number, next_number
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.listed import array, is_complete
from scanner.analysis.scalars import INT, NULL
from scanner.analysis.values import NOTHING, Val, text_value, typed
from scanner.model.facts import Call

Content = dict[str, Val]
Pair = tuple[str, Val]
_MAX_SIZE = 100
_MAX_NESTED = 4
_INNER, _FROM, _COUNT = "0", "1", "2"
"""Elements of what is kept of an iterator around another: what it was constructed with."""
_PAIR = 2
_LEAVES = frozenset({"rewind", "valid", "key", "hasnext"})
"""Methods that leave what an object holds as it is; what they give is not known."""
_WALKS = frozenset({"current", "next"})
"""The same, but of heaps: these lose what was walked over."""


def begin(evaluator: Evaluator, instance: Val, args: Sequence[Val]) -> None:
    """A new object with what its constructor is given."""
    cls = ordered.kind(instance)
    if cls:
        content = None if evaluator.looping else _first(evaluator, cls, args)
        ordered.keep(evaluator.env, instance, content)
        evaluator.collects = True


def _first(evaluator: Evaluator, cls: str, args: Sequence[Val]) -> Content | None:
    if cls == ordered.FIXED:
        size = _number(evaluator, args[0]) if args else 0
        known = size is not None and 0 <= size <= _MAX_SIZE
        return {str(place): typed("", NULL) for place in range(size or 0)} if known else None
    if cls in ordered.AROUND or cls == ordered.LIMIT:
        return {str(place): arg for place, arg in enumerate(args[:3])} if args else None
    if not args:
        return {}
    return dict(args[0].items or {}) if cls in ordered.ARRAYS and is_complete(args[0]) else None


def listed(evaluator: Evaluator, value: Val, depth: int = 0) -> list[Pair] | None:
    """Keys and elements as `foreach` gives them; None where they, or their order, are not known."""
    cls, content = ordered.kind(value), ordered.held(evaluator.env, value)
    if content is None or depth > _MAX_NESTED:
        return None
    if cls == ordered.STACK:
        return list(content.items())[::-1]
    if cls in ordered.HEAPS:
        order = _by_rank(cls, content)
        return None if order is None else [(str(len(order) - 1 - place), one) for place, one in enumerate(order)]
    if cls == ordered.CHAIN:
        chained = [listed(evaluator, one, depth + 1) for one in content.values()]
        return None if None in chained else [pair for one in chained for pair in one or ()]
    if cls in ordered.AROUND or cls == ordered.LIMIT:
        inner = listed(evaluator, content[_INNER], depth + 1)
        return inner if inner is None or cls != ordered.LIMIT else _part(evaluator, inner, content)
    return list(content.items())


def walked(evaluator: Evaluator, value: Val) -> None:
    """After a `foreach`: a heap is empty."""
    if ordered.kind(value) in ordered.HEAPS:
        ordered.keep(evaluator.env, value, {})


def lost(evaluator: Evaluator, value: Val) -> None:
    """After a `foreach` that is not followed round by round: of a heap nobody knows what is left."""
    if ordered.kind(value) in ordered.HEAPS:
        ordered.keep(evaluator.env, value, None)


def _part(evaluator: Evaluator, inner: list[Pair], content: Content) -> list[Pair] | None:
    """What a `LimitIterator` gives of the iterator in it."""
    first = _number(evaluator, content[_FROM]) if _FROM in content else 0
    count = _number(evaluator, content[_COUNT]) if _COUNT in content else -1
    if first is None or count is None:
        return None
    return inner[first:] if count < 0 else inner[first : first + count]


def _by_rank(cls: str, content: Content) -> list[Val] | None:
    """Elements of a heap, those that come out first in front; None where that is not known, or left open by PHP."""
    ranked = list(content.items())
    if cls == "splpriorityqueue":
        order = ordering.in_order([(key, (pair.items or {})["1"]) for key, pair in ranked])
        order = None if order is None else order[::-1]
        whole = None if order is None else [(content[key].items or {})["0"] for key, _rank in order]
    else:
        order = ordering.in_order(ranked)
        order = order[::-1] if order is not None and cls == "splmaxheap" else order
        whole = None if order is None else [value for _key, value in order]
    pairs = zip(order or (), (order or ())[1:], strict=False)
    alike = any(one[1].texts == two[1].texts for one, two in pairs)
    return None if alike and cls == "splpriorityqueue" else whole


def called(evaluator: Evaluator, call: Call, method: str, receiver: Val, args: Sequence[Val]) -> Val | None:
    """What a method (lower case) gives; None where it is not known. What the object holds is brought up to date."""
    cls, content = ordered.kind(receiver), ordered.held(evaluator.env, receiver)
    if not cls:
        return None
    if method in _LEAVES or (method in _WALKS and cls not in ordered.HEAPS):
        return None
    plain = len(call.args) == len(args) and not any(arg.spread or arg.name for arg in call.args)
    found = _run(cls, method, dict(content), list(args)) if content is not None and plain else None
    changed = None if found is None or len(found[0]) > _MAX_SIZE else found[0]
    if changed != content:
        for variables in evaluator.attempts:  # behind a `try`, it may hold what it held before
            ordered.keep(variables, receiver, None)
    ordered.keep(evaluator.env, receiver, changed)
    return None if changed is None or found is None else found[1]


def put(evaluator: Evaluator, base: Val, key: Val, value: Val) -> None:
    """`$object[$key] = $value`, or `$object[] = $value`, which has no key."""
    cls, content = ordered.kind(base), ordered.held(evaluator.env, base)
    if not cls:
        return
    if content is not None:
        content = _set(cls, content, key, value, added=key is NOTHING)
    ordered.keep(evaluator.env, base, content)


def _run(cls: str, method: str, content: Content, args: list[Val]) -> tuple[Content, Val] | None:
    """What an object holds afterwards, and what a method gives; None where that is not known."""
    if method in ("count", "isempty") and cls not in ordered.AROUND:
        size = len(content)
        return content, typed(str(size), INT) if method == "count" else VALUES[not size]
    if cls in ordered.LISTS:
        return _of_list(cls, method, content, args)
    if cls in ordered.HEAPS:
        return _of_heap(cls, method, content, args)
    if cls == ordered.CHAIN:
        return (_numbered([*content.values(), *args]), NOTHING) if method == "append" and len(args) == 1 else None
    if cls in ordered.ARRAYS or cls == ordered.FIXED:
        return _of_array(cls, method, content, args)
    return None


def _of_list(cls: str, method: str, content: Content, args: list[Val]) -> tuple[Content, Val] | None:
    values = list(content.values())
    if method in ("push", "enqueue") and len(args) == 1:
        return _numbered([*values, *args]), NOTHING
    if method == "unshift" and len(args) == 1:
        return _numbered([*args, *values]), NOTHING
    if method in ("pop", "top") and values:
        return (_numbered(values[:-1]) if method == "pop" else content), values[-1]
    if method in ("shift", "dequeue", "bottom") and values:
        return (content if method == "bottom" else _numbered(values[1:])), values[0]
    return _at(cls, method, content, args)


def _of_heap(cls: str, method: str, content: Content, args: list[Val]) -> tuple[Content, Val] | None:
    if method == "insert":
        ranked = cls == "splpriorityqueue"
        if len(args) != (_PAIR if ranked else 1):
            return None
        one = Val(items={"0": args[0], "1": args[1]}) if ranked else args[0]
        return _numbered([*content.values(), one]), NOTHING
    order = _by_rank(cls, content)
    if not order or method not in ("top", "extract"):
        return None
    first = order[0]
    if method == "top":
        return content, first
    key = next(key for key, one in content.items() if (one if cls != "splpriorityqueue" else one.items["0"]) is first)  # type: ignore[index]
    return _numbered([one for name, one in content.items() if name != key]), first


def _of_array(cls: str, method: str, content: Content, args: list[Val]) -> tuple[Content, Val] | None:
    if method in ("getarraycopy", "toarray"):
        return content, array(content.items())
    if method == "getsize":
        return content, typed(str(len(content)), INT)
    if cls == ordered.FIXED:
        return _at(cls, method, content, args)
    if method == "append" and len(args) == 1:
        made = _set(cls, content, NOTHING, args[0], added=True)
        return None if made is None else (made, NOTHING)
    if method == "exchangearray" and len(args) == 1 and is_complete(args[0]):
        return dict(args[0].items or {}), array(content.items())
    if method in ("asort", "ksort") and not args:
        order = ordering.in_order(list(content.items()), keys=method == "ksort")
        return None if order is None else (dict(order), VALUES[True])
    return _at(cls, method, content, args)


def _at(cls: str, method: str, content: Content, args: list[Val]) -> tuple[Content, Val] | None:
    """`offsetGet`, `offsetSet` and the like."""
    if method == "offsetset" and len(args) == _PAIR:
        made = _set(cls, content, args[0], args[1], added=False)
        return None if made is None else (made, NOTHING)
    key = ordered.key_of(cls, content, args[0]) if len(args) == 1 else None
    if key is None or key not in content:
        return None
    if method == "offsetget":
        return content, content[key]
    if method == "offsetunset" and cls in ordered.ARRAYS:
        return {name: one for name, one in content.items() if name != key}, NOTHING
    return None


def _set(cls: str, content: Content, key: Val, value: Val, *, added: bool) -> Content | None:
    if added:
        number = next_number(content)
        return None if number is None or cls == ordered.FIXED else {**content, str(number): value}
    name = ordered.key_of(cls, content, key)
    if name is None or (cls not in ordered.ARRAYS and name not in content):
        return None
    return {**content, name: value}


def _number(evaluator: Evaluator, value: Val) -> int | None:
    known = evaluator.known_texts(value)
    return int(known[0]) if len(known) == len(value.texts) == 1 and is_number(known[0]) else None


def _numbered(values: Sequence[Val]) -> Content:
    return {str(place): value for place, value in enumerate(values)}


def count(evaluator: Evaluator, value: Val) -> Val | None:
    """`count($object)`."""
    content = ordered.held(evaluator.env, value)
    if content is None or ordered.kind(value) in ordered.AROUND | {ordered.LIMIT, ordered.CHAIN}:
        return None
    return text_value(str(len(content))).replaced(scalar=INT)


def unset(evaluator: Evaluator, base: Val, key: Val) -> None:
    """`unset($object[$key])`."""
    cls, content = ordered.kind(base), ordered.held(evaluator.env, base)
    if not cls:
        return
    told = _at(cls, "offsetunset", content, [key]) if content is not None else None
    ordered.keep(evaluator.env, base, None if told is None else told[0])
