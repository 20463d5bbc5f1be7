"""Fingerprints: what finds a finding again, and what sends it back to review."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings.fingerprint import fingerprint
from scanner.model.finding import Category, Confidence, Finding, Severity, TraceStep

CALL = Finding(
    rule="outbound-call",
    category=Category.EGRESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    path="redcap_v@/Classes/Http.php",
    line=10,
    end_line=10,
    symbol="Http::get",
    api="curl_exec",
    message="Calls api.example.org.",
    destinations=("api.example.org",),
    secrets=("config.token",),
    details=(("method", "POST"), ("tls-verify", "on")),
    callee="curl_exec",
    code="curl_exec($ch)",
)


def change(**fields: object) -> Finding:
    return msgspec.structs.replace(CALL, **fields)


def only(finding: Finding) -> Finding:
    (result,) = fingerprint([finding])
    return result


KEEPS_ALL = {
    "line": change(line=99, end_line=104),
    "formatting": change(code="curl_exec(  $ch\n)"),
    "comment": change(code="curl_exec(/* again */ $ch)"),
    "renamed local": change(code="curl_exec($handle)"),
    "message": change(message="Calls a host."),
    "severity": change(severity=Severity.HIGH, confidence=Confidence.LIKELY),
    "trace": change(trace=(TraceStep("a.php", 1, "read"),)),
    "excerpt": change(excerpt=("curl_exec($ch);",)),
    "order of destinations": change(destinations=("api.example.org", "api.example.org")),
    "order of details": change(details=(("tls-verify", "on"), ("method", "POST"))),
}

CHANGES_EVIDENCE = {
    "destination": change(destinations=("evil.example.net",)),
    "one more destination": change(destinations=("api.example.org", "evil.example.net")),
    "secret": change(secrets=("db.password",)),
    "no secret": change(secrets=()),
    "a secret that looks like a destination": change(destinations=(), secrets=("api.example.org", "config.token")),
    "detail": change(details=(("method", "POST"), ("tls-verify", "off"))),
    "code": change(code="curl_exec($ch, 1)"),
}

CHANGES_IDENTITY = {
    "rule": change(rule="secret-to-network"),
    "path": change(path="redcap_v@/Classes/Https.php"),
    "symbol": change(symbol="Http::post"),
    "callee": change(callee="curl_multi_exec"),
}


@pytest.mark.parametrize("finding", KEEPS_ALL.values(), ids=KEEPS_ALL.keys())
def test_what_does_not_count(finding: Finding) -> None:
    before, after = only(CALL), only(finding)
    assert (after.identity, after.evidence, after.moved_key) == (before.identity, before.evidence, before.moved_key)


@pytest.mark.parametrize("finding", CHANGES_EVIDENCE.values(), ids=CHANGES_EVIDENCE.keys())
def test_what_changes_the_evidence_keeps_the_identity(finding: Finding) -> None:
    before, after = only(CALL), only(finding)
    assert after.identity == before.identity
    assert after.evidence != before.evidence
    assert after.moved_key != before.moved_key


@pytest.mark.parametrize("finding", CHANGES_IDENTITY.values(), ids=CHANGES_IDENTITY.keys())
def test_what_changes_the_identity(finding: Finding) -> None:
    before, after = only(CALL), only(finding)
    assert after.identity != before.identity
    assert after.evidence == before.evidence


def test_the_moved_key_leaves_the_path_out() -> None:
    assert only(CHANGES_IDENTITY["path"]).moved_key == only(CALL).moved_key
    assert only(CHANGES_IDENTITY["symbol"]).moved_key != only(CALL).moved_key


def test_version_folders_in_code_and_details_do_not_count() -> None:
    old = change(code="include '/redcap_v15.7.6/a.php'", details=(("url", "https://x/redcap_v15.7.6/"),))
    new = change(code="include '/redcap_v15.8.0/a.php'", details=(("url", "https://x/redcap_v15.8.0/"),))
    assert only(old) == msgspec.structs.replace(only(new), code=old.code, details=old.details)


def test_version_numbers_elsewhere_count() -> None:
    old, new = change(code="f('lib-15.7.6')"), change(code="f('lib-15.8.0')")
    assert only(old).evidence != only(new).evidence
    address = change(code="f('redcap_v1.2.3.4')"), change(code="f('redcap_v1.2.3.5')")
    assert only(address[0]).evidence != only(address[1]).evidence


def test_without_a_callee_the_api_stands_in() -> None:
    assert only(change(callee="", api="Curl_Exec")).identity == only(CALL).identity


def test_names_of_locals_in_the_callee_do_not_count() -> None:
    one, other = change(callee="", api="new $class"), change(callee="", api="new $kind")
    assert only(one).identity == only(other).identity
    assert only(change(callee="$http->send")).moved_key == only(change(callee="$client->send")).moved_key


def test_names_of_what_outlives_the_call_count() -> None:
    for one, other in (("$this->send", "$client->send"), ("a::$first()", "a::$second()"), ("$_get()", "$_post()")):
        assert only(change(callee=one)).identity != only(change(callee=other)).identity


def test_hashes_are_pinned() -> None:
    """Decisions outlive releases of the scanner: other hashes need another version of the fingerprint."""
    found = only(CALL)
    assert (found.identity, found.evidence, found.moved_key) == PINNED


PINNED = ("3911c0a5b410d53b0abf6e0d38ef2369", "bef3a5154c41478d8a018dfb440dfb4f", "2b1fec88940032e01233c942afc1aff5")

CODES = st.sampled_from(["curl_exec($ch)", "curl_exec($x)", "curl_exec($ch, 1)", ""])
FINDINGS = st.builds(
    change,
    line=st.integers(1, 6),
    code=CODES,
    destinations=st.sampled_from([(), ("a.example",), ("b.example",)]),
    symbol=st.sampled_from(["", "Http::get"]),
    callee=st.sampled_from(["curl_exec", "mail"]),
    path=st.sampled_from(["a.php", "b.php"]),
)


@given(st.lists(FINDINGS, max_size=12))
def test_identities_are_unique(findings: list[Finding]) -> None:
    identities = [finding.identity for finding in fingerprint(findings)]
    assert len(set(identities)) == len(identities)


@given(st.lists(FINDINGS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_count(findings: list[Finding], random: Random) -> None:
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert sorted(fingerprint(findings), key=str) == sorted(fingerprint(shuffled), key=str)


@given(st.lists(FINDINGS, max_size=12))
def test_twice_is_once(findings: list[Finding]) -> None:
    once = fingerprint(findings)
    assert fingerprint(once) == once


@given(st.lists(FINDINGS, max_size=10), FINDINGS, st.integers(0, 10))
def test_nothing_inserted_inherits_a_decision(findings: list[Finding], extra: Finding, lines: int) -> None:
    """Decide about everything, then insert one finding anywhere: no decision covers it."""
    decided = {(finding.identity, finding.evidence) for finding in fingerprint(findings)}
    moved = [
        msgspec.structs.replace(finding, line=finding.line + lines, end_line=finding.end_line + lines)
        if finding.path == extra.path and finding.line >= extra.line
        else finding
        for finding in findings
    ]
    *_, inserted = fingerprint([*moved, extra])
    assert (inserted.identity, inserted.evidence) not in decided


@given(st.lists(FINDINGS, max_size=10), FINDINGS)
def test_an_insertion_after_its_equals_keeps_all_decisions_about_others(
    findings: list[Finding], extra: Finding
) -> None:
    last = msgspec.structs.replace(extra, line=50, end_line=50)
    before = fingerprint(findings)
    *after, inserted = fingerprint([*findings, last])
    for old, new in zip(before, after, strict=True):
        assert new.evidence == old.evidence
        assert new.identity == old.identity or new.evidence == inserted.evidence
