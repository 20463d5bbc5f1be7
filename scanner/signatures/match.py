"""Look-ups from what a call says to the signatures that describe it.

Names of functions, classes and methods are compared without regard to case, as PHP does. A class name that agrees
only in its last namespace part, where one of the two has no namespace, is a lesser match: REDCap's own autoloader
drops namespaces, so such a class may be meant, and the analysis decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from scanner.model.facts import Arg, ArrayLit, Call, CallKind, Const, Value
from scanner.model.signature import Argument, CallableKind, Catalogue, LocalSink, Propagator, Signature, Source
from scanner.signatures.kept import Kept

_K = TypeVar("_K")
_ALIASES: Final = {"die": "exit"}
_RELATIVE: Final = frozenset({"self", "static", "parent"})
_WORDS: Final = re.compile(r"[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z0-9]")
_INTEGER: Final = re.compile(r"-?\d{1,12}\Z", re.ASCII)
_STRONGEST: Final = ("url", "dsn", "host", "command", "payload", "auth", "header", "options")
"""Which role a spread argument plays when it stands for several."""
_PARTS: Final = 2


class Match(msgspec.Struct, frozen=True):
    """A signature that a call may be meant by, and how sure the call's own text makes that."""

    signature: Signature
    known: bool
    """The call itself names the function or the class; False when only the method's name fits."""
    exact: bool
    """The whole class name agrees, not only its last part."""
    magic: bool = False
    """The signature stands for any method that the class does not declare (`SoapClient::*`)."""


def local_methods(sinks: Iterable[LocalSink]) -> dict[str, tuple[LocalSink, ...]]:
    """Methods that print, store or run what they are given, by lower-case name."""
    found: dict[str, tuple[LocalSink, ...]] = {}
    for sink in sinks:
        cls, _separator, method = sink.callable.rpartition("::")
        if cls:
            found[method] = (*found.get(method, ()), sink)
    return found


