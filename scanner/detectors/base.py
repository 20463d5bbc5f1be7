"""What every detector sees and how it says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from scanner.analysis.endpoints import Endpoint
from scanner.analysis.program import Program
from scanner.analysis.solver import Result
from scanner.analysis.state import Output
from scanner.analysis.summary import Hit
from scanner.analysis.values import Trace
from scanner.model.facts import FileFacts
from scanner.model.finding import Category, Confidence, Finding, Rule, Severity, TraceStep
from scanner.model.other import OtherFacts
from scanner.model.signature import Catalogue


class Target(NamedTuple):
    """Where a call goes and how."""

    destinations: tuple[str, ...]
    shown: tuple[str, ...]
    """URLs or expressions, for people."""
    by_caller: bool
    """Some destination is a parameter of the enclosing function."""
    by_object: bool = False
    """Some destination is a property of an object that callers make."""


class Targets:
    """Destinations of calls that were asked for before."""

    def __init__(self) -> None:
        self.of_hit: dict[int, tuple[Hit, Target]] = {}
        """By identity of the hit, which is kept with them so that no other can get its number."""
        self.by_place: dict[tuple[str, int], tuple[str, ...]] | None = None
        """Path and line -> destinations outside this machine."""
        self.standing: dict[tuple[str, str], bool] = {}
        """Path and text -> whether the text stands in a literal of the file."""
        self.scripts: Mapping[str, Mapping[str, set[str]]] | None = None
        """Scripts of the release that contact hosts (see `shipped_scripts`)."""


class Scene(NamedTuple):
    """Everything that is known of one release when detectors run."""

    program: Program
    result: Result
    catalogue: Catalogue
    facts: Mapping[str, FileFacts]
    """Canonical path -> facts of every file with PHP in it."""
    endpoints: tuple[Endpoint, ...]
    targets: Targets
    """Destinations of the calls, worked out once for all detectors."""
    others: Mapping[str, OtherFacts] = {}
    """Canonical path -> what files say besides PHP."""
    default_hosts: Mapping[str, str] = {}
    """Setting -> host that the release's own SQL gives it."""
    pools: frozenset[str] = frozenset()
    """Symbols of functions that return one of the values of a store (see `Mixing`)."""
    homes: Mapping[str, frozenset[str]] = {}
    """Symbol -> paths of the files that functions of that name stand in."""


class Detector(NamedTuple):
    """One rule and the function that finds what it names."""

    rule: Rule
    find: Callable[[Scene], Iterable[Finding]]


def rule(identifier: str, category: Category, title: str, doc: str | None) -> Rule:
    """A rule whose help page is the detector's module docstring."""
    return Rule(identifier, category, title, (doc or "").strip())


class Position(NamedTuple):
    """Where a finding stands that is no call of a sink: function, lines, and bytes of the file (0 for none)."""

    function: int
    line: int
    end_line: int
    start: int = 0
    end: int = 0


def finding(
    scene: Scene,
    rule_: Rule,
    place: Hit | Output | Position,
    *,
    severity: Severity,
    confidence: Confidence,
    api: str,
    message: str,
    destinations: Iterable[str] = (),
    secrets: Iterable[str] = (),
    details: Iterable[tuple[str, str]] = (),
    trace: Iterable[TraceStep] = (),
    callee: str = "",
) -> Finding:
    """A finding at a place of the program. `callee` is what is called there, where that is not all of `api`."""
    return Finding(
        rule=rule_.id,
        category=rule_.category,
        severity=severity,
        confidence=confidence,
        path=scene.program.path(place.function),
        line=place.line,
        end_line=max(place.line, place.end_line),
        symbol=printable(scene.program.symbol(place.function)),
        api=printable(api),
        message=printable(message),
        destinations=tuple(sorted({printable(item) for item in destinations})),
        secrets=tuple(sorted(set(secrets))),
        details=tuple(sorted({(key, printable(value)) for key, value in details})),
        trace=tuple(trace),
        callee=printable((callee or api).lower()),
        span=(place.start, place.end),
    )


def printable(text: str) -> str:
    """Text of the scanned program, one character per byte, as UTF-8 where it is."""
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text


def steps(trace: Trace) -> tuple[TraceStep, ...]:
    """A label's way, from source to sink."""
    found: list[TraceStep] = []
    current: Trace | None = trace
    while current is not None and len(found) < 50:  # noqa: PLR2004  GitHub shows 1,000 steps in all
        found.append(TraceStep(current.path, current.line, printable(current.text)))
        current = current.previous
    return tuple(reversed(found))
