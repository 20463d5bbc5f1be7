"""One scanned release against another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from scanner.diff.match import match
from scanner.diff.rollup import destinations, endpoints, packages, secrets
from scanner.findings.collect import report_order
from scanner.model.finding import Finding
from scanner.model.report import Comparison, EndpointSummary, PackageSummary, Report

_VERSION_FOLDER = "redcap_v@/"
_Located = TypeVar("_Located", Finding, EndpointSummary)


class _FileCounts(NamedTuple):
    """How many files one release has and the other has not, or has otherwise."""

    added: int
    removed: int
    changed: int
    unchanged: int


def compare(
    baseline: Report, current: Report, baseline_files: Mapping[str, str], current_files: Mapping[str, str]
) -> Comparison:
    """What the current release does that the baseline did not, and the reverse.

    An upgrade archive holds the version folder alone. Against a full release the files outside of that folder are
    not compared: their findings are in `not_compared`, and what only they do is in no roll-up.

    Shape: the mappings give canonical path -> content digest of every file of a release.
    """
    scope = _Scope.of(baseline, current, baseline_files, current_files)
    old_files = {path: digest for path, digest in baseline_files.items() if scope.holds(path)}
    new_files = {path: digest for path, digest in current_files.items() if scope.holds(path)}
    changes = match(scope.kept(baseline.findings), scope.kept(current.findings), old_files, new_files)
    counts = _count_files(old_files, new_files)
    return Comparison(
        baseline=baseline,
        current=current,
        changes=changes,
        destinations=destinations(changes),
        secrets=secrets(changes),
        endpoints=endpoints(scope.kept(baseline.endpoints), scope.kept(current.endpoints)),
        packages=packages(scope.kept_packages(baseline, current), scope.kept_packages(current, baseline)),
        files_added=counts.added,
        files_removed=counts.removed,
        files_changed=counts.changed,
        files_unchanged=counts.unchanged,
        not_in_archive=len(baseline_files) - len(old_files) + len(current_files) - len(new_files),
        not_compared=tuple(
            sorted(
                (item for item in (*baseline.findings, *current.findings) if not scope.holds(item.path)),
                key=report_order,
            )
        ),
    )


class _Scope(NamedTuple):
    """What can be compared: everything, or the version folder and the `shared` paths outside of it."""

    partial: bool
    shared: frozenset[str]

    @classmethod
    def of(
        cls,
        baseline: Report,
        current: Report,
        baseline_files: Mapping[str, str],
        current_files: Mapping[str, str],
    ) -> _Scope:
        """Partial if one release is an upgrade archive and the other has files around the version folder."""
        partial = {baseline.release.layout, current.release.layout} == {"upgrade", "full"}
        return cls(partial, frozenset(baseline_files.keys() & current_files.keys()) if partial else frozenset())

    def holds(self, path: str) -> bool:
        """Whether both releases can have a file of that path."""
        return not self.partial or path.startswith(_VERSION_FOLDER) or path in self.shared

    def kept(self, values: Iterable[_Located]) -> list[_Located]:
        """Values that stand in comparable files."""
        return [value for value in values if self.holds(value.path)]

    def kept_packages(self, report: Report, other: Report) -> list[PackageSummary]:
        """Packages, without those that only this release has and that are seen only in files not compared."""
        if not self.partial:
            return list(report.packages)
        inside = {finding.package for finding in report.findings if self.holds(finding.path)}
        outside = {finding.package for finding in report.findings} - inside
        outside -= {package.name for package in other.packages}
        return [package for package in report.packages if package.name not in outside]


def _count_files(baseline: Mapping[str, str], current: Mapping[str, str]) -> _FileCounts:
    """Files by path; a file under a new name is one added and one removed."""
    both = baseline.keys() & current.keys()
    changed = sum(baseline[path] != current[path] for path in both)
    return _FileCounts(len(current) - len(both), len(baseline) - len(both), changed, len(both) - changed)
