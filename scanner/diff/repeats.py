"""A new host is loud once in each file, bundled package or folder of tests: further calls there only say it again.

What makes such a call `high` in a comparison is the host that the baseline never named. Whoever reads the first of
these findings has been told; the others stay in the report as `medium`. Nothing is lowered that is `high` by itself:
secrets that leave, answers that are run, connections that are not checked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from scanner.detectors.egress import ELSEWHERE
from scanner.detectors.remarks import BROWSER
from scanner.model.finding import Category, Finding, Severity
from scanner.model.report import FindingChange

_TESTS = re.compile(r"^((?:.*?/)?tests?)/", re.IGNORECASE)
"""The outermost folder of tests in a path."""

_PAGES_OF_TESTS = "pages of tests"
"""Kind of what texts in tests make a browser load: such texts are many, and the first stands for all."""


class Raised(NamedTuple):
    """A finding that is loud because it names hosts that are new."""

    change: FindingChange
    hosts: frozenset[str]


class _Unit(NamedTuple):
    """Where saying a host once is enough: for each kind of finding."""

    place: str
    kind: str


def told_once(raised: Iterable[Raised]) -> Iterator[FindingChange]:
    """The changes; those of which another one in the same place names all hosts are `medium`."""
    units: dict[_Unit, list[Raised]] = defaultdict(list)
    for item in raised:
        units[_unit(item.change.finding)].append(item)
    for unit, items in units.items():
        yield from _of_unit(sorted(items, key=_loudest), one_for_all=unit.kind == _PAGES_OF_TESTS)


def _of_unit(items: list[Raised], *, one_for_all: bool) -> Iterator[FindingChange]:
    tellers: list[tuple[Raised, list[Raised]]] = []
    for item in items:
        known = next((others for teller, others in tellers if one_for_all or item.hosts <= teller.hosts), None)
        if known is None:
            tellers.append((item, []))
        else:
            known.append(item)
    for teller, others in tellers:
        also = f", and so do {len(others)} more calls beside it" if others else ""
        yield _changed(teller.change, message=teller.change.finding.message + also)
        yield from (_changed(item.change, severity=Severity.MEDIUM) for item in others)


def _unit(finding: Finding) -> _Unit:
    tests = _TESTS.match(finding.path)
    place = finding.package or (tests[1] if tests else finding.path)
    if finding.category is not Category.EGRESS:
        return _Unit(place, finding.rule)
    if BROWSER in finding.details:
        return _Unit(place, _PAGES_OF_TESTS if tests else "browser")
    return _Unit(place, "")


def _loudest(item: Raised) -> tuple[bool, bool, int, str, int, str]:
    """What tells best comes first: code that runs before its tests, and who names the host before who passes it on."""
    found = item.change.finding
    return (
        _TESTS.match(found.path) is not None, ELSEWHERE in found.details, -len(item.hosts),
        found.path, found.line, found.rule,
    )  # fmt: skip


def _changed(change: FindingChange, **values: object) -> FindingChange:
    return msgspec.structs.replace(change, current=msgspec.structs.replace(change.finding, **values))
