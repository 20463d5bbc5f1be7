"""What a call of a page can do: its own findings and those of everything that it reaches.

Reached is what the program phase saw being called or included, and, from functions that it did not evaluate, every
function that a called name can mean when few share that name. Where only the class of a callee is known (cron jobs that
a table names), every method of the class is. So the effects are those of some way through the code, not of every way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.analysis.endpoints import Pages
from scanner.analysis.pages.jobs import called_by_data
from scanner.analysis.pages.tables import DISPATCHING
from scanner.analysis.program import Program
from scanner.analysis.solver import Result
from scanner.model.finding import Category, Finding

_SHARED_NAME = 2
"""Functions of one name beyond which a call by that name reaches none of them."""
_MAX_REACHED = 20_000
_NOWHERE = frozenset({"local", "own-server", "localhost"})
_FILE_WRITES = frozenset(
    {"file_put_contents", "fwrite", "fputs", "fputcsv", "move_uploaded_file", "copy", "rename", "unlink", "mkdir",
     "rmdir", "symlink", "link", "touch", "chmod", "extractto", "ftruncate"}
)  # fmt: skip
_QUERIES = frozenset(
    {"db_query", "mysqli_query", "mysqli_multi_query", "query", "exec", "prepare", "multi_query", "execute", "pg_query"}
)
_WRITING_SQL = re.compile(
    rb"\b(?:insert\s+(?:ignore\s+)?into|replace\s+into|update\s+[`\w.]+\s+set|delete\s+from|truncate\s|"
    rb"(?:alter|create|drop)\s+table)\b",
    re.IGNORECASE,
)
_BY_RULE = {"process-execution": "exec", "dynamic-code": "exec"}


def page_effects(
    result: Result, program: Program, findings: Iterable[Finding], pages: Pages
) -> dict[str, tuple[str, ...]]:
    """Sorted subset of `db-write egress exec file-write mail secrets` for each page, by path.

    What the files on the way to the login do at file scope, every page does: it is left out.
    """
    first = {unit.path: unit.first for unit in reversed(program.files)}
    shared = frozenset(first[path] for path in pages.bootstrap if path in first)
    graph = _Graph(result, program, findings, shared)
    starts = {page.path: page.functions or (first[page.path],) for page in pages.endpoints}
    return {path: tuple(sorted(graph.reached(numbers))) for path, numbers in starts.items()}


class _Graph:
    """Who calls whom, and what each function does itself."""

    def __init__(self, result: Result, program: Program, findings: Iterable[Finding], shared: frozenset[int]) -> None:
        self._program = program
        self._shared = shared
        self._evaluated = {self._outline(number) for number in result.state.summaries}
        self._callees: dict[int, set[int]] = defaultdict(set)
        for callee, callers in result.state.users.items():
            for caller in callers:
                self._callees[self._outline(caller)].add(self._outline(callee))
        self._found = _by_place(findings)
        self._own: dict[int, frozenset[str]] = {}
        self._by_data: dict[int, frozenset[int]] = {}

    def _outline(self, number: int) -> int:
        return self._program.outline_of.get(number, number)

    def reached(self, starts: tuple[int, ...]) -> set[str]:
        """Effects of functions and of all that they reach."""
        seen, waiting = {*starts, *self._shared}, list(starts)
        effects: set[str] = set()
        while waiting and len(seen) <= _MAX_REACHED:
            number = waiting.pop()
            effects |= self._of(number)
            for callee in sorted(self._next(number) - seen):
                seen.add(callee)
                waiting.append(callee)
        return effects

    def _next(self, number: int) -> set[int]:
        found = set(self._callees.get(number, ()))
        if number < 0:
            return found
        found |= self._named_by_data(number)
        if number in self._evaluated:
            return found
        for name in self._program.functions[number].called:
            for known in (self._program.by_name.get(name, ()), self._program.by_method.get(name, ())):
                if 0 < len(known) <= _SHARED_NAME:
                    found.update(known)
        return found

    def _named_by_data(self, number: int) -> frozenset[int]:
        """Methods of known classes that the function calls by names from elsewhere."""
        if DISPATCHING.isdisjoint(self._program.functions[number].called):
            return frozenset()
        known = self._by_data.get(number)
        if known is None:
            known = self._by_data[number] = frozenset(map(self._outline, called_by_data(self._program, number)))
        return known

    def _of(self, number: int) -> frozenset[str]:
        if number < 0:
            return frozenset()
        known = self._own.get(number)
        if known is None:
            place = (self._program.path(number), self._program.symbol(number))
            known = self._own[number] = frozenset(self._found.get(place, ())) | self._by_names(number)
        return known

    def _by_names(self, number: int) -> frozenset[str]:
        """Writes, by the names of the functions called and the SQL in the text."""
        fact = self._program.functions[number]
        called = set(fact.called)
        found: set[str] = set()
        if called & _FILE_WRITES:
            found.add("file-write")
        if called & _QUERIES:
            body = bytes(self._program.functions[self._program.with_body(number)].body)
            if _WRITING_SQL.search(body):
                found.add("db-write")
        return frozenset(found)


def _by_place(findings: Iterable[Finding]) -> Mapping[tuple[str, str], set[str]]:
    """Effects by path and symbol."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in findings:
        effect = _effect(finding)
        if effect:
            found[finding.path, finding.symbol].add(effect)
    return found


def _effect(finding: Finding) -> str:
    if finding.rule in _BY_RULE:
        return _BY_RULE[finding.rule]
    if finding.category is Category.SECRET_USE:
        return "secrets"
    if finding.category is Category.EGRESS and not set(finding.destinations) <= _NOWHERE:
        return "mail" if ("channel", "mail") in finding.details else "egress"
    return ""
