"""The stages in order: the one place that shows the whole flow.

source -> facts -> analysis -> detectors -> findings -> report value; two reports -> comparison.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from scanner import __version__
from scanner.analysis.endpoints import endpoints
from scanner.analysis.program import Program
from scanner.analysis.solver import Result, solve
from scanner.detectors import Scene, detectors, rules
from scanner.detectors.temper import temper
from scanner.diff.compare import compare
from scanner.diff.escalate import escalate
from scanner.errors import ScannerError
from scanner.facts.cache import Cache, default_folder
from scanner.facts.gather import Gathered, gather
from scanner.findings.collect import collect
from scanner.findings.dress import dress
from scanner.findings.packages import package_versions, summarise_packages
from scanner.model.facts import FileFacts
from scanner.model.finding import Category, Finding
from scanner.model.report import (
    Comparison,
    Coverage,
    DestinationSummary,
    EndpointSummary,
    LimitHit,
    PartialFile,
    ReleaseInfo,
    Report,
    SecretSummary,
    SkippedFile,
)
from scanner.model.signature import Catalogue, SecretOrigin
from scanner.model.source import Release
from scanner.php import Vocabulary, extract
from scanner.signatures.load import load_catalogue
from scanner.signatures.match import Matcher
from scanner.source import OpenRelease, open_release, resolve_pair

RESULT_VERSION = 1
"""Raise it whenever the same facts may give another report: it is part of the cache key of results."""
DEFAULT_CACHE = default_folder()


class ScanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to scan."""

    jobs: int | None = None
    """Worker processes; None for one per core."""
    cache: Path | None = DEFAULT_CACHE
    """Folder of the cache; None for none."""
    version: str | None = None
    """Which `redcap_v*` folder is the release; None for the highest."""
    signatures: tuple[Path, ...] = ()
    """Folders with signatures of the user's own."""


class Progress(Protocol):
    """What the command line shows while a phase runs."""

    def start(self, phase: str, total: int) -> None:
        """A phase with `total` steps begins."""

    def advance(self, count: int = 1) -> None:
        """Some steps are done."""

    def finish(self) -> None:
        """The phase is over."""


class _Silent:
    """No progress is shown."""

    def start(self, phase: str, total: int) -> None:
        """Nothing to show."""

    def advance(self, count: int = 1) -> None:
        """Nothing to show."""

    def finish(self) -> None:
        """Nothing to show."""


class _Tools(NamedTuple):
    """What both sides of a comparison share."""

    catalogue: Catalogue
    matcher: Matcher
    cache: Cache
    vocabulary: Vocabulary
    options: ScanOptions
    progress: Progress


def scan(source: str, options: ScanOptions | None = None, progress: Progress | None = None) -> Report:
    """Everything that one release calls, reads and leaks.

    `source` is what `scanner.source.open_release` takes. Raises: ScannerError with one line that says what to do.
    """
    options = options or ScanOptions()
    with Cache(options.cache) as cache, open_release(source, version=options.version) as opened:
        tools = _tools(options, progress or _Silent(), cache)
        return _scan(opened, tools)


def diff(
    baseline: str, current: str | None = None, options: ScanOptions | None = None, progress: Progress | None = None
) -> Comparison:
    """What the current release does that the baseline did not.

    With one argument, a git repository or a folder of archives, the last two releases in it are compared.
    Raises: ScannerError.
    """
    options = options or ScanOptions()
    if current is None:
        baseline, current = resolve_pair(baseline)
    with Cache(options.cache) as cache, open_release(baseline) as old, open_release(
        current, version=options.version
    ) as new:
        tools = _tools(options, progress or _Silent(), cache)
        before, after = _scan(old, tools), _scan(new, tools)
        files = [{file.path: file.digest for file in side.release.files} for side in (old, new)]
        return escalate(compare(before, after, files[0], files[1]))


def _tools(options: ScanOptions, progress: Progress, cache: Cache) -> _Tools:
    catalogue = load_catalogue(extra=options.signatures, cache=options.cache)
    matcher = Matcher(catalogue)
    return _Tools(catalogue, matcher, cache, _vocabulary(catalogue, matcher), options, progress)


def _vocabulary(catalogue: Catalogue, matcher: Matcher) -> Vocabulary:
    """Names that make a function body worth lowering."""
    secrets = {SecretOrigin.DATABASE_PHP: set[str](), SecretOrigin.FUNCTION: set[str]()}
    words: set[str] = set()
    for secret in catalogue.secrets:
        if secret.origin in secrets:
            secrets[secret.origin].add(secret.name.lower().rpartition("::")[2])
        else:
            words.add(secret.name)
    called = secrets[SecretOrigin.FUNCTION]
    return Vocabulary(
        functions=_bytes(matcher.function_names | called | set(catalogue.dynamic_code)),
        methods=_bytes(matcher.method_names | called),
        classes=_bytes(matcher.class_names),
        variables=_bytes(secrets[SecretOrigin.DATABASE_PHP] | words),
        words=_bytes(words),
    )


def _bytes(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.encode("latin-1", "ignore").lower() for name in names)


