"""Functions of two releases side by side: only what changed is parsed, and a function meets its namesake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from scanner.analysis.units import Unit, units
from scanner.facts.classify import holds_php, php_suffix
from scanner.facts.encoding import as_php
from scanner.model.finding import Confidence, Severity
from scanner.php import Vocabulary, extract
from scanner.php.arrays import is_literal_file
from scanner.php.extents import functions
from scanner.php.lexer import lex
from scanner.php.masks import blank

MAX_TABLE = 1024 * 1024
"""Bytes from which a file of nothing but literals is data: it has no settings that a person would write."""


class Weakening(NamedTuple):
    """What a rule found in one function: it becomes a finding."""

    severity: Severity
    line: int
    api: str
    message: str
    details: tuple[tuple[str, str], ...] = ()
    """Old and new value, and what else tells two weakenings apart."""
    confidence: Confidence = Confidence.LIKELY
    destinations: tuple[str, ...] = ()
    """Hosts that the function names now and did not before, sorted."""


class Side(NamedTuple):
    """One file as one release has it, without the functions that both have alike."""

    units: Mapping[str, Unit]
    calls: Counter[str]
    """Calls in the whole file, by name: what left one function may have come into another."""


class Pair(NamedTuple):
    """One function in both releases; `old` is None for one that is new."""

    symbol: str
    old: Unit | None
    new: Unit
    old_file: Side
    new_file: Side
    sinks: frozenset[str]
    """Lower-case names of functions and methods that do something to the outside."""


def pairs(old: bytes | None, new: bytes, sinks: frozenset[str]) -> Iterator[Pair]:
    """Functions of one file, each with its namesake in the baseline."""
    before, after = sides(old or b"", new)
    for symbol, unit in after.units.items():
        yield Pair(symbol, before.units.get(symbol) if old is not None else None, unit, before, after, sinks)


def sides(old: bytes, new: bytes) -> tuple[Side, Side]:
    """Both files, read after blanking the functions that are the same in both."""
    old, new = as_php(old), as_php(new)
    old_functions, new_functions = _functions(old), _functions(new)
    both = old_functions.keys() & new_functions.keys()
    return (
        _side(_without(old, [old_functions[key] for key in both])),
        _side(_without(new, [new_functions[key] for key in both])),
    )


def _functions(source: bytes) -> dict[tuple[bytes, bytes], list[tuple[int, int]]]:
    """Name and text of each outermost function -> where its body is. Empty where the lexer is not sure."""
    lexed = lex(source)
    found: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    for item in functions(lexed).items:
        if item.parent < 0 and item.body and item.name:
            text = b" ".join(lexed.uncommented[item.start : item.body[1]].split())
            found.setdefault((item.name, text), []).append(item.body)
    return found


def _without(source: bytes, groups: list[list[tuple[int, int]]]) -> bytes:
    """The source with those bodies empty, offsets and lines in place."""
    rest = bytearray(source)
    for start, end in (body for group in groups for body in group):
        rest[start + 1 : end - 1] = blank(source[start + 1 : end - 1])
    return bytes(rest)


def _side(source: bytes) -> Side:
    table = len(source) > MAX_TABLE and is_literal_file(lex(source), Vocabulary())
    found = units(extract(source)) if source and not table else {}
    return Side(found, Counter(site.name for unit in found.values() for site in unit.calls))


def is_code(path: str, content: bytes) -> bool:
    """Whether a file holds PHP."""
    return holds_php(php_suffix(path), content)
