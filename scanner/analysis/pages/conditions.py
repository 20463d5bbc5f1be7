"""What a condition says about a request from a browser: constants, PHP's interface, and the request keys asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeGuard

from scanner.model.facts import (
    ArrayLit,
    AssignExpr,
    Call,
    CallKind,
    Choice,
    ClassConst,
    Concat,
    Const,
    ConstRef,
    DynVar,
    Index,
    Op,
    Prop,
    StaticProp,
    Value,
    Var,
)

REQUEST = frozenset({"_GET", "_POST", "_REQUEST", "_COOKIE", "_FILES"})
SESSION = "_SESSION"
_ASKED = REQUEST | {SESSION}
_MAX_DEPTH = 40
_STREAMS = frozenset({"STDIN", "STDOUT", "STDERR"})
_OF_WEB = (Const("REQUEST_METHOD"), Const("REMOTE_ADDR"), Const("SERVER_PROTOCOL"))
"""What a web server has to set for every request. Source: RFC 3875, 4.1.8, 4.1.12, 4.1.16."""
_COMMAND_LINES = ("cli", "phpdbg", "micro")
"""Beginnings of the names of interfaces that no web server uses."""
_EQUAL = frozenset({"==", "==="})
_UNEQUAL = frozenset({"!=", "!==", "<>"})
_LISTS = ((Concat, "parts"), (Op, "operands"), (Choice, "options"))
_OWN = re.compile(
    r"(?:PHP|E|M|ENT|LC|EXTR|SORT|COUNT|CASE|LOCK|SEEK|FILE|PATHINFO|GLOB|INI|STR_PAD|UPLOAD_ERR|PASSWORD|CRYPT|DATE|LOG|DNS"
    r"|JSON|MB|PREG|FILTER|HASH|XML|LIBXML|ZLIB|ZEND|CURL(?:OPT|E|INFO|M|PROTO|SSLOPT)?|OPENSSL|SODIUM|STREAM|PSFS|IMG|IMAGETYPE"
    r"|MYSQLI|LDAP|PGSQL|SQLITE3|SOAP|T|PCNTL|SIG|POSIX|SOCK|AF|MSG|IDNA|INTL|GRAPHEME|ICONV|FTP|DEBUG_BACKTRACE|ARRAY_FILTER"
    r"|SCANDIR|CONNECTION|CREDITS|INFO|ASSERT|FNM|TOKEN)_\w+|DIRECTORY_SEPARATOR|PATH_SEPARATOR|NAN|INF|STD(?:IN|OUT|ERR)"
)
"""Constants of PHP and its extensions, by the prefixes that the manual's lists of predefined constants have. A library
that defines one for older versions of PHP does not make it one that has to be loaded."""


def is_own(name: str) -> bool:
    """Whether a constant is one that PHP defines itself."""
    return _OWN.fullmatch(name) is not None


class Chosen(NamedTuple):
    """A request whose value for one key is known."""

    key: str
    text: str


ANY = Chosen("", "")
"""A request of which nothing is known."""


def operands(value: Value) -> tuple[Value, ...]:
    """The values directly inside one."""
    for kind, field in _LISTS:
        if isinstance(value, kind):
            found: tuple[Value, ...] = getattr(value, field)
            return found
    if isinstance(value, ArrayLit):
        return tuple(part for item in value.items for part in (item.key, item.value) if part is not None)
    if isinstance(value, Index):
        return (value.base,) if value.key is None else (value.base, value.key)
    if isinstance(value, AssignExpr):
        return (value.op.value,)
    return tuple(part for part in _named(value) if part is not None and not isinstance(part, str))


def _named(value: Value) -> tuple[str | Value | None, ...]:
    """Parts that are names or computed."""
    if isinstance(value, DynVar):
        return (value.name,)
    if isinstance(value, Prop):
        return (value.base, value.name)
    if isinstance(value, (StaticProp, ClassConst)):
        return (value.cls, value.name)
    if isinstance(value, Call):
        return (value.name, value.receiver, *(arg.value for arg in value.args))
    return ()


def everything_in(value: Value) -> Iterator[Value]:
    """A value and all that is nested in it, bounded in depth."""
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        yield part
        if depth < _MAX_DEPTH:
            waiting += [(inner, depth + 1) for inner in operands(part)]


def keys_in(value: Value) -> frozenset[tuple[str, str]]:
    """(superglobal, key) of every value of the request or session in an expression; key `*` where it is not known."""
    return frozenset(key for part in everything_in(value) if (key := key_of(part)) is not None)


def key_of(value: Value) -> tuple[str, str] | None:
    """(superglobal, key) of a value of the request or session; None for any other expression."""
    if isinstance(value, Index) and isinstance(value.base, Var) and value.base.name in _ASKED:
        return value.base.name, str(value.key.value if isinstance(value.key, Const) else "*")
    return None


def switches(value: Value) -> tuple[str, ...]:
    """Constants that a condition asks for with `defined()`, sorted."""
    return tuple(
        sorted(
            {
                str(part.args[0].value.value)
                for part in everything_in(value)
                if _is_call(part, "defined") and part.args and isinstance(part.args[0].value, Const)
            }
        )
    )


def listed(value: Value) -> Value | None:
    """The list in `in_array(..., list)`, when a condition is or begins with one."""
    for part in everything_in(value):
        if _is_call(part, "in_array") and len(part.args) > 1 and isinstance(part.args[1].value, (StaticProp, ArrayLit)):
            return part.args[1].value
    return None


def asks_for_cli(value: Value) -> bool:
    """Whether a condition is about PHP's interface, or about what only one of a command line or a web server sets."""
    return any(_is_interface(part) or _is_stream(part) or _is_of_web(part) for part in everything_in(value))