class Matcher:
    """Index over a catalogue; every look-up is by dictionary."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._functions: dict[str, tuple[Signature, ...]] = {}
        self._constructs: dict[str, tuple[Signature, ...]] = {}
        self._methods: dict[str, tuple[Signature, ...]] = {}
        self._members: dict[tuple[str, str], tuple[Signature, ...]] = {}
        self._short_members: dict[tuple[str, str], tuple[Signature, ...]] = {}
        self._magic: dict[str, tuple[Signature, ...]] = {}
        self._new: dict[str, tuple[Signature, ...]] = {}
        self._short_new: dict[str, tuple[Signature, ...]] = {}
        for signature in catalogue.signatures:
            self._index(signature)
        self._propagators = {item.callable: item for item in catalogue.propagators}
        self._one_way = {item.callable: item for item in catalogue.one_way}
        self._sources = {item.name.lower(): item for item in catalogue.sources if item.type in ("function", "method")}
        self._distinctive = {item.id: self._is_distinctive(item) for item in catalogue.signatures}
        self._option_names = {table: self._names_of_numbers(keys) for table, keys in catalogue.option_tables.items()}
        self._open_options = {
            table: [(key[:-1], role) for key, role in keys.items() if key.endswith("*")]
            for table, keys in catalogue.option_tables.items()
        }
        self.function_names: frozenset[str] = frozenset(self._functions)
        """Lower case, as written (with namespace where the function has one)."""
        self.method_names: frozenset[str] = frozenset(self._methods)
        self.distinctive_methods: frozenset[str] = frozenset(
            name for name, found in self._methods.items() if any(map(self.distinctive, found))
        )
        """Those of `method_names` that say something whatever the object is."""
        classes = {*self._new, *self._magic, *(cls for cls, _ in self._members)}
        self.class_names: frozenset[str] = frozenset(classes | {_short(cls) for cls in classes})
        """Whole names and their last parts."""
        own = {_class(item) for item in catalogue.signatures if item.lib == "redcap"}
        self.known_classes: frozenset[str] = frozenset(cls for cls in classes if "\\" in cls or cls not in own)
        """Whole names of classes that lie outside of a release or stand in it under just this name: REDCap's own are
        in the catalogue without their namespace."""

    # -- by name -----------------------------------------------------------------------------------------------------

    def function(self, name: str) -> tuple[Signature, ...]:
        """Signatures of a function."""
        return self._functions.get(name.lower().lstrip("\\"), ())

    def construct(self, name: str) -> tuple[Signature, ...]:
        """Signatures of a language construct: `include`, `echo`, `backtick`, ..."""
        lower = name.lower()
        return self._constructs.get(_ALIASES.get(lower, lower), ())

    def methods(self, name: str) -> tuple[Signature, ...]:
        """All signatures of methods of that name, whatever their class."""
        return self._methods.get(name.lower(), ())

    def method(self, class_name: str, method: str, ancestors: Iterable[str] = ()) -> tuple[Signature, ...]:
        """Signatures of a method of a class or, nearest first, of the classes it descends from.

        Static methods are found too: PHP lets them be called on an object. A lesser match, by the last part of the
        class's name, is given only when there is no exact one: see `exact`.
        """
        lower = method.lower()
        names = _names(class_name, ancestors)
        for name in names:
            if (name, lower) in self._members:
                return self._members[name, lower]
        return _lesser(names, lambda short: self._short_members.get((short, lower), ()))

    def static(self, class_name: str, method: str, ancestors: Iterable[str] = ()) -> tuple[Signature, ...]:
        """Signatures of `C::m()`: as `method`, since `parent::m()` and facades are written that way."""
        return self.method(class_name, method, ancestors)

    def magic(self, class_name: str, method: str, ancestors: Iterable[str] = ()) -> tuple[Signature, ...]:
        """Signatures of a class whose every undeclared method sends, for a method that it does not declare."""
        lower = method.lower()
        for name in _names(class_name, ancestors):
            found = tuple(
                item for item in self._magic.get(name, ()) if lower.startswith(_member(item).rstrip("*").lower())
            )
            if found:
                return found
        return ()

    def new(self, class_name: str, ancestors: Iterable[str] = ()) -> tuple[Signature, ...]:
        """Signatures of `new C`, nearest ancestor first; lesser matches only when there is no exact one."""
        names = _names(class_name, ancestors)
        for name in names:
            if name in self._new:
                return self._new[name]
        return _lesser(names, lambda short: self._short_new.get(short, ()))

    def exact(self, signature: Signature, class_name: str, ancestors: Iterable[str] = ()) -> bool:
        """Whether a class found by `method`, `static` or `new` agrees in its whole name."""
        return _class(signature) in _names(class_name, ancestors)

    def distinctive(self, signature: Signature) -> bool:
        """Whether the name of a method alone says that it sends: `putObject` does, `get` and `send` do not."""
        return self._distinctive[signature.id]

    # -- by call -----------------------------------------------------------------------------------------------------

    def match_call(self, call: Call) -> tuple[Signature, ...]:
        """Signatures that a call may be meant by, going by the call alone."""
        return tuple(match.signature for match in self.candidates(call))

    def candidates(self, call: Call) -> tuple[Match, ...]:
        """As `match_call`, with how sure each is. A method on an object of unknown class gives all of that name."""
        if call.kind == CallKind.DYNAMIC:
            return self._callee(call.receiver)
        if not isinstance(call.name, str):
            return ()
        if call.kind == CallKind.FUNCTION:
            names = dict.fromkeys((call.name, call.receiver if isinstance(call.receiver, str) else call.name))
            return tuple(Match(item, known=True, exact=True) for name in names for item in self.function(name))
        if call.kind == CallKind.CONSTRUCT:
            return tuple(Match(item, known=True, exact=True) for item in self.construct(call.name))
        if call.kind == CallKind.NEW:
            return self._graded(self.new(call.name), call.name)
        return self._member_call(_receiver_class(call.receiver), call.name)

    def _member_call(self, class_name: str | None, method: str) -> tuple[Match, ...]:
        """A method of a class that may be unknown."""
        if class_name is None:
            return tuple(Match(item, known=False, exact=False) for item in self.methods(method))
        found = self._graded(self.method(class_name, method), class_name)
        return found or tuple(
            Match(item, known=True, exact=True, magic=True) for item in self.magic(class_name, method)
        )

    def _graded(self, found: tuple[Signature, ...], class_name: str) -> tuple[Match, ...]:
        return tuple(Match(item, known=True, exact=self.exact(item, class_name)) for item in found)

    def _callee(self, callee: Value | str | None) -> tuple[Match, ...]:
        """`'f'()`, `'C::m'()`, `['C', 'm']()`, `[$object, 'm']()`."""
        if isinstance(callee, Const) and isinstance(callee.value, str):
            class_name, separator, method = callee.value.partition("::")
            if separator:
                return self._member_call(class_name, method)
            return tuple(Match(item, known=True, exact=True) for item in self.function(callee.value))
        if isinstance(callee, ArrayLit) and len(callee.items) == _PARTS:
            first, second = (item.value for item in callee.items)
            if isinstance(second, Const) and isinstance(second.value, str):
                class_name_of = first.value if isinstance(first, Const) else _receiver_class(first)
                return self._member_call(class_name_of if isinstance(class_name_of, str) else None, second.value)
        return ()

    # -- arguments and options ---------------------------------------------------------------------------------------

    def argument_roles(self, signature: Signature, args: Sequence[Arg]) -> dict[int, str]:
        """Role by position in the call's own argument list; -1 is the receiver.

        A named argument counts by its parameter. A spread argument stands for all that follow it and gets the
        strongest of their roles.
        """
        roles: dict[int, str] = {}
        for position, arg in enumerate(args):
            if arg.spread:
                role = _strongest([item.role for item in signature.arguments if item.index >= position or item.rest])
            elif arg.name:
                role = _role(signature.arguments, _parameter(signature, arg.name))
            else:
                role = _role(signature.arguments, position)
            if role:
                roles[position] = role
        roles.update({item.index: item.role for item in signature.arguments if item.index < 0})
        return roles

    def option_name(self, key: int | str, table: str = "curl") -> str:
        """Name of an option given by its number (10002 is `CURLOPT_URL`); other keys as they are."""
        if isinstance(key, int) or _INTEGER.match(key):
            return self._option_names.get(table, {}).get(int(key), str(key))
        return key

    def option_role(self, table: str, key: int | str) -> str:
        """Role of an option of a table, `` when the table does not know it.

        Numbers count by the constant that has that value; a constant that no table knows is `other`: it sets a
        timeout, a buffer or a flag.
        """
        keys = self._catalogue.option_tables.get(table)
        if keys is None:
            return ""
        name = self.option_name(key, table)
        value = self._catalogue.constant_values.get(name)
        role = keys.get(name) or (keys.get(value) if isinstance(value, str) else None)
        if role is not None:
            return role
        for prefix, open_role in self._open_options[table]:
            if name.startswith(prefix):
                return open_role
        return "other" if value is not None else ""

    # -- data flow ---------------------------------------------------------------------------------------------------

    def propagator(self, name: str) -> Propagator | None:
        """How data passes through a function or `Class::method`."""
        return self._propagators.get(name.lower())

    def one_way(self, name: str) -> Propagator | None:
        """A function whose result cannot be turned back into what it was given."""
        return self._one_way.get(name.lower())

    def source(self, name: str) -> Source | None:
        """A function or `Class::method` that brings data in."""
        return self._sources.get(name.lower())

    # -- building ----------------------------------------------------------------------------------------------------

    def _index(self, signature: Signature) -> None:
        name = signature.callable.lower()
        if signature.type is CallableKind.FUNCTION:
            _append(self._functions, name, signature)
        elif signature.type is CallableKind.CONSTRUCT:
            _append(self._constructs, name, signature)
        elif signature.type is CallableKind.NEW:
            _append(self._new, name, signature)
            _append(self._short_new, _short(name), signature)
        elif signature.type in (CallableKind.METHOD, CallableKind.STATIC):
            cls, _, method = name.partition("::")
            if method.endswith("*"):
                _append(self._magic, cls, signature)
                return
            _append(self._methods, method, signature)
            _append(self._members, (cls, method), signature)
            _append(self._short_members, (_short(cls), method), signature)

    def _is_distinctive(self, signature: Signature) -> bool:
        """Two words or more, and no class outside the catalogue is known to use them."""
        method = _member(signature)
        if signature.type not in (CallableKind.METHOD, CallableKind.STATIC) or method.endswith("*"):
            return False
        return method.lower() not in self._catalogue.generic_methods and _WORDS.search(method) is not None

    def _names_of_numbers(self, keys: dict[str, str]) -> dict[int, str]:
        """Number -> name for the constants that share the prefix of a table's keys."""
        prefixes = {key.partition("_")[0] + "_" for key in keys if key.isupper() and "_" in key}
        found: dict[int, str] = {}
        for name, value in self._catalogue.constant_values.items():
            if isinstance(value, int) and name.startswith(tuple(prefixes)) and (value not in found or name in keys):
                found[value] = name
        return found


