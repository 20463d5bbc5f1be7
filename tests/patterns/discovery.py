"""The regular expressions of the scanner, and how each is used.

Two ways, since neither finds all: the values that modules hold (also in collections, records and classes), and the
calls of `re` in the source whose pattern can be computed from what the module knows, wherever they stand.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

import scanner

CALLS = ("match", "fullmatch", "search", "sub", "subn", "split", "finditer", "findall")
_USED = re.compile(rf"\b(\w++)\.({'|'.join(CALLS)})\b")
_MAX_DEPTH = 4


@dataclass
class Used:
    """A regular expression, and the methods of it that are called."""

    name: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    methods: set[str] = field(default_factory=set)


@cache
def modules() -> tuple[str, ...]:
    """Names of all modules of the scanner that can be imported without being run."""
    found = pkgutil.walk_packages(scanner.__path__, "scanner.")
    return tuple(item.name for item in found if not item.name.endswith("__main__"))


@cache
def patterns_of(name: str) -> tuple[Used, ...]:
    """The regular expressions of a module, each once; those of others that it imports are theirs."""
    module = importlib.import_module(name)
    source = inspect.getsource(module)
    found: dict[tuple[str | bytes, int], Used] = {}
    for word, pattern in _held(module, source):
        entry = found.setdefault((pattern.pattern, pattern.flags), Used(f"{name}.{word}", pattern))
        entry.methods |= _methods(word, source)
    for place, methods, pattern in _computed(module, source):
        found.setdefault((pattern.pattern, pattern.flags), Used(f"{name}, {place}", pattern, methods))
    for call, pattern in _called(module, source):
        entry = found.setdefault((pattern.pattern, pattern.flags), Used(f"{name}, {call}", pattern))
        entry.methods.add(call.partition(" ")[0])
    return tuple(found.values())


def _methods(word: str, source: str) -> set[str]:
    """Methods by which a pattern of that name is used.

    Where none is called on the name itself, those called behind it in a line count; then those that a helper calls on
    its `pattern`; and `search`, the dearest, where nothing says it.
    """
    texts = [source] if word.startswith("_") else [source, *map(_source, modules())]
    direct = {method for text in texts for name, method in _uses(text) if name == word}
    if direct:
        return direct
    behind = re.compile(rf"\b{re.escape(word)}\b.*?\.({'|'.join(CALLS)})\(")
    return (
        {match[1] for text in texts for match in behind.finditer(text)}
        or {method for name, method in _uses(source) if name == "pattern"}
        or {"search"}
    )


@cache
def _uses(source: str) -> tuple[tuple[str, str], ...]:
    """Names on which a method of a pattern is called, and the method."""
    return tuple(_USED.findall(source))


@cache
def _source(name: str) -> str:
    return inspect.getsource(importlib.import_module(name))


def _held(module: ModuleType, source: str) -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Patterns among the values of a module that it names itself, and of its classes."""
    own = {node.id for node in _nodes(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for word, value in vars(module).items():
        if word in own:
            yield from ((word, pattern) for pattern in _within(value, _MAX_DEPTH))
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for item in vars(value).values():
                yield from ((word, pattern) for pattern in _within(item, _MAX_DEPTH))


def _within(value: object, depth: int) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """Patterns in a value: itself, in a collection, in the fields of a record."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and not isinstance(value, str | bytes | type | ModuleType):
        items: Iterable[object] = ()
        if isinstance(value, dict):
            items = (*value, *value.values())
        elif isinstance(value, list | tuple | set | frozenset):
            items = value
        elif hasattr(value, "__dict__"):
            items = tuple(vars(value).values())
        elif hasattr(value, "__struct_fields__"):
            items = tuple(getattr(value, name) for name in value.__struct_fields__)
        for item in items:
            yield from _within(item, depth - 1)


@cache
def _nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def _calls(source: str) -> Iterator[ast.Call]:
    """Calls of a function of `re`."""
    for node in _nodes(source):
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re":
            assert isinstance(node, ast.Call)
            yield node


def _called(module: ModuleType, source: str) -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Patterns of `re.search(...)` and the like: method and line, pattern."""
    for call in _calls(source):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr in CALLS and (pattern := _evaluated(call, module)) is not None:
            yield f"{call.func.attr} in line {call.lineno}", pattern


def _computed(module: ModuleType, source: str) -> Iterator[tuple[str, set[str], re.Pattern[str] | re.Pattern[bytes]]]:
    """Patterns of `re.compile(...)`, wherever it stands: line, methods by which they are used, pattern."""
    users: dict[int, set[str]] = {}
    for node in _nodes(source):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            word = ast.unparse(node.targets[0]).rpartition(".")[2]
            users[node.value.lineno] = {method for name, method in _uses(source) if name == word} or {"search"}
        elif isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.value, ast.Call):
            users[node.value.lineno] = {node.attr}
    for call in _calls(source):
        assert isinstance(call.func, ast.Attribute)
        if call.func.attr == "compile" and (pattern := _evaluated(call, module)) is not None:
            yield f"line {call.lineno}", users.get(call.lineno, {"search"}), pattern


def _evaluated(call: ast.Call, module: ModuleType) -> re.Pattern[str] | re.Pattern[bytes] | None:
    """The pattern of a call; what only its function knows is a word that stands for itself."""
    wanted = [call.args[0], *call.args[1:]] if ast.unparse(call.func) == "re.compile" else call.args[:1]
    flags = [item for item in wanted[1:] or call.args[2:] if "re." in ast.unparse(item)]
    flags += [item.value for item in call.keywords if item.arg == "flags"]
    bytes_wanted = "b'" in ast.unparse(wanted[0]) or 'b"' in ast.unparse(wanted[0])
    names = _Known(vars(module), b"abc" if bytes_wanted else "abc")
    try:
        pattern = eval(ast.unparse(wanted[0]), {}, names)  # noqa: S307  the scanner's own source
        number = eval(ast.unparse(flags[0]), {}, names) if flags else 0  # noqa: S307
        return re.compile(pattern, number)
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, re.error):
        return None


class _Known(dict[str, object]):
    """Names of a module; any other is the stand-in."""

    def __init__(self, names: dict[str, object], stand_in: object) -> None:
        super().__init__(names)
        self._stand_in = stand_in

    def __missing__(self, name: str) -> object:
        return getattr(builtins, name, self._stand_in)
