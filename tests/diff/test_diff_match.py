"""Pairs of findings between two releases, as a table of old, new and what is expected."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.diff.match import match
from scanner.findings.collect import collect
from scanner.findings.fingerprint import fingerprint, group_of
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import BaselineState, FindingChange

NEW, UPDATED, ABSENT, UNCHANGED = (
    BaselineState.NEW,
    BaselineState.UPDATED,
    BaselineState.ABSENT,
    BaselineState.UNCHANGED,
)


def call(
    host: str = "api.example.org",
    line: int = 1,
    *,
    path: str = "a.php",
    symbol: str = "Http::get",
    code: str = "curl_exec($ch)",
    severity: Severity = Severity.MEDIUM,
    secrets: tuple[str, ...] = (),
    callee: str = "curl_exec",
) -> Finding:
    return Finding(
        rule="outbound-call",
        category=Category.EGRESS,
        severity=severity,
        confidence=Confidence.CERTAIN,
        path=path,
        line=line,
        end_line=line,
        symbol=symbol,
        api=callee,
        message="Calls a host.",
        destinations=(host,) if host else (),
        secrets=secrets,
        callee=callee,
        code=code,
    )


Row = tuple[BaselineState, int | None, int | None]
"""State, line of the baseline's finding, line of the current one."""


class Case(NamedTuple):
    old: list[Finding]
    new: list[Finding]
    expected: list[Row]


EVIL = "evil.example.net"

CASES = {
    "nothing": Case([], [], []),
    "the same": Case([call()], [call()], [(UNCHANGED, 1, 1)]),
    "one more": Case([], [call()], [(NEW, None, 1)]),
    "one less": Case([call()], [], [(ABSENT, 1, None)]),
    "lines moved": Case([call(line=1)], [call(line=9)], [(UNCHANGED, 1, 9)]),
    "other host": Case([call()], [call(EVIL, 2)], [(UPDATED, 1, 2)]),
    "a secret reaches it": Case([call()], [call(line=2, secrets=("db.password",))], [(UPDATED, 1, 2)]),
    "worse for the same evidence": Case([call()], [call(line=2, severity=Severity.HIGH)], [(UPDATED, 1, 2)]),
    "other callee": Case([call()], [call(line=2, callee="mail")], [(NEW, None, 2), (ABSENT, 1, None)]),
    "inserted before, other host": Case(
        [call(line=1), call("b.example", 2)],
        [call(EVIL, 1), call(line=2), call("b.example", 3)],
        [(NEW, None, 1), (UNCHANGED, 1, 2), (UNCHANGED, 2, 3)],
    ),
    "inserted before, same evidence, other text": Case(
        [call(line=1)],
        [call(line=1, code="curl_exec($extra)"), call(line=2)],
        [(NEW, None, 1), (UNCHANGED, 1, 2)],
    ),
    "two equal become three": Case(
        [call(line=1), call(line=2)],
        [call(line=1), call(line=2), call(line=3)],
        [(NEW, None, 3), (UNCHANGED, 1, 1), (UNCHANGED, 2, 2)],
    ),
    "three equal become two": Case(
        [call(line=1), call(line=2), call(line=3)],
        [call(line=1), call(line=2)],
        [(ABSENT, 3, None), (UNCHANGED, 1, 1), (UNCHANGED, 2, 2)],
    ),
    "one of two changes its host, and they change places": Case(
        [call(line=1), call("b.example", 2, code="curl_exec($b, 1)")],
        [call(EVIL, 1, code="curl_exec($b, 1)"), call(line=2)],
        [(UPDATED, 2, 1), (UNCHANGED, 1, 2)],
    ),
    "code changed, host kept, beside an insertion": Case(
        [call(line=1)],
        [call(EVIL, 1, code="curl_exec($x, 9)"), call(line=2, code="curl_exec($ch, 1)")],
        [(NEW, None, 1), (UPDATED, 1, 2)],
    ),
    "method in another file": Case([call()], [call(line=2, path="b.php")], [(UNCHANGED, 1, 2)]),
    "method in another file with another host": Case(
        [call()], [call(EVIL, 2, path="b.php")], [(NEW, None, 2), (ABSENT, 1, None)]
    ),
    "method copied to another file": Case(
        [call()], [call(), call(line=2, path="b.php")], [(NEW, None, 2), (UNCHANGED, 1, 1)]
    ),
    "call copied, its original changed": Case(
        [call()], [call(EVIL, 1), call(line=2, path="b.php")], [(NEW, None, 2), (UPDATED, 1, 1)]
    ),
    "part of a method appears elsewhere": Case(
        [call(line=1), call(line=2, callee="mail")],
        [call(line=1, path="b.php"), call(line=2, callee="mail")],
        [(NEW, None, 1), (ABSENT, 1, None), (UNCHANGED, 2, 2)],
    ),
    "renamed function": Case([call()], [call(line=2, symbol="Http::fetch")], [(UNCHANGED, 1, 2)]),
    "renamed function that tells nothing": Case(
        [call("unresolved")], [call("unresolved", 2, symbol="Http::fetch")], [(NEW, None, 2), (ABSENT, 1, None)]
    ),
    "renamed function with one call more": Case(
        [call()],
        [call(line=2, symbol="Http::fetch"), call(line=3, symbol="Http::fetch")],
        [(NEW, None, 2), (NEW, None, 3), (ABSENT, 1, None)],
    ),
    "renamed function, two candidates": Case(
        [call()],
        [call(line=2, symbol="Http::fetch"), call(line=3, symbol="Http::load")],
        [(NEW, None, 2), (NEW, None, 3), (ABSENT, 1, None)],
    ),
    "top-level code in a renamed file": Case(
        [call(symbol="")], [call(line=2, symbol="", path="b.php")], [(UNCHANGED, 1, 2)]
    ),
    "top-level code that tells nothing": Case(
        [call("unresolved", symbol="")],
        [call("unresolved", 2, symbol="", path="b.php")],
        [(NEW, None, 2), (ABSENT, 1, None)],
    ),
    "top-level code elsewhere while its file stays": Case(
        [call(symbol=""), call(line=5)],
        [call(line=2, symbol="", path="b.php"), call(line=5)],
        [(NEW, None, 2), (ABSENT, 1, None), (UNCHANGED, 5, 5)],
    ),
}


