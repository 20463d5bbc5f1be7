"""Which functions can matter: by the names that they call and the words that they use.

Evaluating every function of a release costs minutes. A function is *relevant* when it touches the catalogue itself,
or calls, by a name that few functions share, one that does. Only relevant functions and short ones are followed into
from a call; a long function that touches nothing passes its arguments' labels on to its result.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis.include_graph import INCLUDES
from scanner.analysis.origins import GENERIC, SETTINGS_TABLE
from scanner.analysis.program import FileUnit, Program
from scanner.analysis.reflection import METHODS
from scanner.analysis.statements import FUNCTIONS, GRAVE
from scanner.model.facts import FunctionFact
from scanner.model.signature import CallableKind, Catalogue, Certainty, SecretOrigin
from scanner.signatures.match import Matcher

SENSITIVE = frozenset({"file_put_contents", "fwrite", "fputs", "copy", "move_uploaded_file"})
"""Functions that write files."""
SETTINGS = frozenset({"dl", "imap_open"})
"""Functions that load what is no PHP."""
SHARED_NAME = 3
"""Functions of one name beyond which a call by that name says nothing about which of them is meant."""
_MAX_RELATED = 40
"""Classes related to one that are looked for in a body."""
MAX_CALLERS = 4000
"""Callers of one function that are evaluated because of it."""
_GLOBAL_STATEMENT = b"\x93\x19"
"""MessagePack of an array of three whose first element is the tag of `scanner.model.facts.Globals`."""
_TRIVIAL_BODY = 24
"""Encoded bytes of a file's own code up to which it only declares: longer code may set globals for the rest."""
_OF_REQUEST = (b"_GET", b"_POST", b"_REQUEST", b"_COOKIE")
_TELLING = (b"://", b"data:", *_OF_REQUEST, b"_FILES", b"_SERVER")
"""What makes even the shortest code worth a look: `include $_GET[0];`."""
_SERIALIZED = (b"O:", b"Tz", b"YT", b"read", b"contents")
"""In a function that unserializes: an object, one or an array in base64, or where else the text may come from."""
_GLOBALS = b"\xa7GLOBALS"
_SHORT_TEXT = re.compile(rb"[\xa4-\xbf]([a-z_][a-z0-9_]{3,30})")
"""MessagePack of a short text that is a word."""
_CREDENTIALS = b"database.php"
"""The site's own file: who includes it has the names in it."""
_ELEMENT_OF_GLOBALS = b"\x93\x04\x92\x01\xa7GLOBALS"
"""MessagePack of `Index(Var("GLOBALS"), ...)`: one element by key."""
_OWN_NAME = re.compile(rb"\x95\x14\x93\x04\x92\x01\xa7_SERVER.{1,4}(?:SERVER_NAME|HTTP_HOST|SERVER_ADDR)", re.DOTALL)
"""MessagePack of `Assign(Index(Var("_SERVER"), Const("HTTP_HOST")), ...)`."""
_NAMING = frozenset({"extract", "parse_str", "mb_parse_str"})
"""Functions that make variables of what they get."""
_NAMED_BY_VALUE = b"\x92\x0e"
"""MessagePack of an array of two whose first element is the tag of `scanner.model.facts.DynVar`."""
BULK_SOURCES = frozenset({"getenv", "apache_getenv", "get_defined_vars", "phpinfo", "get_defined_constants"})
"""Functions that give many secrets at once."""
_ALWAYS = frozenset({"()", "eval", "backtick", "class_alias", "session_id", "session_encode"}) | BULK_SOURCES | METHODS


_STATEMENTS = FUNCTIONS | {"query", "prepare", "exec", "execute", "mysqli_query", "mysqli_prepare"}
_GRAVE = re.compile(GRAVE.pattern.replace(r"\b", "").encode(), re.IGNORECASE)
"""In an encoded body: what stands before a text there is its length, which may be a letter."""
_WRITES = re.compile(rb"(?:update|insert|replace)\b|set(?:System|Project)Setting\b", re.IGNORECASE)


class Relevance(NamedTuple):
    """Roots to evaluate, and all functions that are worth following into."""

    roots: tuple[int, ...]
    followed: frozenset[int]
    names: tuple[frozenset[str], ...]
    """Per file: lower-case last parts of the names that it calls and of the classes that it names."""


