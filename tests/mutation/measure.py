"""Plant code into a tree, compare it with the original, and count what was found, by factor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

from scanner.model.finding import Category, Finding, Severity
from scanner.model.report import Comparison
from scanner.pipeline import ScanOptions, diff
from tests.mutation.neutral import KINDS, change
from tests.mutation.plants import Plant, Planter
from tests.mutation.templates import templates
from tests.mutation.trees import apply, files, lay_out, place, places

_CONCERNED = frozenset({Category.EXFILTRATION, Category.EGRESS, Category.CONCEALMENT})
_OUTPUT_RULE = "secret-in-output"
_SHOWN = "secret-in-"
"""How the names of rules about secrets that are shown or stored begin: a header, a log, a file, a redirect."""
_GRAVE = frozenset({Severity.CRITICAL, Severity.HIGH})
_PLACES = 400
_SPECIAL_FILES = "*.php"


class Outcome(NamedTuple):
    """What became of one plant."""

    plant: Plant
    found: bool
    named: bool
    """Found, and its host named, where it has one."""
    located: bool
    nearest: tuple[str, ...]
    """Findings at the plant, for people: rule, severity, secrets, destinations."""


class Measurement(NamedTuple):
    """A run over one tree."""

    outcomes: tuple[Outcome, ...]
    comparison: Comparison

    @property
    def recall(self) -> float:
        return sum(item.found for item in self.outcomes) / max(1, len(self.outcomes))

    @property
    def named(self) -> float:
        return sum(item.named for item in self.outcomes) / max(1, len(self.outcomes))

    @property
    def located(self) -> float:
        return sum(item.located for item in self.outcomes) / max(1, len(self.outcomes))


def measure(tree: Path, work: Path, count: int, seed: int, options: ScanOptions) -> Measurement:
    """Plant `count` exfiltrations into a copy of a tree and compare. `work`: an empty folder for both copies."""
    random = Random(seed)  # noqa: S311  nothing secret depends on it
    base, mutated = lay_out(tree, work / "base"), lay_out(tree, work / "mutated")
    planter = Planter(places(mutated, random, _PLACES), random, _words(mutated))
    plants = [planter.plant(number) for number in range(count)]
    kept, spans = _grow(mutated, plants)
    comparison = diff(str(base), str(mutated), options)
    return Measurement(tuple(_outcomes(kept, spans, comparison)), comparison)


class Noise(NamedTuple):
    """What neutral changes brought."""

    made: dict[str, int]
    """Changes by kind."""
    findings: tuple[Finding, ...]
    """Findings that a comparison calls new or updated: each is a false one."""


def measure_neutral(tree: Path, work: Path, count: int, seed: int, options: ScanOptions) -> Noise:
    """Make neutral changes to a copy of a tree, at most one per file, and compare."""
    random = Random(seed)  # noqa: S311  nothing secret depends on it
    base, mutated = lay_out(tree, work / "base"), lay_out(tree, work / "mutated")
    names = files(mutated)
    random.shuffle(names)
    made: dict[str, int] = dict.fromkeys(KINDS, 0)
    for name in names:
        kind = KINDS[sum(made.values()) % len(KINDS)]
        made[kind] += change(mutated / name, kind, random)
        if sum(made.values()) >= count:
            break
    comparison = diff(str(base), str(mutated), options)
    changed = (item for item in comparison.changes if item.state.value in ("new", "updated"))
    return Noise(made, tuple(item.finding for item in changed))


def measure_each(tree: Path, work: Path, seed: int, options: ScanOptions) -> Measurement:
    """Each source, carrier and channel once, with the plainest of the other two kinds."""
    random = Random(seed)  # noqa: S311  nothing secret depends on it
    base, mutated = lay_out(tree, work / "base"), lay_out(tree, work / "mutated")
    planter = Planter(places(mutated, random, _PLACES), random, _words(mutated))
    plants = list(planter.each())
    kept, spans = _grow(mutated, plants)
    comparison = diff(str(base), str(mutated), options)
    return Measurement(tuple(_outcomes(kept, spans, comparison)), comparison)


def _words(release: Path) -> frozenset[str]:
    """Which of the templates' `needs` the tree has."""
    wanted = {item.needs for item in templates("channels") if item.needs}
    found: set[str] = set()
    for path in sorted(path for path in release.rglob(_SPECIAL_FILES) if path.is_file()):
        if wanted <= found:
            break
        text = path.read_text("latin-1")
        found |= {word for word in wanted - found if word in text}
    return frozenset(found)


class Span(NamedTuple):
    """Lines of a plant."""

    path: str
    first: int
    last: int


def _grow(release: Path, plants: list[Plant]) -> tuple[list[Plant], dict[int, list[Span]]]:
    """Write plants into a release; the lines of each."""
    spans: dict[int, list[Span]] = defaultdict(list)
    edits = [edit for plant in plants for edit in plant.edits]
    new_files = {path: text for plant in plants for path, text in plant.new_files}
    for path, first, last, owner in apply(release, edits, new_files):
        spans[owner].append(Span(_canonical(path), first, last))
    for plant in plants:
        spans[plant.number] += [Span(_canonical(path), 1, 999) for path, _text in plant.new_files]
    for path in sorted({edit.path for edit in edits}):
        assert place(release, path) is not None, f"{path} does not parse any more"
    return plants, spans


def _canonical(path: str) -> str:
    return "redcap_v@/" + path.partition("/")[2]


def _outcomes(plants: list[Plant], spans: dict[int, list[Span]], comparison: Comparison) -> Iterable[Outcome]:
    by_path: dict[str, list[Finding]] = defaultdict(list)
    for item in comparison.changes:
        if item.state.value in ("new", "updated"):
            by_path[item.finding.path].append(item.finding)
    for plant in plants:
        near = [
            finding
            for span in spans[plant.number]
            for finding in by_path[span.path]
            if span.first <= finding.line <= span.last and finding.category in _CONCERNED
        ]
        yield Outcome(
            plant,
            any(_names_it(plant, finding) for finding in near),
            any(_names_it(plant, finding) and _names_host(plant, finding) for finding in near),
            bool(near),
            tuple(
                sorted(
                    {f"{x.rule} {x.severity.value} {'+'.join(x.secrets)} -> {'+'.join(x.destinations)}" for x in near}
                )
            ),
        )


def _names_it(plant: Plant, finding: Finding) -> bool:
    named = {label if label in plant.labels else label.partition(":")[0] for label in finding.secrets}
    shown = plant.rule == _OUTPUT_RULE and finding.rule.startswith(_SHOWN)
    if not (shown or finding.rule == plant.rule) or not plant.labels.intersection(named):
        return False
    return finding.severity in _GRAVE or (plant.rule == _OUTPUT_RULE and finding.severity is Severity.MEDIUM)


def _names_host(plant: Plant, finding: Finding) -> bool:
    return plant.rule == _OUTPUT_RULE or any(plant.host in name for name in finding.destinations)


def by_factor(outcomes: Iterable[Outcome]) -> dict[str, dict[str, tuple[int, int, int, int]]]:
    """Factor -> value -> (planted, found, found with its host, located)."""
    table: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    for item in outcomes:
        for factor, value in item.plant.factors().items():
            row = table[factor][value]
            row[0] += 1
            row[1] += item.found
            row[2] += item.named
            row[3] += item.located
    return {
        factor: {value: (row[0], row[1], row[2], row[3]) for value, row in sorted(rows.items())}
        for factor, rows in sorted(table.items())
    }
