"""Abstract interpretation of one function: what is found under a name, here or where the caller gives the name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from scanner.analysis.keyed import Keyed, named_in_part
from scanner.analysis.lookup import MAX_NAMED
from scanner.analysis.origins import ALL_SETTINGS, FILE, OWN_NAMES, SERVER_REQUEST_PREFIXES, SETTINGS_TABLE
from scanner.analysis.rows import columns_read, files_read, literals_read, reads_all_settings, selected, tables_read
from scanner.analysis.state import TABLE
from scanner.analysis.summary import opened
from scanner.analysis.templates import (
    FIRST_PRIVATE,
    OF_CAST,
    OF_GLOBALS,
    OF_JOINED,
    OF_KEYS,
    OF_LISTED,
    OF_MEMBERS,
    OF_MEMBERS_ALL,
    OF_METHOD,
    OF_NAMED,
    OF_QUERY,
    OF_RESULT,
    OF_SEEN,
    OF_WHOLE,
    STORED,
    between_parameters,
    is_known,
    like,
    parameters,
)
from scanner.analysis.values import NOTHING, Trace, Val, bounded_texts, join_all, text_value
from scanner.model.facts import ConstRef, Value

HELD = "held"
"""Role of what was written to a stream: it leaves with whoever sends the stream, and comes back where it is read."""
ENVIRONMENT: Final = "environment"
SESSION: Final = "session"
CONSTANT: Final = "constant"
"""Kinds of names, beside the spaces of what is kept (see `keeping`)."""
PASSED_ON: Final = ", passed on"
"""In a trace, of one value that a callee takes out of all of them."""
IN_PART: Final = "a variable of the environment whose name is known in part"
"""In a trace: which variable that is, nobody knows."""
_ALL_OF = {ENVIRONMENT: "environment", CONSTANT: "constants"}
"""Labels of what stands under any name of a kind."""
_AROUND = "\1"
"""Before each of the known parts of a name that a parameter is a part of."""
_LONGEST_NAME = 80
_FIRST_LETTERS, _LETTERS = 3, 8
"""Letters of a name that must be known: the first ones, or so many in all."""
_MAX_KEYS = 20
"""Keys that a loop over an array may be at."""
_NO_TEXTS = frozenset[str]()


def _tells(name: str) -> bool:
    """Whether enough is known of a name to say what it may be."""
    known = sum(character < FIRST_PRIVATE for character in name)
    return known >= _LETTERS or (known >= _FIRST_LETTERS and max(name[:_FIRST_LETTERS]) < FIRST_PRIVATE)


def _between(around: Sequence[str]) -> Callable[[str], str]:
    return lambda text: text.join(around)


class Named(Keyed):
    """Reads what stands under a name: variables of the environment, constants, settings of PHP, rows of queries."""

    def named(self, kind: str, name: Val) -> Val:
        """What stands under the names that a value may be; the caller's to know when it is a parameter.

        `kind`: one of this module's, or a space of what is kept under names.
        """
        if kind == HELD:
            return self.held_in(name)
        if kind.startswith(STORED):
            return self.stored_under(kind, name)
        known = [*self.known_texts(name)[:MAX_NAMED], *named_in_part(kind, name)]
        found = [self._one_named(kind, text) for text in known]
        if kind in _ALL_OF:
            found.append(self.chosen(_ALL_OF[kind], name))
        if kind == ENVIRONMENT:
            found += self._known_in_part(name)
        return join_all([*found, self.named_by_caller(kind, name)], self.state.overflow)

    def _known_in_part(self, name: Val) -> list[Val]:
        """Secrets of the environment whose names fit: `getenv('AWS_' . $name)`."""
        known = self.state.origins.environment
        names = {
            fitting
            for text in sorted(name.texts)[:MAX_NAMED]
            if not is_known(text) and _tells(text)
            for fitting in like(text.upper(), known)
        }
        return [self.read_secret(known[one], self.line, IN_PART, certain=False) for one in sorted(names)[:MAX_NAMED]]

    def named_by_caller(self, kind: str, name: Val) -> Val:
        """What stands under the name that a parameter is, or is a part of: the caller's to know."""
        found = [opened(name, OF_NAMED + kind, self.state.holes)]
        for text in sorted(name.texts):
            of_class = "::" in text  # what `self` is, the function itself says
            passed = parameters(text) if 1 < len(text) <= _LONGEST_NAME and not of_class else ()
            if len(passed) == 1 and is_known("".join(between_parameters(text))):  # `getenv("APP_$name")`
                around = _AROUND.join(["", *between_parameters(text)])
                found.append(opened(Val(frozenset(passed)), OF_NAMED + kind + around, self.state.holes))
        return join_all(found, self.state.overflow)

    def _one_named(self, kind: str, name: str) -> Val:
        if kind == ENVIRONMENT:
            return self.environment(name, f"{name} of the environment")
        if kind == CONSTANT:
            return self.constant(ConstRef(name))
        if kind == SESSION:
            secret = self.state.origins.session.get(name)
            kept = self.state.read_store(("_SESSION", name))
            return (
                kept if secret is None else self.join(kept, self.read_secret(secret, self.line, f"$_SESSION[{name!r}]"))
            )
        return self.state.read_store((f"\2{kind}", name))

    def environment(self, name: str, shown: str) -> Val:
        """Value of an environment variable or a server variable."""
        known = self.state.origins.environment
        secret = known.get(name) or known.get(name.upper())
        if secret is not None:
            return self.read_secret(secret, self.line, shown)
        if name in OWN_NAMES:
            return Val(frozenset([self.state.holes.template("own-server", name)]))
        if name.startswith(SERVER_REQUEST_PREFIXES):
            return self.state.origins.request_value(shown, self.path, self.line)
        value = Val(frozenset([self.state.holes.template("env", name)]))
        return self.join(value, self.state.read_store(("\2env", name)))

    def of_whole(self, array: Val, keys: Sequence[str], of: str = "") -> list[Val]:
        """Elements of known names of all of the environment, or of all globals, wherever that was put.

        `of`: what traces say about it.
        """
        found: list[Val] = []
        if "environment" in array.labels:
            found += [self.environment(key, f"{key} of the whole environment{of}") for key in keys[:MAX_NAMED]]
        if "globals" in array.labels:
            names = [key for key in keys if not key.isdecimal()]  # what a pattern has found has numbers
            found += [self.global_value(key, f"{key} of all globals{of}") for key in names[:MAX_NAMED]]
        return found

    def project(self, base: Val, key: str) -> Val:
        """What is known here of what a callee reads of an argument: a property of an object, or rows of a query."""
        if key == OF_GLOBALS:
            return self.global_named(base)
        if key.startswith(OF_NAMED):
            return self._named_as(key[len(OF_NAMED) :], base)
        if key.startswith(OF_WHOLE):
            return join_all(self.of_whole(base, [key[len(OF_WHOLE) :]], PASSED_ON), self.state.overflow)
        if key.startswith(OF_MEMBERS):
            return self._member(key[len(OF_MEMBERS) :], base)
        if key.startswith((OF_METHOD, OF_JOINED, OF_LISTED)):
            return self._made_of(base, key[0], key[1:])
        if key in (OF_MEMBERS_ALL, OF_CAST) or key.startswith(OF_SEEN):
            return self._members(base, key)
        if key == OF_KEYS:
            return self.keys_of(base, None)
        if key == OF_RESULT:
            return self.state.interpreter.result(self, base)
        return self.rows(base) if key == OF_QUERY else self._property_of(base, key[1:])

    def _made_of(self, base: Val, kind: str, said: str) -> Val:
        """What a method gives of an object, or a function of PHP of an array."""
        if kind == OF_METHOD:
            return self.state.interpreter.getter(self, said, base)
        if kind == OF_JOINED:
            return self.state.interpreter.joined(self, text_value(said), base)
        return self.state.interpreter.relisted(self, said, base)

    def _members(self, base: Val, key: str) -> Val:
        """What all properties hold: of an object and of those in its elements, or of what is cast to an array."""
        if key == OF_CAST and not base.types:
            return opened(base, OF_CAST, self.state.holes)
        whole = base.replaced(items=None, rest=None) if key == OF_CAST else base
        scope = key[len(OF_SEEN) :] if key.startswith(OF_SEEN) else None
        return Val(labels=self.state.interpreter.held_by(self, whole, scope))

    def _named_as(self, kind: str, name: Val) -> Val:
        """What stands under a name, or under one that the name is a part of."""
        kind, *around = kind.split(_AROUND)
        return self.named(kind, name.replaced(texts=frozenset(map(_between(around), name.texts))) if around else name)

    def held_in(self, stream: Val) -> Val:
        """What was written to a stream, here or by others; the caller's to know where it is a parameter."""
        found = [self.named_by_caller(HELD, stream)]
        for site in sorted(stream.sites):
            here = self.sites.get(site, {}).get(HELD)
            held = self.state.read_site(site, HELD) if here is None and site >= 0 else here
            found.append(held or NOTHING)
        return join_all(found, self.state.overflow)

    def keys_of(self, array: Val, shown: Value | str | None) -> Val:
        """Any key of an array, the most telling of many; the caller's to know when the array is a parameter.

        Labels of what stands under the keys are none of theirs: those that keys carry are the array's own.
        """
        of_caller = opened(array, OF_KEYS, self.state.holes)
        if of_caller is not NOTHING and not array.items and array.rest is None:
            return of_caller
        known = bounded_texts(array.items.keys(), self.state.overflow, _MAX_KEYS) if array.items else _NO_TEXTS
        texts = known if known and array.rest is None else known | self.unknown(shown).texts
        return self.join(Val(texts, array.labels), of_caller)

    def rows(self, query: Val) -> Val:
        """A row of what a query reads, as far as its text tells; the caller's to know when it is a parameter."""
        items: dict[str, Val] = {}
        what = ALL_SETTINGS if reads_all_settings(query.texts) else "a query"
        for key, secrets in sorted(selected(sorted(query.texts), self.state.origins).items()):
            values = [
                self.read_secret(secret, self.line, f"{what} on {secret.table or SETTINGS_TABLE}") for secret in secrets
            ]
            items[key] = join_all(values, self.state.overflow)
        said = literals_read(sorted(query.texts))
        items = {**{key: text_value(text) for key, text in said.items()}, **items}
        known = Val(items=items) if items else NOTHING
        kept = join_all((self.state.read_store((TABLE, name)) for name in tables_read(query.texts)), "")
        if kept is not NOTHING:
            known = self.join(known, Val(items=dict.fromkeys(columns_read(query.texts), kept), rest=kept))
        for name in filter(None, map(self.state.origins.credential_file, files_read(query.texts))):
            trace = Trace(self.path, self.line, f"a query loads {name}", None, 1)
            known = self.join(known, Val(rest=Val(labels={FILE + name: trace})))
        open_row = opened(query, OF_QUERY, self.state.holes)
        return known if open_row is NOTHING else self.join(known, Val(open_row.texts))