def relevance(program: Program, catalogue: Catalogue, matcher: Matcher, functions: Iterable[str]) -> Relevance:
    """Relevant functions of a program. `functions`: lower-case names of functions that return secrets."""
    strong = sending_functions(catalogue) | matcher.distinctive_methods | matcher.class_names | _ALWAYS
    strong |= SETTINGS | {name.rpartition("::")[2] for name in functions} | (catalogue.dynamic_code.keys() - INCLUDES)
    generic = matcher.method_names - strong
    calling = (
        INCLUDES
        | _NAMING
        | _STATEMENTS
        | {"unserialize"}
        | {_called_as(name) for name in catalogue.higher_order}
        | SENSITIVE
    )
    by_name = frozenset(name.encode() for name in sending_functions(catalogue))
    asked = _Asked(catalogue)
    names = tuple(_names_in(unit) for unit in program.files)
    libraries = {number for number, found in enumerate(names) if not matcher.class_names.isdisjoint(found)}
    roots = [
        number
        for number, fact in enumerate(program.functions)
        if fact.name != "{closure}"
        and (
            (not fact.name and not fact.cls and _does_something(bytes(fact.body)))
            or _mentions_secret(fact)
            or _runs_request(fact, calling, by_name)
            or _sets_address(fact)
            or asked.by(fact)
            or not strong.isdisjoint(fact.called)
            or (program.file_of[number] in libraries and not generic.isdisjoint(fact.called))
        )
    ]
    return Relevance(
        tuple(n for n in roots if not program.functions[n].outline),
        frozenset(_closure(program, [*roots, *_with_urls(program)])),
        names,
    )


def _called_as(name: str) -> str:
    """How a function's facts name a callable of the catalogue: a constructor by its class, a method by its name."""
    cls, _separator, method = name.rpartition("::")
    return _short(cls) if method == "__construct" else method


def _runs_request(fact: FunctionFact, calling: AbstractSet[str], by_name: AbstractSet[bytes]) -> bool:
    """Whether a function that includes, calls back or writes names the request, or an address, itself; or an object.

    Or a function that sends, as text: `array_map('gethostbyname', $names)`. Also one that names variables by a value.
    """
    body = bytes(fact.body)
    if calling.isdisjoint(fact.called):
        return _NAMED_BY_VALUE in body and any(mark in body for mark in _OF_REQUEST)
    if "unserialize" in fact.called and any(mark in body for mark in _SERIALIZED):
        return True
    return any(mark in body for mark in _TELLING) or not by_name.isdisjoint(_SHORT_TEXT.findall(body))


def _sets_address(fact: FunctionFact) -> bool:
    """Whether a function runs a statement that writes, and names an address or the file of hooks, or a grave one.

    Or it says what the server's own name is: `$_SERVER['HTTP_HOST'] = ...`.
    """
    if _OWN_NAME.search(bytes(fact.body)):
        return True
    if _STATEMENTS.isdisjoint(fact.called):
        return False
    body = bytes(fact.body)
    if _GRAVE.search(body):
        return True
    return (b"://" in body or b"hook_functions_file" in body) and _WRITES.search(body) is not None


class _Asked:
    """Queries, by their text: a table in which secrets are kept, and one of their columns, or all columns."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._columns: dict[bytes, list[bytes]] = defaultdict(list)
        self._columns[SETTINGS_TABLE.encode()] = [b"value"]
        for secret in catalogue.secrets:
            if secret.origin is SecretOrigin.TABLE:
                self._columns[secret.table.encode()].append(secret.name.encode())
        names = b"|".join(re.escape(name) for name in sorted(self._columns))
        self._tables = re.compile(rb"(?<![a-z0-9_])(?:%s)(?![a-z0-9_])" % names)

    def by(self, fact: FunctionFact) -> bool:
        """Whether a function names such a table and such a column."""
        if _STATEMENTS.isdisjoint(fact.called):
            return False
        body = bytes(fact.body)
        tables = set(self._tables.findall(body))
        return bool(tables) and (b"*" in body or any(name in body for table in tables for name in self._columns[table]))


def _does_something(body: bytes) -> bool:
    """Whether a file's own code is more than declarations: it is long, or it names an address or the request."""
    return len(body) > _TRIVIAL_BODY or any(mark in body for mark in _TELLING)


def sending_functions(catalogue: Catalogue) -> frozenset[str]:
    """Lower-case names of functions that can make a finding by themselves.

    Left out: what only asks about a file (`stat` makes no HTTP request), what writes to the browser, and queries on
    a database connection, whose opening is the finding.
    """
    return frozenset(
        signature.callable.lower()
        for signature in catalogue.signatures
        if signature.type is CallableKind.FUNCTION
        and signature.kind != "browser"
        and not (signature.kind == "file-url" and signature.operation not in ("", "open"))
        and not (signature.kind == "db" and signature.phase not in ("connect", "construct"))
        and not (signature.kind == "file-url" and signature.certainty is Certainty.IF_REMOTE)
    )


