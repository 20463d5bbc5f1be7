"""A whole comparison: roll-ups, file counters, upgrade archive against full release."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.diff.compare import compare
from scanner.findings.collect import collect
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import (
    BaselineState,
    Comparison,
    Coverage,
    DestinationChange,
    EndpointChange,
    EndpointSummary,
    PackageChange,
    PackageSummary,
    ReleaseInfo,
    Report,
    SecretChange,
)

NEW, UPDATED, ABSENT, UNCHANGED = (
    BaselineState.NEW,
    BaselineState.UPDATED,
    BaselineState.ABSENT,
    BaselineState.UNCHANGED,
)


def call(
    host: str = "api.example.org",
    *,
    path: str = "redcap_v@/a.php",
    symbol: str = "f",
    category: Category = Category.EGRESS,
    secrets: tuple[str, ...] = (),
    package: str = "",
) -> Finding:
    return Finding(
        rule="outbound-call",
        category=category,
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        path=path,
        line=1,
        end_line=1,
        symbol=symbol,
        api="curl_exec",
        message="Calls a host.",
        destinations=(host,),
        secrets=secrets,
        callee="curl_exec",
        code="curl_exec($ch)",
        package=package,
    )


def report(
    *findings: Finding,
    layout: str = "full",
    endpoints: Iterable[EndpointSummary] = (),
    packages: Iterable[PackageSummary] = (),
) -> Report:
    return Report(
        tool_version="1",
        release=ReleaseInfo("r", "1.0.0", layout, 1),
        coverage=Coverage(files=1, php_files=1, parsed=1),
        findings=collect(findings),
        rules=(),
        endpoints=tuple(endpoints),
        packages=tuple(packages),
    )


def difference(old: Report, new: Report) -> Comparison:
    return compare(old, new, {}, {})


DESTINATIONS = {
    "new": ([], [call()], (NEW, "api.example.org", 1)),
    "absent": ([call()], [], (ABSENT, "api.example.org", 1)),
    "unchanged": ([call()], [call()], (UNCHANGED, "api.example.org", 1)),
    "one more call": ([call()], [call(), call(symbol="g")], (UPDATED, "api.example.org", 2)),
    "one call less": ([call(), call(symbol="g")], [call()], (UPDATED, "api.example.org", 1)),
    "other data": ([call()], [call(secrets=("s",))], (UPDATED, "api.example.org", 1)),
    "another caller, as many calls": ([call()], [call(symbol="g", secrets=("s",))], (UPDATED, "api.example.org", 1)),
    "moved": ([call()], [call(path="redcap_v@/b.php")], (UNCHANGED, "api.example.org", 1)),
}


@pytest.mark.parametrize(("old", "new", "expected"), DESTINATIONS.values(), ids=DESTINATIONS.keys())
def test_destinations(old: list[Finding], new: list[Finding], expected: tuple[BaselineState, str, int]) -> None:
    assert difference(report(*old), report(*new)).destinations == (DestinationChange(*expected),)


def test_a_host_exchanged_for_another() -> None:
    result = difference(report(call()), report(call("evil.example.net")))
    assert result.destinations == (
        DestinationChange(NEW, "evil.example.net", 1),
        DestinationChange(ABSENT, "api.example.org", 1),
    )


def test_only_outbound_findings_make_destinations() -> None:
    result = difference(report(), report(call(category=Category.SECRET_USE, secrets=("s",))))
    assert result.destinations == ()
    assert result.secrets == (SecretChange(NEW, "s", 1),)


def test_secrets() -> None:
    old = report(call(secrets=("gone", "kept", "moved")), call(symbol="g", secrets=("same",)))
    new = report(call(secrets=("added", "kept", "moved")), call(symbol="g", secrets=("same",)))
    assert difference(old, new).secrets == (
        SecretChange(NEW, "added", 1),
        SecretChange(UPDATED, "kept", 1),
        SecretChange(UPDATED, "moved", 1),
        SecretChange(ABSENT, "gone", 1),
        SecretChange(UNCHANGED, "same", 1),
    )


def test_endpoints() -> None:
    old = [
        EndpointSummary("a.php", "login"),
        EndpointSummary("b.php", "login"),
        EndpointSummary("c.php", "none"),
        EndpointSummary("d.php", "none", effects=("network",)),
        EndpointSummary("e.php", "none", how="one reason"),
    ]
    new = [
        EndpointSummary("b.php", "none"),
        EndpointSummary("c.php", "none", effects=("exec",)),
        EndpointSummary("d.php", "none", effects=("network",)),
        EndpointSummary("e.php", "none", how="another reason"),
        EndpointSummary("f.php", "token"),
    ]
    assert difference(report(endpoints=old), report(endpoints=new)).endpoints == (
        EndpointChange(NEW, "f.php", "token"),
        EndpointChange(UPDATED, "b.php", "none", "login"),
        EndpointChange(UPDATED, "c.php", "none", "none"),
        EndpointChange(ABSENT, "a.php", "login", "login"),
        EndpointChange(UNCHANGED, "d.php", "none", "none"),
        EndpointChange(UNCHANGED, "e.php", "none", "none"),
    )


NET = ("network",)

PACKAGES = {
    "new": ([], [PackageSummary("p", "1", NET)], PackageChange(NEW, "p", None, "1", NET, NET)),
    "absent": ([PackageSummary("p", "1", NET)], [], PackageChange(ABSENT, "p", "1", None, NET, old_capabilities=NET)),
    "unchanged": (
        [PackageSummary("p", "1", NET, "d")],
        [PackageSummary("p", "1", NET, "d")],
        PackageChange(UNCHANGED, "p", "1", "1", NET, old_capabilities=NET),
    ),
    "new version, more capabilities": (
        [PackageSummary("p", "1", NET, "d")],
        [PackageSummary("p", "2", ("exec", "network"), "e")],
        PackageChange(UPDATED, "p", "1", "2", ("exec", "network"), ("exec",), old_capabilities=NET),
    ),
    "content without version": (
        [PackageSummary("p", "1", NET, "d")],
        [PackageSummary("p", "1", NET, "e")],
        PackageChange(UPDATED, "p", "1", "1", NET, (), content_changed_without_version=True, old_capabilities=NET),
    ),
    "version without content": (
        [PackageSummary("p", "1", NET, "d")],
        [PackageSummary("p", "2", NET, "d")],
        PackageChange(UPDATED, "p", "1", "2", NET, old_capabilities=NET),
    ),
    "no version known": (
        [PackageSummary("p", "", NET, "d")],
        [PackageSummary("p", "", NET, "e")],
        PackageChange(UPDATED, "p", "", "", NET, old_capabilities=NET),
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), PACKAGES.values(), ids=PACKAGES.keys())
def test_packages(old: list[PackageSummary], new: list[PackageSummary], expected: PackageChange) -> None:
    assert difference(report(packages=old), report(packages=new)).packages == (expected,)


def test_two_copies_of_a_package_are_paired_by_version() -> None:
    old = [PackageSummary("p", "1", NET, "d"), PackageSummary("p", "2", NET, "e")]
    new = [PackageSummary("p", "2", NET, "e"), PackageSummary("p", "3", NET, "f")]
    assert difference(report(packages=old), report(packages=new)).packages == (
        PackageChange(UPDATED, "p", "1", "3", NET, old_capabilities=NET),
        PackageChange(UNCHANGED, "p", "2", "2", NET, old_capabilities=NET),
    )


def test_files_are_counted_by_path_and_content() -> None:
    old = {"same.php": "1", "changed.php": "1", "gone.php": "1"}
    new = {"same.php": "1", "changed.php": "2", "added.php": "3", "more.php": "4"}
    result = compare(report(), report(), old, new)
    counts = (result.files_added, result.files_removed, result.files_changed, result.files_unchanged)
    assert counts == (2, 1, 1, 1)
    assert result.not_in_archive == 0


ROOT, INSIDE = call("root.example", path="cron.php"), call()
FULL_FILES = {"cron.php": "1", "index.php": "2", "redcap_v@/a.php": "3"}
UPGRADE_FILES = {"redcap_v@/a.php": "3"}
FULL = report(
    ROOT, INSIDE, endpoints=[EndpointSummary("cron.php", "none"), EndpointSummary("redcap_v@/a.php", "login")]
)
UPGRADE = report(INSIDE, layout="upgrade", endpoints=[EndpointSummary("redcap_v@/a.php", "login")])


@pytest.mark.parametrize(
    ("old", "new", "old_files", "new_files"),
    [(FULL, UPGRADE, FULL_FILES, UPGRADE_FILES), (UPGRADE, FULL, UPGRADE_FILES, FULL_FILES)],
    ids=["full to upgrade", "upgrade to full"],
)
def test_files_that_an_upgrade_archive_cannot_hold_are_neither_gone_nor_new(
    old: Report, new: Report, old_files: dict[str, str], new_files: dict[str, str]
) -> None:
    result = compare(old, new, old_files, new_files)
    assert [(change.state, change.finding.path) for change in result.changes] == [(UNCHANGED, INSIDE.path)]
    assert [finding.path for finding in result.not_compared] == ["cron.php"]
    assert (result.not_in_archive, result.files_added, result.files_removed, result.files_unchanged) == (2, 0, 0, 1)
    assert [row.host for row in result.destinations] == ["api.example.org"]
    assert [(row.state, row.path) for row in result.endpoints] == [(UNCHANGED, "redcap_v@/a.php")]


def test_between_two_full_releases_a_root_file_can_be_gone() -> None:
    result = compare(FULL, report(INSIDE), FULL_FILES, UPGRADE_FILES)
    assert [(change.state, change.finding.path) for change in result.changes] == [
        (ABSENT, "cron.php"),
        (UNCHANGED, INSIDE.path),
    ]
    assert (result.not_in_archive, result.files_removed, result.not_compared) == (0, 2, ())


def test_a_file_gone_from_the_version_folder_is_gone_in_an_upgrade_archive_too() -> None:
    result = compare(FULL, report(layout="upgrade"), FULL_FILES, {})
    assert [(change.state, change.finding.path) for change in result.changes] == [(ABSENT, INSIDE.path)]
    assert (result.files_removed, result.not_in_archive) == (1, 2)


def test_packages_outside_the_version_folder_are_not_gone() -> None:
    outside = call(path="vendor/p.php", package="out/side")
    inside = call(path="redcap_v@/Libraries/p.php", package="in/side")
    full = report(outside, inside, packages=[PackageSummary("out/side", "1", NET), PackageSummary("in/side", "1", NET)])
    result = compare(full, report(layout="upgrade"), {"vendor/p.php": "1", inside.path: "1"}, {})
    assert [(row.state, row.name) for row in result.packages] == [(ABSENT, "in/side")]


FINDINGS = st.lists(
    st.builds(
        call,
        host=st.sampled_from(["a.example", "b.example", "unresolved"]),
        path=st.sampled_from(["redcap_v@/a.php", "redcap_v@/b.php", "cron.php"]),
        symbol=st.sampled_from(["", "f", "g"]),
        category=st.sampled_from([Category.EGRESS, Category.SECRET_USE]),
        secrets=st.sampled_from([(), ("s",), ("s", "t")]),
    ),
    max_size=8,
)
REPORTS = st.builds(
    lambda findings, layout, endpoints, packages: report(
        *findings, layout=layout, endpoints=endpoints, packages=packages
    ),
    FINDINGS,
    st.sampled_from(["full", "upgrade", "plain"]),
    st.lists(
        st.builds(
            EndpointSummary,
            path=st.sampled_from(["cron.php", "redcap_v@/a.php"]),
            auth=st.sampled_from(["none", "login"]),
            effects=st.sampled_from([(), ("exec",)]),
        ),
        max_size=4,
    ),
    st.lists(
        st.builds(
            PackageSummary,
            name=st.sampled_from(["p", "q"]),
            version=st.sampled_from(["", "1", "2"]),
            capabilities=st.sampled_from([(), ("network",)]),
            digest=st.sampled_from(["d", "e"]),
        ),
        max_size=4,
    ),
)
FILES = st.dictionaries(
    st.sampled_from(["redcap_v@/a.php", "redcap_v@/b.php", "cron.php", "x.php"]), st.sampled_from(["1", "2"])
)


@given(REPORTS, FILES)
def test_a_release_against_itself_has_nothing_but_unchanged(one: Report, files: dict[str, str]) -> None:
    result = compare(one, one, files, files)
    for rows in (result.changes, result.destinations, result.secrets, result.endpoints, result.packages):
        assert {row.state for row in rows} <= {UNCHANGED}
    assert (result.files_added, result.files_removed, result.files_changed) == (0, 0, 0)
    assert result.not_compared == ()
    assert not any(row.gained or row.content_changed_without_version for row in result.packages)


@given(REPORTS, REPORTS, FILES, FILES)
def test_the_other_way_round_is_the_mirror(
    old: Report, new: Report, old_files: dict[str, str], new_files: dict[str, str]
) -> None:
    other = {NEW: ABSENT, ABSENT: NEW, UPDATED: UPDATED, UNCHANGED: UNCHANGED}
    forth, back = compare(old, new, old_files, new_files), compare(new, old, new_files, old_files)
    assert sorted((row.host, other[row.state]) for row in forth.destinations) == sorted(
        (row.host, row.state) for row in back.destinations
    )
    assert sorted((row.name, other[row.state]) for row in forth.secrets) == sorted(
        (row.name, row.state) for row in back.secrets
    )
    assert sorted((row.path, other[row.state]) for row in forth.endpoints) == sorted(
        (row.path, row.state) for row in back.endpoints
    )
    assert sorted((row.name, other[row.state], row.old or "", row.new or "") for row in forth.packages) == sorted(
        (row.name, row.state, row.new or "", row.old or "") for row in back.packages
    )
    assert (forth.files_added, forth.files_removed) == (back.files_removed, back.files_added)
    assert forth.not_in_archive == back.not_in_archive
    assert forth.not_compared == back.not_compared


@given(REPORTS, REPORTS, FILES, FILES)
def test_no_finding_and_no_file_is_lost(
    old: Report, new: Report, old_files: dict[str, str], new_files: dict[str, str]
) -> None:
    result = compare(old, new, old_files, new_files)
    sides = sum((change.baseline is not None) + (change.current is not None) for change in result.changes)
    assert sides + len(result.not_compared) == len(old.findings) + len(new.findings)
    both = result.files_changed + result.files_unchanged
    assert result.files_added + result.files_removed + 2 * both + result.not_in_archive == len(old_files) + len(
        new_files
    )


@given(REPORTS, REPORTS, FILES, FILES)
def test_a_comparison_survives_serialisation(
    old: Report, new: Report, old_files: dict[str, str], new_files: dict[str, str]
) -> None:
    result = compare(old, new, old_files, new_files)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Comparison) == result
