"""Real applications from Debian: nothing crashes, every file is accounted for, and known facts are found.

The facts were read in the applications' own code. `make corpus` unpacks them; without it these tests fail.
"""

from __future__ import annotations

import gzip
import os
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from scanner.detectors import rules
from scanner.model.other import MEMBER_MARK
from scanner.model.report import BaselineState, Comparison, Coverage, Report
from scanner.pipeline import ScanOptions, diff, scan

CORPUS = Path(__file__).resolve().parent.parent.parent / ".corpus"
APPLICATIONS = ("phpmyadmin", "roundcube-core", "wordpress", "mediawiki")
SUITES = ("bullseye", "bookworm", "trixie")
PAIRS = (("bullseye", "bookworm"), ("bookworm", "trixie"))
LATEST = {"mediawiki": ("bookworm", "trixie")}
"""Suites of applications so large that the newest two are enough; all three of the others."""
LARGE = frozenset({"wordpress", "mediawiki"})
"""Applications that take minutes for each suite: `make large` runs these tests."""
PATTERNS = "class-wp-rest-pattern-directory-controller.php"

pytestmark = pytest.mark.corpus

# Application, suites, end of the path, host that the code there calls.
CALLED = [
    ("phpmyadmin", SUITES, "classes/VersionInformation.php", "www.phpmyadmin.net"),
    ("phpmyadmin", SUITES, "classes/ErrorReport.php", "reports.phpmyadmin.net"),
    ("wordpress", SUITES, "wp-includes/update.php", "api.wordpress.org"),
    ("wordpress", SUITES, "wp-admin/includes/plugin-install.php", "api.wordpress.org"),
    ("wordpress", SUITES, "wp-admin/includes/credits.php", "api.wordpress.org"),
    ("wordpress", SUITES[1:], PATTERNS, "api.wordpress.org"),
    ("roundcube-core", SUITES, "spellchecker/googie.php", "spell.roundcube.net"),
    ("roundcube-core", SUITES, "spellchecker/atd.php", "service.afterthedeadline.com"),
    ("mediawiki", SUITES[1:2], "includes/Pingback.php", "www.mediawiki.org"),
]
# The same, not found: MediaWiki takes every address apart with parse_url() and puts it together again. What is found
# moves to CALLED.
MISSED = [
    ("mediawiki", SUITES[2:], "installer/Pingback.php", "intake-analytics.wikimedia.org"),
]
# Application, pair, state, end of the path, host.
CHANGED = [
    ("wordpress", PAIRS[0], "new", PATTERNS, "api.wordpress.org"),
    ("roundcube-core", PAIRS[0], "absent", "spellchecker/googie.php", "spell.roundcube.net"),
    ("roundcube-core", PAIRS[0], "new", "spellchecker/googie.php", "spell.roundcube.net"),
]