def _is_interface(value: Value) -> bool:
    return _is_call(value, "php_sapi_name") or _is_constant(value, "PHP_SAPI")


def _is_stream(value: Value) -> bool:
    """`defined('STDIN')`: PHP defines the streams on its command line alone."""
    name = value.args[0].value if _is_call(value, "defined") and value.args else None
    return isinstance(name, Const) and name.value in _STREAMS


def _is_of_web(value: Value) -> bool:
    return isinstance(value, Index) and value.base == Var("_SERVER") and value.key in _OF_WEB


def compared(value: Value) -> frozenset[str]:
    """Lower-case texts that values of the request are compared with."""
    found: set[str] = set()
    for part in everything_in(value):
        if isinstance(part, Op) and part.op in _EQUAL | _UNEQUAL and any(map(keys_in, part.operands)):
            found.update(str(side.value).lower() for side in part.operands if isinstance(side, Const))
    return frozenset(found)


def ask(value: Value, constants: Mapping[str, bool], chosen: Chosen = ANY, depth: int = 0) -> bool | None:
    """Whether a condition holds for a request from a browser; None when that is not known.

    `constants`: True for what is surely defined, False for what may be; `$name` for the value of a parameter.
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, Var):
        return constants.get(f"${value.name}")
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Op):
        return _operator(value, constants, chosen, depth)
    if _is_call(value, "empty") and value.args and _is_of_web(value.args[0].value):
        return False
    if _is_call(value, "in_array") and len(value.args) > 1 and _is_interface(value.args[0].value):
        return False if _all_command_lines(value.args[1].value) else None
    if _is_call(value, "defined") and value.args:
        key = value.args[0].value
        if _is_stream(value) and not constants.keys() & _STREAMS:
            return False
        if isinstance(key, Const) and isinstance(key.value, str) and not is_own(key.value):
            return constants.get(key.value, False) or (None if key.value in constants else False)
    return None


def _operator(value: Op, constants: Mapping[str, bool], chosen: Chosen, depth: int) -> bool | None:
    op, parts = value.op, value.operands
    if op == "isset" and len(parts) == 1:
        known = isinstance(parts[0], Var) and f"${parts[0].name}" in constants
        return True if known or _is_of_web(parts[0]) or _is_chosen(parts[0], chosen) else None
    if op == "empty" and len(parts) == 1 and _is_of_web(parts[0]):
        return False
    if op == "!" and parts:
        truth = ask(parts[0], constants, chosen, depth + 1)
        return None if truth is None else not truth
    if op in ("&&", "and", "||", "or"):
        found = [ask(part, constants, chosen, depth + 1) for part in parts]
        decisive = op in ("||", "or")
        if decisive in found:
            return decisive
        return None if None in found else not decisive
    if op in _EQUAL | _UNEQUAL and any(_is_interface(part) for side in parts for part in everything_in(side)):
        named = [part.value for part in parts if isinstance(part, Const)]
        if named and str(named[0]).startswith(_COMMAND_LINES):  # a browser never runs PHP's command line
            return op in _UNEQUAL
    if op in _EQUAL | _UNEQUAL and any(_is_chosen(part, chosen) for part in parts):
        texts = [part.value for part in parts if isinstance(part, Const) and isinstance(part.value, str)]
        return (texts[0] == chosen.text) is (op in _EQUAL) if texts else None
    return None


def _all_command_lines(value: Value) -> bool:
    """Whether a list names interfaces of the command line only."""
    return (
        isinstance(value, ArrayLit)
        and bool(value.items)
        and all(isinstance(i.value, Const) and str(i.value.value).startswith(_COMMAND_LINES) for i in value.items)
    )


def _is_chosen(value: Value, chosen: Chosen) -> bool:
    """Whether a value is that of the known key, as it came: `$_GET['route']`, or that with a default."""
    if isinstance(value, Choice) and value.options:
        value = value.options[0]
    return (
        bool(chosen.key)
        and isinstance(value, Index)
        and isinstance(value.base, Var)
        and value.base.name in ("_GET", "_REQUEST")
        and value.key == Const(chosen.key)
    )


def _is_call(value: Value, name: str) -> TypeGuard[Call]:
    return isinstance(value, Call) and value.kind == CallKind.FUNCTION and str(value.name).lower().lstrip("\\") == name


def _is_constant(value: Value, name: str) -> bool:
    return isinstance(value, ConstRef) and value.name == name
