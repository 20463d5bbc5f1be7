"""What a function does with the client that one caller passes it, where its parameter declares no class.

`function put($client, $data) { $client->post(...); }` says nothing by itself. Where a caller passes a Guzzle client, or
a connection to a database on a host that the code names, the function is evaluated once more for callers of this kind;
all other callers keep its general summary, so that nobody's result depends on who called first.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from scanner.model.signature import CallableKind, Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanner.analysis.frame import Frame
    from scanner.analysis.summary import Summary
    from scanner.analysis.values import Val
    from scanner.model.facts import FunctionFact


class Passed(NamedTuple):
    """One client that a call passes."""

    position: int
    """Of the parameter."""
    types: frozenset[str]
    """Its classes, where the parameter declares none."""
    libraries: frozenset[str]
    """Whose signatures made it."""
    foreign: bool
    """Whether it is a connection to a database on a host that the code names itself."""
    key: str = ""
    """Key of the element that it is, where the parameter is an array; `*` for any."""
    sites: frozenset[int] = frozenset()
    """Places that made an element."""


Given = tuple[Passed, ...]
_SENDING = frozenset({"http", "sdk", "storage-sdk", "mail", "ssh", "ftp", "soap", "socket", "ldap"})
_UNTYPED = frozenset({"array", "iterable", "mixed", "object"})
"""Types that say nothing of a class."""
_MAX_ELEMENTS = 20
"""Elements of an array that is passed which are looked at."""
_MAX_VARIANTS = 4
"""Kinds of callers of one function that are told apart."""
MAX_IN_ALL = 300
"""Evaluations for such callers in one release: large applications pass their clients through nearly all they have."""


class Variants:
    """Summaries of functions for callers that pass a client, and what is known of connections."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.foreign: set[int] = set()
        """Places that connect to a database on a host that the code names itself."""
        self.asking: set[int] = set()
        """Functions that send a secret on a connection which is made elsewhere: its host decides what that is."""
        self.of_function: dict[int, dict[Given, Summary]] = {}
        self.made = 0
        """Evaluations for callers that pass a client, so far."""
        methods = [
            item
            for item in catalogue.signatures
            if item.kind in _SENDING and item.type in (CallableKind.NEW, CallableKind.METHOD)
        ]
        self.clients = frozenset(item.callable.lower().partition("::")[0] for item in methods)
        """Classes, lower-case, of objects through which data leaves."""
        self.databases = frozenset(item.lib for item in catalogue.signatures if item.kind == "db")
        """Libraries that connect to databases."""
        self.libraries = frozenset(item.lib for item in methods)
        """Libraries with such classes."""

    def given(self, frame: Frame, fact: FunctionFact, number: int, args: Sequence[Val]) -> Given:
        """What a call passes that its general summary does not know; empty for nearly every call."""
        found: list[Passed] = []
        for index, (param, arg) in enumerate(zip(fact.params, args, strict=False)):
            if not (arg.types or arg.sites or arg.height):
                continue
            typed = not _UNTYPED.issuperset(param.types)
            if arg.height and not typed:
                found.extend(self._elements(frame, index, arg))
            if not arg.types and not arg.sites:
                continue
            foreign = not self.foreign.isdisjoint(arg.sites) or not frame.foreign.isdisjoint(arg.sites)
            types = arg.types if foreign else arg.types & self.clients
            libraries = frame.libraries_of(arg)
            if not foreign:
                libraries &= self.libraries
            if typed:
                types = frozenset()
            if types or foreign or (libraries and not typed):
                found.append(Passed(index, types, libraries, foreign))
        result = tuple(found)
        known = self.of_function.get(number, {})
        if not result or result in known:
            return result
        if self.made >= MAX_IN_ALL:
            frame.state.limit("clients-passed", number)
            return ()
        return result if len(known) < _MAX_VARIANTS else ()

    def _elements(self, frame: Frame, index: int, arg: Val) -> Iterator[Passed]:
        """Clients in an array."""
        elements = [*(arg.items or {}).items(), *([("*", arg.rest)] if arg.rest is not None else [])]
        clients = [(key, item) for key, item in elements if (item.types or item.sites) and self._is_one(item)]
        for key, item in sorted(clients, key=itemgetter(0))[:_MAX_ELEMENTS]:
            sites = frozenset(site for site in item.sites if site >= 0)
            frame.stored_sites |= sites
            foreign = not self.foreign.isdisjoint(sites)
            types, libraries = item.types if foreign else item.types & self.clients, frame.libraries_of(item)
            yield Passed(index, types, libraries, foreign=foreign, key=key, sites=sites)

    def _is_one(self, value: Val) -> bool:
        return not self.clients.isdisjoint(value.types) or not self.foreign.isdisjoint(value.sites)
