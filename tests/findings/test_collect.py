"""Collecting: each thing once, worst first, whatever the order in which the detectors ran."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings.collect import collect
from scanner.model.finding import Category, Confidence, Finding, Severity, TraceStep

CALL = Finding(
    rule="outbound-call",
    category=Category.EGRESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    path="a.php",
    line=10,
    end_line=10,
    symbol="f",
    api="curl_exec",
    message="Calls a host.",
    callee="curl_exec",
    code="curl_exec($ch)",
)


def change(**fields: object) -> Finding:
    return msgspec.structs.replace(CALL, **fields)


def test_nothing_gives_nothing() -> None:
    assert collect([]) == ()


def test_the_same_finding_twice_is_one() -> None:
    assert len(collect([CALL, CALL])) == 1


def test_two_equal_calls_on_two_lines_are_two() -> None:
    found = collect([CALL, change(line=11, end_line=11)])
    assert [finding.line for finding in found] == [10, 11]
    assert found[0].identity != found[1].identity
    assert found[0].evidence == found[1].evidence


def test_of_one_call_seen_twice_the_worse_view_stays() -> None:
    worse = change(severity=Severity.CRITICAL)
    likely = change(severity=Severity.CRITICAL, confidence=Confidence.LIKELY)
    for order in ([CALL, worse, likely], [likely, worse, CALL]):
        (found,) = collect(order)
        assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.CERTAIN)


def test_the_shorter_trace_stays() -> None:
    short = (TraceStep("a.php", 2, "read"),)
    long = (TraceStep("a.php", 1, "read"), *short)
    (found,) = collect([change(trace=long), change(trace=short)])
    assert found.trace == short


def test_distinct_secrets_into_one_call_are_all_reported() -> None:
    assert len(collect([change(secrets=("a",)), change(secrets=("b",))])) == 2


def test_destinations_secrets_and_details_come_out_sorted() -> None:
    (found,) = collect([change(destinations=("b", "a", "b"), secrets=("y", "x"), details=(("k", "2"), ("k", "1")))])
    assert (found.destinations, found.secrets) == (("a", "b"), ("x", "y"))
    assert found.details == (("k", "1"), ("k", "2"))


FINDINGS = st.builds(
    change,
    line=st.integers(1, 4),
    rule=st.sampled_from(["outbound-call", "secret-read"]),
    category=st.sampled_from(Category),
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    path=st.sampled_from(["a.php", "b.php"]),
    code=st.sampled_from(["curl_exec($ch)", "curl_exec($x)"]),
    message=st.sampled_from(["One.", "Two."]),
    api=st.sampled_from(["curl_exec", "Curl_exec"]),
    trace=st.sampled_from([(), (TraceStep("a.php", 1, "read"),)]),
)


@given(st.lists(FINDINGS, max_size=15), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_count(findings: list[Finding], random: Random) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert collect(findings) == collect(shuffled)


@given(st.lists(FINDINGS, max_size=15))
def test_worst_first_then_by_place(findings: list[Finding]) -> None:
    found = collect(findings)
    keys = [(item.severity.rank, item.category, item.path, item.line, item.rule) for item in found]
    assert keys == sorted(keys)
    assert all(item.identity and item.evidence and item.moved_key for item in found)


@given(st.lists(FINDINGS, max_size=15))
def test_collecting_again_changes_nothing(findings: list[Finding]) -> None:
    found = collect(findings)
    assert collect(found) == found
    assert collect([*found, *findings]) == found
