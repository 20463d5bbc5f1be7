"""Where the text of a program names a secret: direct reads only, one step, nothing that flows."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from scanner.model.facts import Call, CallKind, Concat, Const, FileFacts, Globals, Index, Value, Var
from scanner.model.signature import Catalogue, Secret, SecretOrigin
from scanner.signatures.calls import values

_GLOBAL: Final = frozenset({SecretOrigin.DATABASE_PHP, SecretOrigin.CONFIG, SecretOrigin.FILE})
_ENVIRONMENT: Final = frozenset({"_SERVER", "_ENV"})
_REQUEST: Final = frozenset({"_SESSION", "_COOKIE", "_POST", "_REQUEST"})
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")
_GETENV: Final = frozenset({"getenv", "apache_getenv"})


class SecretReader:
    """Index over the secrets of a catalogue by the ways in which code reads them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._globals: dict[str, tuple[Secret, ...]] = {}
        self._environment: dict[str, tuple[Secret, ...]] = {}
        self._request: dict[str, tuple[Secret, ...]] = {}
        self._functions: dict[str, tuple[Secret, ...]] = {}
        self._columns: dict[str, tuple[Secret, ...]] = {}
        for secret in catalogue.secrets:
            for table, key in self._places(secret):
                table[key] = (*table.get(key, ()), secret)

    def named(self, facts: FileFacts) -> tuple[Secret, ...]:
        """Secrets that a file names where it reads them, sorted by label."""
        found = {secret.label: secret for item in values(facts) for secret in self._in(item)}
        return tuple(found[label] for label in sorted(found))

    def _places(self, secret: Secret) -> list[tuple[dict[str, tuple[Secret, ...]], str]]:
        if secret.origin in _GLOBAL:
            return [(self._globals, secret.name)]
        if secret.origin is SecretOrigin.ENVIRONMENT:
            return [(self._environment, secret.name)]
        if secret.origin is SecretOrigin.SESSION:
            return [(self._request, secret.name)]
        if secret.origin is SecretOrigin.FUNCTION:
            return [(self._functions, secret.name.lower())]
        return [(self._columns, secret.name)]

    def _in(self, item: msgspec.Struct) -> tuple[Secret, ...]:
        if isinstance(item, Globals):
            return tuple(s for name in item.names if isinstance(name, str) for s in self._globals.get(name, ()))
        if isinstance(item, Index):
            return self._element(item)
        if isinstance(item, Call):
            return self._call(item)
        if isinstance(item, (Const, Concat)):
            return self._query(item)
        return ()

    def _element(self, item: Index) -> tuple[Secret, ...]:
        """`$GLOBALS['x']`, `$_SERVER['X']`, `$_SESSION['x']`."""
        key = item.key.value if isinstance(item.key, Const) else None
        if not isinstance(item.base, Var) or not isinstance(key, str):
            return ()
        if item.base.name == "GLOBALS":
            return self._globals.get(key, ())
        if item.base.name in _ENVIRONMENT:
            return self._environment.get(key, ())
        return self._request.get(key, ()) if item.base.name in _REQUEST else ()

    def _call(self, item: Call) -> tuple[Secret, ...]:
        """`getenv('X')`, `decrypt(...)`, `C::m(...)`, `(new C)->m(...)`."""
        if not isinstance(item.name, str):
            return ()
        name = item.name.lower()
        if item.kind == CallKind.FUNCTION:
            first = item.args[0].value if item.args else None
            if name in _GETENV and isinstance(first, Const) and isinstance(first.value, str):
                return self._environment.get(first.value, ())
            return self._functions.get(name, ())
        receiver: Value | str | None = item.receiver
        if isinstance(receiver, Call) and receiver.kind == CallKind.NEW:
            receiver = receiver.name
        if not isinstance(receiver, str):
            return ()
        return self._functions.get(f"{receiver.lower()}::{name}", ())

    def _query(self, item: Const | Concat) -> tuple[Secret, ...]:
        """A column beside the name of its table in one text; `redcap_log_event2` counts as `redcap_log_event`."""
        parts = item.parts if isinstance(item, Concat) else (item,)
        texts = [part.value for part in parts if isinstance(part, Const) and isinstance(part.value, str)]
        if not any("redcap_" in text for text in texts):
            return ()
        words = {word for text in texts for word in _IDENTIFIER.findall(text)}
        tables = {word.rstrip("0123456789") for word in words}
        return tuple(secret for word in words for secret in self._columns.get(word, ()) if secret.table in tables)
