"""The account that a report opens with: every file, what was not understood, and the sums of the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from scanner.analysis.program import Program
from scanner.analysis.solver import Result
from scanner.detectors.temper import names_hosts
from scanner.facts.classify import php_suffix
from scanner.facts.gather import Gathered
from scanner.files.kinds import kind_of
from scanner.model.facts import FileFacts
from scanner.model.finding import Category, Finding
from scanner.model.report import (
    Coverage,
    DestinationSummary,
    LimitHit,
    PartialFile,
    SecretSummary,
    SkippedFile,
)
from scanner.model.source import Release
from scanner.source import NOTE_CODES

_RELEASE_CODES = frozenset(
    {"data-after-archive", "data-before-archive", "git-data", "no-end-mark", "overlap", "unlisted-data"}
)
"""Codes of refusals that are about an archive or a folder as a whole."""

_QUOTING = frozenset({"text", "shell", "python", "perl", "ruby", "make", "docker", "ci"})
"""Kinds of files whose PHP stands in examples and in programs that write it. It is analysed all the same."""


def coverage(
    release: Release,
    program: Program,
    result: Result,
    gathered: Gathered,
    lost: Mapping[str, str],
    findings: Iterable[Finding],
    broken: Iterable[LimitHit] = (),
) -> Coverage:
    """The account of all files: each is PHP, other or skipped. Remarks are not about a file, or not its only entry.

    `broken`: where the phases after the analysis broke.
    """
    remarks, refused = _remarks(release)
    failed = {**gathered.failed, **lost}
    skipped = [*refused, *(SkippedFile(path, reason) for path, reason in failed.items())]
    own = {file.path for file in release.files}
    found = {path: facts for path, facts in gathered.facts.items() if path not in failed and path in own}
    whole = {path: facts for path, facts in found.items() if path in result.state.included or not _quotes(path, facts)}
    partial = _partial(whole)
    other = sum(file.path not in gathered.facts and file.path not in failed for file in release.files)
    other += len(found) - len(whole)
    notes = Counter(note.kind for note in result.notes)
    limits = Counter((name, program.path(number).partition("//")[0]) for name, number in result.limits)
    limits.update((f"file-{cut}", path) for path, item in gathered.others.items() for cut in item.cuts)
    for hit in broken:
        limits[hit.limit, hit.path] += hit.count
    return Coverage(
        files=len(whole) + other + len(skipped),
        php_files=len(whole),
        parsed=len(whole) - len(partial),
        partial=partial,
        skipped=tuple(sorted(skipped)),
        remarks=tuple(sorted(remarks)),
        other_files=other,
        cached=gathered.cached,
        unresolved_calls=notes["dynamic-call"],
        unresolved_includes=notes["dynamic-include"],
        unresolved_destinations=sum("unresolved" in item.destinations for item in findings),
        limits_hit=tuple(sorted(LimitHit(name, path, 0, count) for (name, path), count in limits.items())),
    )


def _remarks(release: Release) -> tuple[list[SkippedFile], list[SkippedFile]]:
    """Refusals that are about the release as a whole or about a file that was taken in, and those of files."""
    remarks: list[SkippedFile] = []
    refused: list[SkippedFile] = []
    for item in release.refused:
        code = item.reason.partition(":")[0]
        kind = remarks if code in NOTE_CODES or code in _RELEASE_CODES else refused
        kind.append(SkippedFile(item.path, item.reason, item.incomplete))
    return remarks, refused


def _quotes(path: str, facts: FileFacts) -> bool:
    """Whether a file is documentation, or a script of another language, that holds pieces of PHP and is none itself."""
    return bool(facts.gaps) and not php_suffix(path) and kind_of(path) in _QUOTING


def _partial(facts: Mapping[str, FileFacts]) -> tuple[PartialFile, ...]:
    return tuple(
        PartialFile(path, tuple((gap.line, gap.end_line) for gap in item.gaps))
        for path, item in sorted(facts.items())
        if item.gaps
    )


def destinations(findings: Iterable[Finding]) -> tuple[DestinationSummary, ...]:
    """Hosts that findings of egress and exfiltration name, with how many do."""
    counts = Counter(
        host
        for finding in findings
        if finding.category in (Category.EGRESS, Category.EXFILTRATION) and names_hosts(finding)
        for host in finding.destinations
    )
    return tuple(sorted(DestinationSummary(host, count) for host, count in counts.items()))


def secrets(findings: Iterable[Finding]) -> tuple[SecretSummary, ...]:
    """Labels of secrets, with the number of findings that name them."""
    counts = Counter(name for finding in findings for name in finding.secrets)
    return tuple(sorted(SecretSummary(name, count) for name, count in counts.items()))
