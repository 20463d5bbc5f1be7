"""What a call of a page can do: its own findings and those of everything that it reaches."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.analysis.endpoints import Pages
from scanner.analysis.program import Program
from scanner.findings.reach import Reach
from scanner.model.finding import Category, Finding

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
_BY_RULE = {"process-execution": "exec", "remote-command": "exec", "dynamic-code": "exec"}


def page_effects(
    program: Program, findings: Iterable[Finding], pages: Pages, reach: Reach
) -> dict[str, tuple[str, ...]]:
    """Sorted subset of `db-write egress exec file-write mail secrets` for each page, by path.

    What the files on the way to the login do at file scope, every page does: it is left out.
    """
    graph = _Graph(program, findings)
    return {page.path: tuple(sorted(graph.of_all(reach.of_page(page)))) for page in pages.endpoints}


class _Graph:
    """What the functions that pages reach do themselves."""

    def __init__(self, program: Program, findings: Iterable[Finding]) -> None:
        self._program = program
        self._found = _by_place(findings)
        self._own: dict[int, frozenset[str]] = {}

    def of_all(self, numbers: Iterable[int]) -> set[str]:
        """Effects of all of some functions."""
        return {effect for number in numbers for effect in self._of(number)}

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