def rows(changes: Iterable[FindingChange]) -> Counter[Row]:
    return Counter(
        (
            change.state,
            change.baseline.line if change.baseline else None,
            change.current.line if change.current else None,
        )
        for change in changes
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_old_new_expected(case: Case) -> None:
    assert rows(match(case.old, case.new)) == Counter(case.expected)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_mirror(case: Case) -> None:
    assert pairs(match(case.new, case.old)) == mirrored(match(case.old, case.new))


def test_moved_code_names_its_old_path() -> None:
    (change,) = match([call()], [call(path="b.php")])
    assert (change.state, change.moved_from) == (UNCHANGED, "a.php")
    (change,) = match([call()], [call(line=7)])
    assert change.moved_from is None


def test_a_file_with_the_same_content_moves_whole() -> None:
    """Even where the calls tell nothing: the content is proof."""
    old = [call("unresolved", line, symbol="") for line in (1, 2)]
    new = [call("unresolved", line, symbol="", path="b.php") for line in (1, 2)]
    changes = match(old, new, {"a.php": "d1"}, {"b.php": "d1"})
    assert rows(changes) == {(UNCHANGED, 1, 1): 1, (UNCHANGED, 2, 2): 1}
    assert {change.moved_from for change in changes} == {"a.php"}
    assert rows(match(old, new, {"a.php": "d1"}, {"b.php": "d2"}))[NEW, None, 1] == 1


def test_a_moved_file_whose_flows_changed_is_updated() -> None:
    changes = match([call()], [call(path="b.php", secrets=("db.password",))], {"a.php": "d1"}, {"b.php": "d1"})
    assert [(change.state, change.moved_from) for change in changes] == [(UPDATED, "a.php")]


def test_a_copy_is_new() -> None:
    files = {"a.php": "d1"}
    changes = match([call()], [call(), call(path="b.php", line=2)], files, files | {"b.php": "d1"})
    assert rows(changes) == {(UNCHANGED, 1, 1): 1, (NEW, None, 2): 1}


def test_a_file_that_left_its_path_to_other_code() -> None:
    old, new = {"a.php": "d1"}, {"a.php": "d2", "b.php": "d1"}
    changes = match([call()], [call(EVIL, 1), call(path="b.php", line=2)], old, new)
    assert rows(changes) == {(UNCHANGED, 1, 2): 1, (NEW, None, 1): 1}


def test_findings_that_moved_together_stay_together() -> None:
    """Both files hold an equal call; a call of its own tells which file became which."""
    old = [
        call(line=1, path="x/one.php"),
        call("one.example", 2, path="x/one.php"),
        call(line=3, path="x/two.php"),
        call("two.example", 4, path="x/two.php"),
    ]
    names = {"x/one.php": "y/later.php", "x/two.php": "y/earlier.php"}
    new = [msgspec.structs.replace(finding, path=names[finding.path]) for finding in old]
    changes = match(old, new)
    assert {(change.state, change.moved_from, change.finding.path) for change in changes} == {
        (UNCHANGED, "x/one.php", "y/later.php"),
        (UNCHANGED, "x/two.php", "y/earlier.php"),
    }


def test_files_keep_their_name_when_a_folder_moves() -> None:
    old = [call(path=f"x/{name}.php") for name in "abc"]
    new = [call(path=f"y/{name}.php") for name in "abc"]
    changes = match(old, new)
    assert all(change.finding.path.replace("y/", "x/") == change.moved_from for change in changes)


def test_new_first_then_worst() -> None:
    old = [call(line=1), call("b.example", 2, symbol="g"), call("c.example", 3, symbol="h")]
    new = [
        call(line=1),
        call(EVIL, 2, symbol="g"),
        call(line=5, callee="mail"),
        call(line=4, callee="fsockopen", severity=Severity.CRITICAL),
    ]
    changes = match(old, new)
    assert [(change.state, change.finding.line) for change in changes] == [
        (NEW, 4),
        (NEW, 5),
        (UPDATED, 2),
        (ABSENT, 3),
        (UNCHANGED, 1),
    ]


FINDINGS = st.lists(
    st.builds(
        call,
        host=st.sampled_from(["", "unresolved", "a.example", "b.example"]),
        line=st.integers(1, 5),
        path=st.sampled_from(["a.php", "b.php", "x/a.php"]),
        symbol=st.sampled_from(["", "f", "g", "{closure}"]),
        code=st.sampled_from(["curl_exec($ch)", "curl_exec($x)", "curl_exec($x, 1)"]),
        severity=st.sampled_from([Severity.MEDIUM, Severity.HIGH]),
        secrets=st.sampled_from([(), ("db.password",)]),
        callee=st.sampled_from(["curl_exec", "mail"]),
    ),
    max_size=14,
).map(collect)
FILES = st.one_of(
    st.none(), st.dictionaries(st.sampled_from(["a.php", "b.php", "x/a.php", "c.php"]), st.sampled_from(["d1", "d2"]))
)

Pair = tuple[BaselineState, Finding | None, Finding | None]


def pairs(changes: Iterable[FindingChange]) -> Counter[Pair]:
    return Counter((change.state, change.baseline, change.current) for change in changes)


def mirrored(changes: Iterable[FindingChange]) -> Counter[Pair]:
    other = {NEW: ABSENT, ABSENT: NEW, UPDATED: UPDATED, UNCHANGED: UNCHANGED}
    return Counter((other[change.state], change.current, change.baseline) for change in changes)


@given(FINDINGS, FILES)
def test_a_release_against_itself(findings: tuple[Finding, ...], files: dict[str, str] | None) -> None:
    for change in match(findings, findings, files, files):
        assert change == FindingChange(UNCHANGED, change.current, change.current)


@given(FINDINGS, FINDINGS, FILES, FILES)
def test_the_other_way_round_gives_the_same_pairs(
    old: tuple[Finding, ...],
    new: tuple[Finding, ...],
    old_files: dict[str, str] | None,
    new_files: dict[str, str] | None,
) -> None:
    forth = match(old, new, old_files, new_files)
    back = match(new, old, new_files, old_files)
    assert pairs(back) == mirrored(forth)
    moved = Counter(change.finding.path for change in forth if change.moved_from is not None)
    assert Counter(change.moved_from for change in back if change.moved_from is not None) == moved


@given(FINDINGS, FINDINGS, FILES, FILES)
def test_every_finding_exactly_once(
    old: tuple[Finding, ...],
    new: tuple[Finding, ...],
    old_files: dict[str, str] | None,
    new_files: dict[str, str] | None,
) -> None:
    changes = match(old, new, old_files, new_files)
    assert Counter(change.baseline for change in changes if change.baseline) == Counter(old)
    assert Counter(change.current for change in changes if change.current) == Counter(new)
    for change in changes:
        present = (change.baseline is not None, change.current is not None)
        assert present == (change.state is not NEW, change.state is not ABSENT)


@given(FINDINGS, FINDINGS, FILES, FILES)
def test_unchanged_means_equal_evidence(
    old: tuple[Finding, ...],
    new: tuple[Finding, ...],
    old_files: dict[str, str] | None,
    new_files: dict[str, str] | None,
) -> None:
    unchanged: Counter[tuple[str, str]] = Counter()
    for change in match(old, new, old_files, new_files):
        if change.state is UNCHANGED:
            assert change.baseline
            assert change.current
            assert change.baseline.evidence == change.current.evidence
            assert change.baseline.severity == change.current.severity
            unchanged[change.current.rule, change.current.evidence] += 1
    both = Counter((finding.rule, finding.evidence) for finding in old) & Counter(
        (finding.rule, finding.evidence) for finding in new
    )
    assert unchanged <= both


@given(FINDINGS, FINDINGS)
def test_nothing_inserted_hides(old: tuple[Finding, ...], extra: tuple[Finding, ...]) -> None:
    """Whatever is added to a release shows: one new finding for each, and all others unchanged."""
    new = fingerprint([*old, *extra])
    states = Counter(change.state for change in match(old, new))
    assert states == Counter({UNCHANGED: len(old), NEW: len(extra)})


@given(FINDINGS, FINDINGS)
def test_in_one_place_equals_are_paired_before_anything_else(
    old: tuple[Finding, ...], new: tuple[Finding, ...]
) -> None:
    def kinds(findings: Iterable[Finding]) -> Counter[tuple[object, ...]]:
        return Counter((group_of(finding), finding.evidence, finding.severity) for finding in findings)

    stayed = [c.current for c in match(old, new) if c.state is UNCHANGED and c.current and c.moved_from is None]
    assert kinds(stayed) == kinds(old) & kinds(new)


@given(FINDINGS, FINDINGS)
def test_the_order_of_the_input_does_not_count(old: tuple[Finding, ...], new: tuple[Finding, ...]) -> None:
    assert match(old, new) == match(reversed(old), reversed(new))


Sides = Callable[[int], tuple[tuple[Finding, ...], tuple[Finding, ...]]]


def spread(count: int, shift: int) -> tuple[Finding, ...]:
    return fingerprint(
        call(f"h{n % 97}.example", n, path=f"p{n % 5_000 + n % 3 % 2 * shift}.php", symbol=f"f{n % 7}")
        for n in range(count)
    )


def alike(count: int, path: str) -> tuple[Finding, ...]:
    return fingerprint(call(line=number, path=path.format(number)) for number in range(count))


@pytest.mark.parametrize(
    "sides",
    [
        lambda count: (spread(count, 0), spread(count, 1)),
        lambda count: (alike(count, "a.php"), alike(count - 100, "a.php")),
        lambda count: (alike(count, "a.php"), alike(count - 100, "b.php")),
        lambda count: (alike(count, "x/{}.php"), alike(count, "y/{}.inc")),
    ],
    ids=["spread", "equal", "equal, moved", "equal, in many files"],
)
def test_work_grows_with_the_findings_only(sides: Sides) -> None:
    """Counted in calls of functions: four times the findings are about four times the calls, not sixteen times."""
    small, large = (calls_of(*sides(count)) for count in (1_000, 4_000))
    assert large < small * 7


def calls_of(old: tuple[Finding, ...], new: tuple[Finding, ...]) -> int:
    """Function calls that a comparison makes."""
    count = 0

    def seen(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        match(old, new)
    finally:
        sys.setprofile(None)
    return count


def test_a_class_in_another_namespace_is_the_same_code() -> None:
    old = call(path="includes/Parser.php", symbol="Parser::get")
    new = call(path="includes/Html/Client.php", symbol="App\\Html\\Parser::get")
    assert [change.state for change in match([old], [new])] == [UNCHANGED]
    other = msgspec.structs.replace(new, destinations=(EVIL,))
    assert {change.state for change in match([old], [other])} == {NEW, ABSENT}
    stays = call(path="includes/Parser.php", symbol="Parser::get", line=9)
    assert sorted(change.state for change in match([old], [stays, new])) == [NEW, UNCHANGED]
