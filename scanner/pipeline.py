"""The stages in order: the one place that shows the whole flow.

source -> facts -> analysis -> detectors -> findings -> report value; two reports -> comparison.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from scanner import __version__
from scanner.analysis import reflection
from scanner.analysis.endpoints import find_pages
from scanner.analysis.origins import telling_column
from scanner.analysis.program import Program
from scanner.analysis.release_data import ReleaseData
from scanner.analysis.relevance import BULK_SOURCES, sending_functions
from scanner.analysis.settings import default_hosts, is_settings_file, set_by_code
from scanner.analysis.solver import solve
from scanner.detectors import Scene, detectors, rules
from scanner.detectors.base import Targets
from scanner.detectors.guard import detect
from scanner.detectors.overlap import once
from scanner.diff.bundles import bundle_rules
from scanner.diff.compare import compare
from scanner.diff.escalate import escalate
from scanner.diff.integrity import RULE as PACKAGE_RULE
from scanner.diff.integrity import check_packages
from scanner.diff.weakened import Inputs, with_changes
from scanner.diff.weakenings import comparers
from scanner.errors import SourceError
from scanner.facts.aside import Aside
from scanner.facts.cache import Cache, default_folder
from scanner.facts.encoding import front_end_text
from scanner.facts.engine import engine_digest
from scanner.facts.gather import Gathered, gather
from scanner.facts.known import Known
from scanner.facts.workers import Workers
from scanner.files.kinds import kind_of
from scanner.findings.account import coverage, destinations, secrets
from scanner.findings.collect import collect
from scanner.findings.dress import dress
from scanner.findings.effects import page_effects
from scanner.findings.packages import package_versions, summarise_packages
from scanner.findings.reach import Reach
from scanner.findings.triggers import with_triggers
from scanner.findings.upstream import RULE as UPSTREAM_RULE
from scanner.findings.upstream import verified
from scanner.model.facts import SHORT_BODY, FileFacts
from scanner.model.finding import Rule
from scanner.model.other import MEMBER_MARK
from scanner.model.report import (
    ANALYSIS_ERROR,
    Comparison,
    EndpointSummary,
    LimitHit,
    ReleaseInfo,
    Report,
)
from scanner.model.signature import CallableKind, Catalogue, Certainty, ExpectedFlow, SecretOrigin
from scanner.model.source import Release, SourceFile
from scanner.php import Vocabulary, extract
from scanner.signatures.expectations import with_expectations
from scanner.signatures.load import shared_catalogue
from scanner.signatures.match import Matcher, shared_matcher
from scanner.source import align, open_release, resolve_pair

DEFAULT_CACHE = default_folder()
_LOG = logging.getLogger("scanner")
_SENDS = ("[action]", "[formaction]", "[ping]", "base[href]", "use[href]")
"""Elements that do nothing by themselves, and everything that is sent goes where they say."""


class ScanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to scan."""

    jobs: int | None = None
    """Worker processes; None for one per core, 0 to work in this process."""
    cache: Path | None = DEFAULT_CACHE
    """Folder of the cache; None for none."""
    version: str | None = None
    """Which `redcap_v*` folder is the release, in a comparison the current one; None for the highest."""
    baseline_version: str | None = None
    """The same for the baseline of a comparison: two versions may lie side by side in one folder."""
    signatures: tuple[Path, ...] = ()
    """Folders with signatures of the user's own."""
    policy_signatures: tuple[tuple[str, bytes], ...] = ()
    """Name and content of signature files that a policy stands for."""
    expected: tuple[ExpectedFlow, ...] = ()
    """Flows of secrets that the site expects, beyond those of the product's own features."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts, and `*.` with a domain, that the site allows: a call to one is known, and no news in a comparison."""
    verify_with: tuple[Path, ...] = ()
    """Folders with unpacked upstream copies of bundled packages."""


class Opened(Protocol):
    """An opened release (`scanner.source.OpenRelease`), or one in memory."""

    release: Release

    def read(self, file: SourceFile) -> bytes:
        """Content of a file. Raises: SourceError."""

    def disk_path(self, file: SourceFile) -> str | None:
        """Where a worker can read it by itself; None where it cannot."""


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
    known: Known
    workers: Workers
    progress: Progress