def _append(table: dict[_K, tuple[Signature, ...]], key: _K, signature: Signature) -> None:
    table[key] = (*table.get(key, ()), signature)


_SHARED: Final = Kept[Matcher]()


def shared_matcher(catalogue: Catalogue) -> Matcher:
    """The index of a catalogue, kept in memory for the next scan of this process."""
    return _SHARED.get(catalogue.digest, lambda: Matcher(catalogue))


def _names(class_name: str, ancestors: Iterable[str]) -> list[str]:
    return [name.lower().lstrip("\\") for name in (class_name, *ancestors)]


def _lesser(names: Iterable[str], found: Callable[[str], tuple[Signature, ...]]) -> tuple[Signature, ...]:
    """Signatures whose class agrees in the last part with the first name that has any; one is unqualified."""
    for name in names:
        some = tuple(item for item in found(_short(name)) if "\\" not in name or "\\" not in _class(item))
        if some:
            return some
    return ()


def _short(name: str) -> str:
    """Last part of a namespaced name."""
    return name.rpartition("\\")[2]


def _class(signature: Signature) -> str:
    return signature.callable.lower().partition("::")[0]


def _member(signature: Signature) -> str:
    return signature.callable.partition("::")[2]


def _receiver_class(receiver: Value | str | None) -> str | None:
    """Class of `C::` or of `(new C)->`, None when the call does not say."""
    if isinstance(receiver, str):
        return None if receiver.lower() in _RELATIVE else receiver
    if isinstance(receiver, Call) and receiver.kind == CallKind.NEW and isinstance(receiver.name, str):
        return None if receiver.name.lower() in _RELATIVE else receiver.name
    return None


def _parameter(signature: Signature, name: str) -> int:
    """Index of a parameter by name, one beyond all when there is none."""
    return signature.params.index(name) if name in signature.params else len(signature.params)


def _role(arguments: Iterable[Argument], index: int) -> str:
    """Role of an argument index: its own, else that of the last `n+` at or below it."""
    rest = ""
    for argument in arguments:
        if argument.index == index:
            return argument.role
        if argument.rest and 0 <= argument.index <= index:
            rest = argument.role
    return rest


def _strongest(roles: Sequence[str]) -> str:
    for role in _STRONGEST:
        if role in roles:
            return role
    return roles[0] if roles else ""
