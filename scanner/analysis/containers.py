"""PHP's own collections and iterators: an object that gives back what was put into it.

What a method puts in is kept with the object's allocation site, so that it is there wherever the object goes; what a
constructor takes over are the object's elements, as those of an array are. Which of the values that were put in comes
out is not told apart. Source: the manual, chapters SPL (data structures, iterators) and Data Structures (`Ds`).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import collecting
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_of_value, contents
from scanner.analysis.templates import ELEMENTS, OF_OBJECT
from scanner.analysis.values import NOTHING, Val, join_all, parts
from scanner.model.facts import Call, Var

CLASSES = frozenset(
    {"appenditerator", "arrayiterator", "arrayobject", "cachingiterator", "infiniteiterator", "iteratoriterator",
     "filteriterator", "recursivefilteriterator", "parentiterator",
     "callbackfilteriterator", "limititerator", "multipleiterator", "recursivecallbackfilteriterator",
     "recursiveregexiterator", "regexiterator", "norewinditerator", "recursivearrayiterator",
     "recursivecachingiterator",
     "recursiveiteratoriterator", "splmaxheap", "splminheap", "splheap", "splpriorityqueue", "splqueue", "splstack",
     "spldoublylinkedlist", "splfixedarray", "splobjectstorage", "weakmap", "weakreference",
     "ds\\deque", "ds\\map", "ds\\priorityqueue", "ds\\queue", "ds\\set", "ds\\stack", "ds\\vector"}
)  # fmt: skip
_CHOOSING = frozenset(
    {"filteriterator", "recursivefilteriterator", "parentiterator",
     "limititerator", "callbackfilteriterator", "recursivecallbackfilteriterator", "regexiterator",
     "recursiveregexiterator", "appenditerator", "multipleiterator", "splheap", "splminheap", "splmaxheap",
     "splpriorityqueue"}
)  # fmt: skip
"""Classes that leave out some of what they are given, or give it in another order."""
_PUTS = {
    "push": (0, 8), "unshift": (0, 8), "enqueue": (0, 1), "append": (0, 1), "insert": (0, 2), "add": (0, 8),
    "attach": (0, 2), "attachiterator": (0, 1), "offsetset": (0, 2), "put": (0, 2), "set": (1, 2), "setinfo": (0, 1),
    "allocate": (0, 0), "exchangearray": (0, 1), "addall": (0, 1), "putall": (0, 1),
}  # fmt: skip
"""Method -> first argument that is kept, and the one after the last."""
_TAKES_ALL = frozenset({"exchangearray", "putall"})
"""Methods that put all elements of what they are given in."""
_GETS = frozenset(
    {"bottom", "current", "dequeue", "extract", "find", "first", "get", "getarraycopy", "getinfo", "getinneriterator",
     "getiterator", "key", "last", "offsetget", "peek", "pop", "remove", "shift", "toarray", "top", "values", "keys"}
)  # fmt: skip
_WHOLE = frozenset({"getarraycopy", "getinneriterator", "getiterator", "toarray", "values", "keys"})
"""Methods that give all elements at once."""
_COMPARED_BY = frozenset({"uasort", "uksort"})
"""Methods that compare elements by a function that they are given."""
_ASKED = {"insert": "compare", "attach": "gethash", "offsetset": "gethash"}
"""Methods that put something in, and which of the class is asked about it."""
_BY_PATTERN = frozenset({"regexiterator", "recursiveregexiterator"})
_MATCH = frozenset({"0"})
"""The mode in which elements are given as they are."""
_OF_LEAVES = "recursiveiteratoriterator"
ROLE = "." + ELEMENTS


def container(evaluator: Evaluator, value: Val) -> bool:
    """Whether an object is one of these, or of a class of the program that extends one."""
    ancestors = evaluator.state.program.ancestors
    return any(cls in CLASSES or not CLASSES.isdisjoint(ancestors(cls)) for cls in value.types)


def made(evaluator: Evaluator, instance: Val, args: Sequence[Val]) -> Val:
    """A new object with the elements of the array, or of the iterator, that its constructor takes."""
    evaluator.state.collections |= instance.sites
    collecting.begin(evaluator, instance, args)
    inner = args[0] if args else NOTHING
    if _OF_LEAVES in instance.types and inner.height > 1:
        inner = inner.replaced(items=None, rest=_leaves(evaluator, inner), loose=True)
    if not _BY_PATTERN.isdisjoint(instance.types) and args[2:3] and args[2].texts != _MATCH:
        inner = _remade(evaluator, inner)
    extended = bool(evaluator.state.program.own_classes(instance.types))  # its own methods ask the object alone
    held = elements(evaluator, inner) if extended else _held(evaluator, inner)
    for site in sorted(instance.sites) if held is not NOTHING else ():
        evaluator.set_site(site, ROLE, held)
    loose = inner.loose or not _CHOOSING.isdisjoint(instance.types)
    return instance.replaced(items=inner.items, rest=inner.rest, loose=loose)


def _remade(evaluator: Evaluator, value: Val) -> Val:
    """What `RegexIterator` gives in another mode than `MATCH`: something that is made of each element."""
    made = Val(evaluator.unknown("what a pattern makes of it").texts, elements(evaluator, value).labels)
    items = dict.fromkeys(value.items or {}, made)
    return value.replaced(items=items or None, rest=None if value.rest is None else made)


def _leaves(evaluator: Evaluator, value: Val) -> Val:
    """All that stands in arrays in arrays: each of them, and what is in it."""
    inside = [_leaves(evaluator, part) for part in parts(value)] if value.height else []
    return join_all([value.replaced(items=None, rest=None), *inside], evaluator.state.overflow)


def copied(evaluator: Evaluator, call: Call, cls: str, method: str, args: Sequence[Val]) -> Val:
    """`SplFixedArray::fromArray($array)`, `WeakReference::create($object)`."""
    if call.receiver == "parent" and "this" in evaluator.env:
        return _of_parent(evaluator, call, cls, method, args)
    if cls == "weakreference" and method == "create" and args:
        return Val(types=frozenset([cls]), rest=args[0])
    if cls != "splfixedarray" or method != "fromarray" or not args:
        return NOTHING
    sites = frozenset([evaluator.state.site(evaluator.number, call.start)])
    return made(evaluator, Val(labels=args[0].labels, types=frozenset([cls]), sites=sites), args)


def _of_parent(evaluator: Evaluator, call: Call, cls: str, method: str, args: Sequence[Val]) -> Val:
    """`parent::__construct($iterator)`, `parent::current()` in a class that extends one of these."""
    if not CLASSES.intersection(evaluator.state.program.ancestors(cls)):
        return NOTHING
    this = evaluator.env["this"]
    if method != "__construct":
        return called(evaluator, call, method, this, args)
    if args:
        hold(evaluator, this.sites, elements(evaluator, args[0]))
    return NOTHING


def called(evaluator: Evaluator, call: Call, method: str, receiver: Val, args: Sequence[Val]) -> Val:
    """What a method gives back; what it is given is kept."""
    known = collecting.called(evaluator, call, method, receiver, args)
    put(evaluator, method, receiver, args)
    if known is not None:
        return known
    if method in _COMPARED_BY and args:
        found = elements(evaluator, receiver)
        evaluator.state.interpreter.call_value(evaluator, call_of_value(call, 2), args[0], [found, found])
    if method not in _GETS:
        return NOTHING
    found = elements(evaluator, receiver)
    return Val(rest=found, labels=found.labels, types=receiver.types) if method in _WHOLE else found


def put(evaluator: Evaluator, method: str, receiver: Val, args: Sequence[Val]) -> None:
    """Keep what a method puts into a collection, or into an object that only the caller knows."""
    first, end = _PUTS.get(method, (0, 0))
    kept = [contents(evaluator, arg) for arg in args[:1]] if method in _TAKES_ALL else args[first:end]
    given = join_all(kept, evaluator.state.overflow)
    if given is not NOTHING:
        hold(evaluator, receiver.sites, given)
        _ask(evaluator, method, receiver, given)


def _ask(evaluator: Evaluator, method: str, receiver: Val, given: Val) -> None:
    """What the class of a collection is asked about what is put in: a heap compares, a storage wants a hash."""
    program, asked = evaluator.state.program, _ASKED.get(method)
    for cls in program.own_classes(receiver.types) if asked else ():
        number = program.find_method(cls, asked or "")
        if number is not None and CLASSES.intersection(program.ancestors(cls)):
            evaluator.run_method(
                number, [evaluator.join(given, elements(evaluator, receiver))] * 2, Var("held"), receiver
            )


def put_at(evaluator: Evaluator, base: Val, key: Val, value: Val) -> None:
    """`$object[$key] = $value`, of a collection or of what a caller passes without a class: an array is a copy."""
    passed = bool(base.sites) and min(base.sites) < 0 and not evaluator.state.program.own_classes(base.types)
    if passed or (base.types and container(evaluator, base)):
        collecting.put(evaluator, base, key, value)
        put(evaluator, "offsetset", base, [key, value])


def hold(evaluator: Evaluator, sites: frozenset[int], given: Val) -> None:
    """Keep a value with objects, where they can hold any."""
    kept = [site for site in sorted(sites) if holds(evaluator, site)]
    evaluator.stored_sites.update(kept)  # an object that was kept elsewhere lives on after this function
    for site in kept:
        evaluator.set_site(site, ROLE, given)


def holds(evaluator: Evaluator, site: int) -> bool:
    """Whether an object of a place may be a collection."""
    return site < 0 or site in evaluator.state.collections


def elements(evaluator: Evaluator, receiver: Val) -> Val:
    """Everything that an object may hold."""
    inside = contents(evaluator, receiver) if receiver.items or receiver.rest is not None else NOTHING
    return join_all([inside, _held(evaluator, receiver), Val(labels=receiver.labels)], evaluator.state.overflow)


def _held(evaluator: Evaluator, value: Val) -> Val:
    return evaluator.project(value, OF_OBJECT + ELEMENTS) if value.sites else NOTHING