def _scan(opened: OpenRelease, tools: _Tools) -> Report:
    """One release from files to report; the whole result is cached by the content of all its files."""
    release = opened.release
    key = _result_key(release, tools)
    known = tools.cache.read([key]).get(key)
    if known is not None:
        try:
            return msgspec.msgpack.decode(known, type=Report)
        except (msgspec.DecodeError, msgspec.ValidationError):
            pass
    gathered = _gather(opened, tools)
    program = Program(gathered.facts, _lowering(opened))
    result = solve(program, tools.catalogue, tools.matcher)
    scene = Scene(program, result, tools.catalogue, gathered.facts, endpoints(program, gathered.facts))
    raw = [temper(scene, finding) for detector in detectors() for finding in detector.find(scene)]
    findings = collect(dress(raw, opened.read, release))
    report = _report(opened, scene, gathered, findings)
    if not gathered.failed:
        tools.cache.write({key: msgspec.msgpack.encode(_as_cached(report))})
    return report


def _lowering(opened: OpenRelease) -> Callable[[str], FileFacts | None]:
    """Facts with all bodies of one file, for the program phase."""
    files = {file.path: file for file in opened.release.files}

    def lower(path: str) -> FileFacts | None:
        try:
            return extract(opened.read(files[path]))
        except (KeyError, OSError, ScannerError):
            return None

    return lower


def _as_cached(report: Report) -> Report:
    """As the next scan will give it: all files from the cache."""
    coverage = msgspec.structs.replace(report.coverage, cached=report.coverage.files - len(report.coverage.skipped))
    return msgspec.structs.replace(report, coverage=coverage)


def _gather(opened: OpenRelease, tools: _Tools) -> Gathered:
    release = opened.release
    workers = tools.options.jobs or os.cpu_count() or 1
    tools.progress.start(release.name, len(release.files))
    try:
        return gather(
            release.files, opened, tools.vocabulary, tools.cache, tools.catalogue.digest[:16], workers, tools.progress.advance
        )
    finally:
        tools.progress.finish()


def _result_key(release: Release, tools: _Tools) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for part in (str(RESULT_VERSION), __version__, tools.catalogue.digest, release.name, str(release.version), release.layout):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    for file in release.files:
        digest.update(file.path.encode("utf-8", "surrogateescape") + b"\0" + file.digest.encode())
    for refusal in release.refused:
        digest.update(f"{refusal.path}\0{refusal.reason}".encode("utf-8", "surrogateescape"))
    return f"result:{digest.hexdigest()}"


def _report(opened: OpenRelease, scene: Scene, gathered: Gathered, findings: tuple[Finding, ...]) -> Report:
    release = opened.release
    return Report(
        tool_version=__version__,
        release=ReleaseInfo(release.name, release.version, release.layout, len(release.files)),
        coverage=_coverage(release, scene.result, scene.program, gathered, findings),
        findings=findings,
        rules=rules(),
        destinations=_destinations(findings),
        secrets=_secrets(findings),
        endpoints=tuple(EndpointSummary(item.path, item.auth, item.how) for item in scene.endpoints),
        packages=summarise_packages(release, package_versions(release, opened.read), findings),
    )


def _coverage(
    release: Release, result: Result, program: Program, gathered: Gathered, findings: Iterable[Finding]
) -> Coverage:
    partial = _partial(gathered.facts)
    skipped = [SkippedFile(item.path, item.reason, item.incomplete) for item in release.refused]
    skipped += [SkippedFile(path, reason) for path, reason in gathered.failed.items()]
    notes = Counter(note.kind for note in result.notes)
    php_files = len(gathered.facts)
    limits = Counter((name, program.path(number)) for name, number in result.limits)
    return Coverage(
        files=len(release.files) + len(release.refused),
        php_files=php_files,
        parsed=php_files - len(partial),
        partial=partial,
        skipped=tuple(sorted(skipped)),
        other_files=len(release.files) - php_files - len(gathered.failed),
        cached=gathered.cached,
        unresolved_calls=notes["dynamic-call"],
        unresolved_includes=notes["dynamic-include"],
        unresolved_destinations=sum("unresolved" in item.destinations for item in findings),
        limits_hit=tuple(sorted(LimitHit(name, path, 0, count) for (name, path), count in limits.items())),
    )


def _partial(facts: Mapping[str, FileFacts]) -> tuple[PartialFile, ...]:
    return tuple(
        PartialFile(path, tuple((gap.line, gap.end_line) for gap in item.gaps))
        for path, item in sorted(facts.items())
        if item.gaps
    )


def _destinations(findings: Iterable[Finding]) -> tuple[DestinationSummary, ...]:
    counts = Counter(
        host
        for finding in findings
        if finding.category in (Category.EGRESS, Category.EXFILTRATION)
        for host in finding.destinations
    )
    return tuple(sorted(DestinationSummary(host, count) for host, count in counts.items()))


def _secrets(findings: Iterable[Finding]) -> tuple[SecretSummary, ...]:
    counts = Counter(name for finding in findings for name in finding.secrets)
    return tuple(sorted(SecretSummary(name, count) for name, count in counts.items()))