def tree(application: str, suite: str) -> Path:
    folder = CORPUS / f"{application}-{suite}"
    assert folder.is_dir(), f"{folder.name} is missing: run `make corpus` first"
    return folder


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory) -> ScanOptions:
    """One cache for all workers of a test run, and for no other run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return ScanOptions(cache=shared / "corpus-cache", jobs=1)


@cache
def scanned(application: str, suite: str, options: ScanOptions) -> Report:
    return scan(str(tree(application, suite)), options)


@cache
def compared(application: str, pair: tuple[str, str], options: ScanOptions) -> Comparison:
    return diff(str(tree(application, pair[0])), str(tree(application, pair[1])), options)


def count_files(folder: Path) -> int:
    """Everything that is no folder: regular files, and links whatever they point at."""
    total = 0
    for directory, folders, names in os.walk(folder):
        total += len(names) + sum(Path(directory, name).is_symlink() for name in folders)
    return total


def accounted(coverage: Coverage) -> int:
    """Files that the coverage account explains."""
    return coverage.parsed + len(coverage.partial) + coverage.other_files + len(coverage.skipped)


def of(application: str, *rest: object) -> ParameterSet:
    """Parameters of a test on one application: all of these run in one process, which scans each tree once."""
    marks = [pytest.mark.xdist_group(application), *([pytest.mark.large] if application in LARGE else [])]
    return pytest.param(application, *rest, marks=marks)


def on(application: str, value: object) -> ParameterSet:
    """The same for tests that every application passes."""
    return of(application, value)


each_tree = pytest.mark.parametrize(
    ("application", "suite"), [on(app, suite) for app in APPLICATIONS for suite in LATEST.get(app, SUITES)]
)
each_pair = pytest.mark.parametrize(
    ("application", "pair"),
    [on(app, pair) for app in APPLICATIONS for pair in PAIRS if set(pair) <= set(LATEST.get(app, SUITES))],
)


@each_tree
def test_every_file_is_accounted_for(application: str, suite: str, options: ScanOptions) -> None:
    coverage = scanned(application, suite, options).coverage
    assert coverage.files == count_files(tree(application, suite))
    assert coverage.files == accounted(coverage)
    assert coverage.php_files == coverage.parsed + len(coverage.partial)
    assert coverage.php_files > 100


@each_tree
def test_little_is_left_unparsed(application: str, suite: str, options: ScanOptions) -> None:
    coverage = scanned(application, suite, options).coverage
    assert len(coverage.partial) <= coverage.php_files * 0.03
    assert not [skipped for skipped in coverage.skipped if skipped.incomplete]
    assert not [item for item in coverage.limits_hit if item.limit == "analysis-error"]


@each_tree
def test_findings_point_at_lines_that_exist(application: str, suite: str, options: ScanOptions) -> None:
    folder = tree(application, suite)
    for finding in scanned(application, suite, options).findings:
        outer, member, _inner = finding.path.partition(MEMBER_MARK)
        content = (folder / outer).read_bytes()
        lines = (gzip.decompress(content) if member else content).count(b"\n") + 1  # of archives these hold gzip alone
        assert 1 <= finding.line <= finding.end_line <= lines, finding


def hosts_called(application: str, suite: str, path: str, options: ScanOptions) -> set[str]:
    """Hosts of all findings in files whose path ends so."""
    return {
        name
        for finding in scanned(application, suite, options).findings
        if finding.path.endswith(path)
        for name in finding.destinations
    }


@pytest.mark.parametrize(("application", "suites", "path", "host"), [of(*fact) for fact in CALLED])
def test_a_known_call_is_found(
    application: str, suites: tuple[str, ...], path: str, host: str, options: ScanOptions
) -> None:
    for suite in suites:
        hosts = hosts_called(application, suite, path, options)
        assert any(name == host or name.endswith(f"*.{host}") for name in hosts), (suite, hosts)


@pytest.mark.parametrize(("application", "suites", "path", "host"), [of(*fact) for fact in MISSED])
def test_a_known_gap_is_still_one(
    application: str, suites: tuple[str, ...], path: str, host: str, options: ScanOptions
) -> None:
    for suite in suites:
        assert host not in hosts_called(application, suite, path, options), f"{path} is found now: move it to CALLED"


@each_pair
def test_a_comparison_tells_every_finding_once(application: str, pair: tuple[str, str], options: ScanOptions) -> None:
    comparison = compared(application, pair, options)
    own = {rule.id for rule in rules()}  # a comparison adds findings that no single release has
    before = [item.baseline.identity for item in comparison.changes if item.baseline and item.baseline.rule in own]
    after = [item.current.identity for item in comparison.changes if item.current and item.current.rule in own]
    assert sorted(before) == sorted(item.identity for item in scanned(application, pair[0], options).findings)
    assert sorted(after) == sorted(item.identity for item in scanned(application, pair[1], options).findings)


@pytest.mark.parametrize(("application", "pair", "state", "path", "host"), [of(*fact) for fact in CHANGED])
def test_a_known_change_is_found(
    application: str, pair: tuple[str, str], state: str, path: str, host: str, options: ScanOptions
) -> None:
    found = [
        change.state
        for change in compared(application, pair, options).changes
        if change.finding.path.endswith(path) and host in change.finding.destinations
    ]
    assert BaselineState(state) in found


@pytest.mark.parametrize("application", [of(app) for app in APPLICATIONS])
def test_an_application_compared_with_itself_shows_nothing(application: str, options: ScanOptions) -> None:
    changes = compared(application, ("trixie", "trixie"), options).changes
    assert {change.state for change in changes} <= {BaselineState.UNCHANGED}
