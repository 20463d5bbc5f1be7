"""What a collection of PHP holds, one by one and in its order, as long as that is known.

That is so for one object that is made here, outside of loops that are not followed round by round, until a function
of the program is called: that may have the object, too. It is kept beside the variables, so that branches and loops
join it as they do those.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from scanner.analysis.array_keys import is_number
from scanner.analysis.templates import is_known
from scanner.analysis.values import Val

_HELD = "->held:"
"""Begins the names, among the variables, of what objects hold; it follows the mark of what is no variable."""
_LOST = Val(loose=True)
LISTS = frozenset({"splstack", "splqueue", "spldoublylinkedlist"})
ARRAYS = frozenset({"arrayobject", "arrayiterator", "recursivearrayiterator"})
HEAPS = frozenset({"splminheap", "splmaxheap", "splpriorityqueue"})
FIXED = "splfixedarray"
STACK = "splstack"
CHAIN = "appenditerator"
LIMIT = "limititerator"
AROUND = frozenset({"iteratoriterator", "norewinditerator", "cachingiterator"})
KINDS = LISTS | ARRAYS | HEAPS | AROUND | {FIXED, CHAIN, LIMIT}
Variables = MutableMapping[str, Val]


def kind(value: Val) -> str:
    """Class of an object that may be followed: one of PHP's own, made at one place."""
    if len(value.types) != 1 or len(value.sites) != 1 or min(value.sites) < 0:
        return ""
    (cls,) = value.types
    return cls if cls in KINDS else ""


def _place(value: Val) -> str:
    (site,) = value.sites
    return f"-{_HELD}{site}"


def held(variables: Variables, value: Val) -> dict[str, Val] | None:
    """What an object holds, by key; None where it is not known, one by one."""
    known = variables.get(_place(value)) if kind(value) else None
    if known is None or known.loose or known.rest is not None:
        return None
    return dict(known.items or {})


def keep(variables: Variables, value: Val, content: dict[str, Val] | None) -> None:
    """From here on an object holds this; None where that is not known."""
    if kind(value):
        variables[_place(value)] = _LOST if content is None else Val(items=content)


def without(variables: Variables) -> dict[str, Val]:
    """Variables alone, as another file gets them."""
    return {name: value for name, value in variables.items() if not name.startswith(f"-{_HELD}")}


def lose(variables: Variables) -> None:
    """Nothing is known any more of what the objects hold that are followed."""
    for name in [name for name in variables if name.startswith(f"-{_HELD}")]:
        variables[name] = _LOST


def at(variables: Variables, base: Val, key: Val) -> Val | None:
    """`$object[$key]`, where it is known."""
    cls, content = kind(base), held(variables, base)
    if content is None or not (cls in LISTS or cls in ARRAYS or cls == FIXED):
        return None
    name = key_of(cls, content, key)
    return None if name is None else content.get(name)


def key_of(cls: str, content: Mapping[str, Val], key: Val) -> str | None:
    """The key that a value is; a stack counts from its top."""
    text = next(iter(key.texts), "")
    if len(key.texts) != 1 or not is_known(text) or (cls not in ARRAYS and not is_number(text)):
        return None
    return str(len(content) - 1 - int(text)) if cls == STACK else text
