"""What makes a call run besides a person who is logged in: evidence of findings, so that a change of it is a change.

A call that only a page behind the login reached, and that an open page or cron reaches now, stands where it stood with
the code that it had. Its detail `trigger` tells; code that only pages behind the login reach has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from scanner.analysis.endpoints import Endpoint, Pages
from scanner.analysis.program import Program
from scanner.findings.reach import Reach
from scanner.model.finding import TRIGGER, Category, Finding

_CATEGORIES = frozenset({Category.EGRESS, Category.EXFILTRATION, Category.PAYLOAD})
_RULES = frozenset({"process-execution", "remote-command", "dynamic-code"})
_WORDS = {
    "none": "open page",
    "token": "page with a token",
    "survey-hash": "survey",
    "install": "installation",
    "cli": "command line",
}
"""Trigger by the access class of a page; a page behind the login is none."""
_CRON = "cron"


def with_triggers(findings: Iterable[Finding], program: Program, pages: Pages, reach: Reach) -> Iterator[Finding]:
    """The findings, calls of sinks with what triggers them."""
    known = _by_place(program, pages, reach)
    for finding in findings:
        triggers = known.get((finding.path, finding.symbol), ())
        if triggers and (finding.category in _CATEGORIES or finding.rule in _RULES):
            details = tuple(sorted({*finding.details, *((TRIGGER, name) for name in triggers)}))
            yield msgspec.structs.replace(finding, details=details)
        else:
            yield finding


def _by_place(program: Program, pages: Pages, reach: Reach) -> dict[tuple[str, str], set[str]]:
    """Triggers by path and symbol."""
    starts: dict[str, set[int]] = defaultdict(set)
    for page in pages.endpoints:
        trigger = _trigger(page)
        if trigger:
            starts[trigger].update(reach.starts(page))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for trigger, numbers in sorted(starts.items()):
        for number in reach.of(numbers, reach.shared):
            if number >= 0:
                found[program.path(number), program.symbol(number)].add(trigger)
    return found


def _trigger(page: Endpoint) -> str:
    name = page.path.partition("?")[0].rpartition("/")[2].lower()
    return _CRON if "cron" in name and page.auth != "login" else _WORDS.get(page.auth, "")
