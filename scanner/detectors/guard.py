"""All detectors over one release, so that an error in one of them costs no more than the file that brings it about.

Scanned code is hostile, and its author reads this source: an input that makes a detector raise must not take the
findings of other files with it. The file is found by halving; the cut is counted, and the scan is incomplete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from scanner.analysis.program import Program
from scanner.detectors.base import Detector, Scene
from scanner.detectors.decoded import relocate
from scanner.detectors.temper import temper
from scanner.model.finding import Finding
from scanner.model.report import ANALYSIS_ERROR, LimitHit

_Facts = TypeVar("_Facts")
MAX_RUNS = 128
"""How often one detector is tried again with a part of the files; what is left then counts as broken unread."""


class Detected(NamedTuple):
    """What detectors found, and where they broke."""

    findings: list[Finding]
    broken: tuple[LimitHit, ...]
    """An empty path: the detector broke whatever it was given."""


def detect(scene: Scene, detectors: Iterable[Detector]) -> Detected:
    """Findings of all detectors, in their order, each told where its code stands in the release."""
    found: list[Finding] = []
    broken: Counter[str] = Counter()
    for detector in detectors:
        for item in _Attempt(scene, detector.find, broken).findings():
            try:
                found.append(temper(scene, relocate(scene, item)))
            except Exception:  # noqa: BLE001  see the module's docstring
                broken[_file(item.path)] += 1
                found.append(item)
    return Detected(found, tuple(LimitHit(ANALYSIS_ERROR, path, 0, count) for path, count in sorted(broken.items())))


class _Attempt:
    """One detector over all files, or over as many as it survives."""

    def __init__(self, scene: Scene, find: Callable[[Scene], Iterable[Finding]], broken: Counter[str]) -> None:
        self._scene = scene
        self._find = find
        self._broken = broken
        self._runs = 0

    def findings(self) -> list[Finding]:
        found = self._run(self._scene)
        if found is not None:
            return found
        if self._run(_part(self._scene, frozenset())) is None:
            self._broken[""] += 1
            return []
        paths = sorted(_paths(self._scene))
        bad = frozenset(self._bad(paths))
        self._broken.update(bad)
        found = self._run(_part(self._scene, frozenset(paths) - bad))
        if found is None:  # only several files together break it
            self._broken[""] += 1
        return found or []

    def _bad(self, paths: list[str]) -> Iterator[str]:
        """Files with which the detector breaks, by halving."""
        waiting = [paths]
        while waiting:
            group = waiting.pop()
            self._runs += 1
            if self._runs > MAX_RUNS:
                yield from group
            elif self._run(_part(self._scene, frozenset(group))) is None:
                middle = len(group) // 2
                if middle:
                    waiting += [group[:middle], group[middle:]]
                else:
                    yield from group

    def _run(self, scene: Scene) -> list[Finding] | None:
        try:
            return list(self._find(scene))
        except Exception:  # noqa: BLE001  see the module's docstring
            return None


def _paths(scene: Scene) -> set[str]:
    """Every file that a detector may be told of."""
    own = {_file(path) for part in (scene.facts, scene.others, scene.program.code) for path in part}
    return own | {_file(unit.path) for unit in scene.program.files}


def _part(scene: Scene, paths: frozenset[str]) -> Scene:
    """The scene with what stands in some of the files; the program is whole."""
    result, program = scene.result, scene.program
    return scene._replace(
        result=result._replace(
            hits=tuple(item for item in result.hits if _stands(program, item.function, paths)),
            reads=tuple(item for item in result.reads if _stands(program, item.function, paths)),
            outputs=tuple(item for item in result.outputs if _stands(program, item.function, paths)),
            notes=tuple(item for item in result.notes if _stands(program, item.function, paths)),
        ),
        facts=_only(scene.facts, paths),
        others=_only(scene.others, paths),
        endpoints=tuple(item for item in scene.endpoints if _file(item.path.partition("?")[0]) in paths),
    )


def _stands(program: Program, function: int, paths: frozenset[str]) -> bool:
    return _file(program.path(function)) in paths


def _only(facts: Mapping[str, _Facts], paths: frozenset[str]) -> dict[str, _Facts]:
    return {path: item for path, item in facts.items() if _file(path) in paths}


def _file(path: str) -> str:
    """The file of the release that decoded code or the member of an archive stands in."""
    return path.partition("//")[0]