def scan(source: str, options: ScanOptions | None = None, progress: Progress | None = None) -> Report:
    """Everything that one release calls, reads and leaks.

    `source` is what `scanner.source.open_release` takes. Raises: ScannerError with one line that says what to do.
    """
    options = options or ScanOptions()
    with _tools(options, progress) as tools, open_release(source, version=options.version) as opened:
        return verified(_scan(opened, tools), opened.release, opened.read, options.verify_with)


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
    with (
        _tools(options, progress) as tools,
        open_release(baseline, version=options.baseline_version) as old,
        open_release(current, version=options.version) as new,
    ):
        align(old, new)
        return _compare(*_both(old, new, tools), tools, options)


def diff_planted(
    source: str,
    plant: Callable[[Opened], tuple[Opened, Opened]],
    options: ScanOptions | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """What `plant` made of a release against what it was: `plant` gives both sides. Raises: ScannerError."""
    options = options or ScanOptions()
    with _tools(options, progress) as tools, open_release(source, version=options.version) as opened:
        return _compare(*_both(*plant(opened), tools), tools, options)


def history(
    releases: Iterable[str], options: ScanOptions | None = None, progress: Progress | None = None
) -> Iterator[Report | Comparison]:
    """Releases, oldest first: the first as a report, every other one compared with the one before it.

    Raises: ScannerError.
    """
    options = options or ScanOptions()
    before: _Side | None = None
    with _tools(options, progress) as tools, ExitStack() as last:
        for release in releases:
            with ExitStack() as own:
                opened = own.enter_context(open_release(release, version=options.version))
                after = _Side(opened, _scan(opened, tools))
                yield after.report if before is None else _compare(before, after, tools, options)
                last.close()
                last.push(own.pop_all())  # open until the next one was compared with it
            before = after


class _Side(NamedTuple):
    """One release of a comparison."""

    opened: Opened
    report: Report

    def files(self) -> dict[str, str]:
        """Canonical path -> digest."""
        return {file.path: file.digest for file in self.opened.release.files}


def _both(old: Opened, new: Opened, tools: _Tools) -> tuple[_Side, _Side]:
    before, after = _scan_both(old, new, tools)
    return _Side(old, before), _Side(new, after)


def _compare(old: _Side, new: _Side, tools: _Tools, options: ScanOptions) -> Comparison:
    """The comparison with everything that only a comparison finds."""
    before, after = (
        verified(side.report, side.opened.release, side.opened.read, options.verify_with) for side in (old, new)
    )
    old_files, new_files = old.files(), new.files()
    comparison = compare(before, after, old_files, new_files)
    salt = f"{engine_digest()}:{tools.catalogue.digest}"
    sinks = sending_functions(tools.catalogue) | tools.matcher.distinctive_methods
    readers = (_Reader(old.opened), _Reader(new.opened))
    inputs = Inputs(old_files, new_files, readers[0].raw, readers[1].raw, sinks, tools.cache, salt)
    comparison = with_changes(comparison, inputs, lambda found: dress(found, readers[1].read, new.opened.release))
    return escalate(check_packages(comparison, old_files, new_files), options.allowed_hosts)


def all_rules() -> tuple[Rule, ...]:
    """Every rule of a scan or a comparison, sorted by id."""
    found = (
        *rules(),
        PACKAGE_RULE,
        UPSTREAM_RULE,
        *(item.rule for item in comparers()),
        *(item.rule for item in bundle_rules()),
    )
    return tuple(sorted(found, key=lambda item: item.id))


@contextmanager
def _tools(options: ScanOptions, progress: Progress | None) -> Iterator[_Tools]:
    """Signatures, cache and workers for one command."""
    signatures = shared_catalogue(extra=options.signatures, cache=options.cache, documents=options.policy_signatures)
    catalogue = with_expectations(signatures, options.expected, options.allowed_hosts)
    matcher = shared_matcher(catalogue)
    vocabulary = _vocabulary(catalogue, matcher)
    count = (os.cpu_count() or 1) if options.jobs is None else options.jobs
    with _rare_collection(), Cache(options.cache) as cache, Workers(vocabulary, count) as workers:
        yield _Tools(catalogue, matcher, cache, Known(cache, signatures.digest), workers, progress or _Silent())
        if cache.problem:
            _LOG.warning("%s", cache.problem)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Let Python look for reference cycles rarely: facts and values are many, live long, and form none."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _vocabulary(catalogue: Catalogue, matcher: Matcher) -> Vocabulary:
    """Names that make a function body worth lowering."""
    secrets = {SecretOrigin.DATABASE_PHP: set[str](), SecretOrigin.FUNCTION: set[str]()}
    words: set[str] = set()
    for secret in catalogue.secrets:
        if secret.origin in secrets:
            secrets[secret.origin].add(secret.name.lower().rpartition("::")[2])
        elif secret.origin is not SecretOrigin.TABLE or telling_column(secret):
            words.add(secret.name)
    called = secrets[SecretOrigin.FUNCTION]
    return Vocabulary(
        functions=_bytes(matcher.function_names | called | catalogue.dynamic_code.keys() | BULK_SOURCES),
        methods=_bytes(matcher.method_names | called | reflection.METHODS),
        classes=_bytes(matcher.class_names | reflection.CLASSES),
        variables=_bytes(secrets[SecretOrigin.DATABASE_PHP] | words | {"GLOBALS"}),
        words=_bytes(words),
        short=SHORT_BODY,
        browser=tuple(_browser(catalogue)),
    )


def _browser(catalogue: Catalogue) -> Iterator[tuple[str, str, int]]:
    """What makes a browser connect: functions by name, and elements that are fetched as such or sent to."""
    for signature in catalogue.signatures:
        if signature.type is CallableKind.JAVASCRIPT:
            position = next((item.index for item in signature.arguments if item.role == "url"), -1)
            yield "javascript", signature.callable, position
        elif signature.type is CallableKind.HTML and (
            signature.certainty is Certainty.ALWAYS or signature.callable.endswith(_SENDS)
        ):
            yield "html", signature.callable, -1


def _bytes(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.encode("latin-1", "ignore").lower() for name in names)


class _Reader:
    """Bytes of a release's files for the phases after the facts. A file that is lost by then is remembered."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._files = {file.path: file for file in opened.release.files}
        self.lost: dict[str, str] = {}

    def read(self, file: SourceFile) -> bytes:
        """Bytes as the front end reads them. Raises: SourceError."""
        try:
            return front_end_text(self._opened.read(file), kind_of(file.path))
        except SourceError as error:
            self.lost[file.path] = f"unreadable: {error}"
            raise

    def raw(self, path: str) -> bytes:
        """Bytes of a file by its path. Raises: SourceError."""
        return self._opened.read(self._files[path])

    def lower(self, path: str) -> FileFacts | None:
        """Facts with all bodies of one file, for the program phase."""
        try:
            return extract(self.read(self._files[path]))
        except (KeyError, SourceError):
            return None


def _scan(opened: Opened, tools: _Tools) -> Report:
    """One release from files to report; the whole result is cached by the content of all its files."""
    known = _known_report(opened, tools)
    return known or _keep(opened, tools, _analyse(opened, tools, _gather(opened, tools)))


def _scan_both(old: Opened, new: Opened, tools: _Tools) -> tuple[Report, Report]:
    """Two releases; where neither is known, their program phases run side by side in two processes.

    Facts are gathered first and one after the other: content that both releases hold is analysed once.
    """
    before, after = _known_report(old, tools), _known_report(new, tools)
    if before is not None or after is not None or not tools.workers.spare:
        return before or _scan(old, tools), after or _scan(new, tools)
    old_facts, new_facts = _gather(old, tools), _gather(new, tools)
    tools.workers.close()
    with Aside(lambda: msgspec.msgpack.encode(_analyse(old, tools, old_facts))) as aside:
        analysed = _analyse(new, tools, new_facts)
        encoded = aside.result()
    done = msgspec.msgpack.decode(encoded, type=_Analysed) if encoded else _analyse(old, tools, old_facts)
    return _keep(old, tools, done), _keep(new, tools, analysed)


class _Analysed(msgspec.Struct, frozen=True):
    """A report, and whether it can be kept for the next scan."""

    report: Report
    whole: bool


def _known_report(opened: Opened, tools: _Tools) -> Report | None:
    """What an earlier scan of the same files by the same program found."""
    key = _result_key(opened.release, tools.catalogue)
    known = tools.cache.read([key]).get(key)
    if known is not None:
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            return msgspec.msgpack.decode(known, type=Report)
    return None


def _keep(opened: Opened, tools: _Tools, analysed: _Analysed) -> Report:
    """Put a report into the cache, unless a file was missing that may be there next time."""
    if analysed.whole:
        key = _result_key(opened.release, tools.catalogue)
        tools.cache.write({key: msgspec.msgpack.encode(_as_cached(analysed.report))})
    return analysed.report


def _analyse(opened: Opened, tools: _Tools, gathered: Gathered) -> _Analysed:
    """From facts to report, in this process."""
    release = opened.release
    reader = _Reader(opened)
    data = ReleaseData((file.path for file in release.files), reader.raw)
    program = Program(gathered.facts, reader.lower, tools.matcher.known_classes, data)
    result = solve(program, tools.catalogue, tools.matcher)
    own = {
        path: facts for path, facts in gathered.facts.items() if MEMBER_MARK not in path and kind_of(path) != "blade"
    }
    pages = find_pages(program, own, result.state.users)
    defaults = {**_default_hosts(release, reader), **set_by_code(result.hits)}
    pools = frozenset(program.symbol(number) for number in result.state.mixing.pools)
    scene = Scene(
        program, result, tools.catalogue, gathered.facts, pages.endpoints, Targets(), gathered.others, defaults, pools,
        program.homes(),
    )  # fmt: skip
    detected = detect(scene, detectors())
    reach = Reach(result, program, pages)
    raw = with_triggers(once(detected.findings), program, pages, reach)
    findings = collect(dress(raw, reader.read, release))
    packages = summarise_packages(release, package_versions(release, reader.read), findings)
    effects = page_effects(program, findings, pages, reach)
    broken = (*detected.broken, *(LimitHit(ANALYSIS_ERROR, path) for path in pages.broken))
    report = Report(
        tool_version=__version__,
        release=ReleaseInfo(release.name, release.version, release.layout, len(release.files)),
        coverage=coverage(release, program, result, gathered, reader.lost, findings, broken),
        findings=findings,
        rules=rules(),
        destinations=destinations(findings),
        secrets=secrets(findings),
        endpoints=tuple(
            EndpointSummary(item.path, item.auth, item.how, effects.get(item.path, ())) for item in scene.endpoints
        ),
        packages=packages,
    )
    return _Analysed(report, not gathered.failed and not reader.lost)


def _default_hosts(release: Release, reader: _Reader) -> dict[str, str]:
    """Defaults of settings, from the SQL that fills the settings' table."""
    found: dict[str, str] = {}
    for file in release.files:
        if is_settings_file(file.path):
            with suppress(SourceError):
                found.update(default_hosts(reader.read(file)))
    return found


def _as_cached(report: Report) -> Report:
    """As the next scan will give it: all files from the cache."""
    coverage = report.coverage
    coverage = msgspec.structs.replace(coverage, cached=coverage.php_files + coverage.other_files)
    return msgspec.structs.replace(report, coverage=coverage)


def _gather(opened: Opened, tools: _Tools) -> Gathered:
    release = opened.release
    tools.progress.start(release.name, len(release.files))
    try:
        return gather(release.files, opened, tools.known, tools.workers, tools.progress.advance)
    finally:
        tools.progress.finish()


def _result_key(release: Release, catalogue: Catalogue) -> str:
    """Digest of everything that a report depends on: the program, the signatures, and all of the release."""
    digest = hashlib.blake2b(digest_size=32)
    head = (engine_digest(), __version__, catalogue.digest, release.name, str(release.version), release.layout)
    files = (part for file in release.files for part in (file.path, file.digest))
    refused = (part for item in release.refused for part in (item.path, item.reason, str(item.incomplete)))
    for part in (*head, str(len(release.files)), *files, *refused):
        octets = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:%b" % (len(octets), octets))
    return f"result:{digest.hexdigest()}"