def _mentions_secret(fact: FunctionFact) -> bool:
    """Whether a word of the vocabulary is used in a way that can mean a secret.

    `password` and the like are secrets only as globals: at file scope, after `global`, or in `$GLOBALS`. Both leave
    their mark in the encoded body: the name, or the two bytes that begin a `Globals` statement.
    """
    body = bytes(fact.body)
    if body.count(_GLOBALS) > body.count(_ELEMENT_OF_GLOBALS):
        return True  # all of them at once
    if not fact.mentions:
        return False
    if not fact.name or any(word not in GENERIC for word in fact.mentions):
        return True
    return _GLOBALS in body or _GLOBAL_STATEMENT in body or _CREDENTIALS in body


def _names_in(unit: FileUnit) -> frozenset[str]:
    names: set[str] = set()
    for fact in unit.facts.functions:
        names.update(fact.called)
        names.update(_short(name) for param in fact.params for name in param.types)
        names.update(_short(name) for name in fact.return_types)
    for cls in unit.facts.classes:
        names.add(_short(cls.name))
        names.update(_short(name) for name in (cls.parent, *cls.interfaces, *cls.traits))
        names.update(_short(name) for item in cls.properties for name in item.types)
    return frozenset(names)


def _with_urls(program: Program) -> list[int]:
    """Functions in which an address stands: who asks them for it must get it."""
    return [number for number, fact in enumerate(program.functions) if b"://" in bytes(fact.body)]


class Callers:
    """Functions that may call a function, by name; for a name that many methods share, where its class is known."""

    def __init__(self, program: Program, names: Sequence[frozenset[str]]) -> None:
        self._program = program
        self._names = names
        self._by_name: dict[str, list[int]] = defaultdict(list)
        self._shared: dict[str, int] = defaultdict(int)
        self._aliases: dict[str, set[str]] = defaultdict(set)
        for number, fact in enumerate(program.functions):
            self._shared[_name(fact.name, fact.cls)] += 1
            for name in fact.called:
                self._by_name[name].append(number)
        for unit in program.files:
            for cls in unit.facts.classes:
                for rule in cls.trait_rules:
                    if rule.alias:
                        self._aliases[rule.method.lower()].add(rule.alias.lower())

    def of(self, number: int) -> list[int]:
        """Possible callers of a function, bounded."""
        fact = self._program.functions[number]
        name = _name(fact.name, fact.cls)
        found = list(self._by_name.get(name, []))
        for alias in sorted(self._aliases.get(name, ()) if fact.cls else ()):
            found += self._by_name.get(alias, [])
        if fact.cls and self._shared[name] > SHARED_NAME:
            key = self._program.class_key(number)
            related = {key, *self._program.descendants(key), *self._program.ancestors(key)}
            classes = {_short(cls) for cls in related}
            found = [caller for caller in found if self._may_know(caller, number, classes)]
        return found[:MAX_CALLERS]

    def _may_know(self, caller: int, number: int, classes: set[str]) -> bool:
        file = self._program.file_of[caller]
        if file == self._program.file_of[number] or file >= len(self._names):
            return True
        if not classes.isdisjoint(self._names[file]):
            return True
        body = bytes(self._program.functions[caller].body).lower()  # `C::run()` names the class in the body alone
        return any(name.encode() in body for name in sorted(classes)[:_MAX_RELATED])


def _closure(program: Program, roots: Iterable[int]) -> set[int]:
    """Roots and their callers, by names that are not shared by many."""
    callers: dict[str, list[int]] = defaultdict(list)
    for number, fact in enumerate(program.functions):
        for name in fact.called:
            callers[name].append(number)
    shared: dict[str, int] = defaultdict(int)
    for fact in program.functions:
        shared[_name(fact.name, fact.cls)] += 1
    found = set(roots)
    queue = list(found)
    while queue:
        fact = program.functions[queue.pop()]
        name = _name(fact.name, fact.cls)
        if not fact.name or shared[name] > SHARED_NAME:
            continue
        for caller in callers.get(name, ()):
            if caller not in found:
                found.add(caller)
                queue.append(caller)
    return found


def _name(name: str, cls: str) -> str:
    """Name by which a function is called: for a constructor that of its class."""
    return _short(cls) if name.lower() == "__construct" else _short(name)


def _short(name: str) -> str:
    return name.lower().rpartition("\\")[2]
