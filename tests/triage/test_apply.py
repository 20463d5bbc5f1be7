"""Policy and decisions on results: what counts, what lapses, and what is never hidden."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings.collect import collect
from scanner.model.decision import Decision, Notice, Standing, Verdict
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.policy import AllowedDestination, ExpectedFlow, Policy
from scanner.model.report import BaselineState, Comparison, Coverage, FindingChange, PackageChange, ReleaseInfo, Report
from scanner.report.base import ReportView, formats
from scanner.report.rows import entries, verdict
from scanner.triage.apply import Rulings, apply

TODAY = "2026-06-15"
HOSTS = ("a.example.org", "b.example.org", "unresolved")


def call(host: str = "a.example.org", **fields: object) -> Finding:
    base = Finding(
        rule="outbound-call",
        category=Category.EGRESS,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        path="redcap_v@/a.php",
        line=1,
        end_line=1,
        symbol="f",
        api="curl_exec",
        message="Calls a host.",
        destinations=(host,),
        code="curl_exec($ch)",
    )
    return msgspec.structs.replace(base, **fields)


def flow(*hosts: str, name: str = "salt") -> Finding:
    return call(
        rule="secret-to-network", category=Category.EXFILTRATION, severity=Severity.CRITICAL,
        destinations=hosts, secrets=(name,),
    )  # fmt: skip


def report(*findings: Finding) -> Report:
    return Report(
        tool_version="1",
        release=ReleaseInfo("r.zip", "15.8.0", "full", 1),
        coverage=Coverage(files=1, php_files=1, parsed=1),
        findings=collect(findings),
        rules=(),
    )


def decide(finding: Finding, **fields: object) -> Decision:
    base = Decision(
        identity=finding.identity,
        evidence=finding.evidence,
        rule=finding.rule,
        path=finding.path,
        symbol=finding.symbol,
        verdict=Verdict.ACCEPT,
        reason="known",
        reviewer="Ada <ada@example.org>",
        date="2026-01-31",
        release="15.7.0",
    )
    return msgspec.structs.replace(base, **fields)


def failing(content: Report | Comparison, rulings: Rulings) -> list[Finding]:
    triaged = apply(content, rulings, TODAY)
    view = ReportView(content=triaged.content, triage=triaged.triage, fail_on=Severity.INFO)
    return [entry.finding for entry in verdict(view, entries(view)).failing]


def some_findings() -> st.SearchStrategy[Finding]:
    """Findings that easily collide: few places, few hosts, few lines."""
    return st.builds(
        call,
        host=st.sampled_from(HOSTS),
        line=st.integers(1, 6),
        symbol=st.sampled_from(["f", "g"]),
        path=st.sampled_from(["redcap_v@/a.php", "redcap_v@/b.php"]),
        code=st.sampled_from(["curl_exec($ch)", "curl_exec($other)", "curl_exec($ch, 1)"]),
        details=st.sampled_from([(), (("tls-verify", "off"),)]),
    )


@given(st.lists(some_findings(), max_size=6), some_findings(), st.sampled_from(list(Verdict)))
def test_no_decision_hides_a_finding_that_is_inserted_later(
    before: Sequence[Finding], added: Finding, said: Verdict
) -> None:
    """Everything is decided; then one more finding comes anywhere. It, or all of its equals, must be asked about."""
    decisions = tuple(decide(finding, verdict=said) for finding in collect(before))
    after = report(*before, added)
    if len(after.findings) == len(report(*before).findings):
        return  # the same finding on the same line: it was there
    undecided = failing(after, Rulings(decisions=decisions))
    assert kind(added) in map(kind, undecided)


def kind(finding: Finding) -> tuple[object, ...]:
    """What tells a finding from those that are not its equals."""
    return (finding.path, finding.symbol, finding.code, finding.destinations, finding.details)


@given(st.lists(some_findings(), max_size=6))
def test_decided_findings_do_not_fail_and_are_counted(found: Sequence[Finding]) -> None:
    current = report(*found)
    triaged = apply(current, Rulings(decisions=tuple(map(decide, current.findings))), TODAY)
    view = ReportView(content=triaged.content, triage=triaged.triage, fail_on=Severity.INFO)
    judged = verdict(view, entries(view))
    assert (judged.failing, judged.decided) == ((), len(current.findings))


@pytest.mark.parametrize(
    ("fields", "reviewers", "standing"),
    [
        ({}, 1, Standing.IN_FORCE),
        ({"verdict": Verdict.EXPECTED}, 1, Standing.IN_FORCE),
        ({"verdict": Verdict.FALSE_POSITIVE}, 1, Standing.IN_FORCE),
        ({"verdict": Verdict.MUST_FIX}, 1, Standing.MUST_FIX),
        ({"review_by": "2026-06-15"}, 1, Standing.IN_FORCE),
        ({"review_by": "2026-06-14"}, 1, Standing.EXPIRED),
        ({"evidence": "0000000000"}, 1, Standing.LAPSED),
        ({}, 2, Standing.WAITING),
        ({"second_reviewer": "Ada B. <ADA@example.org>"}, 2, Standing.WAITING),
        ({"second_reviewer": "Bea <bea@example.org>"}, 2, Standing.IN_FORCE),
    ],
)
def test_a_decision_counts_or_says_why_not(fields: dict[str, object], reviewers: int, standing: Standing) -> None:
    current = report(call())
    (finding,) = current.findings
    rulings = Rulings(policy=Policy(reviewers=reviewers), decisions=(decide(finding, **fields),))
    (judged,) = apply(current, rulings, TODAY).triage.judgements.values()
    assert judged.standing is standing
    assert bool(failing(current, rulings)) is (standing is not Standing.IN_FORCE)


def test_refused_and_disputed_decisions_do_not_count() -> None:
    current = report(call())
    (finding,) = current.findings
    one, other = decide(finding), decide(finding, reason="another")
    assert failing(current, Rulings(refused=(one,)))
    assert failing(current, Rulings(decisions=(one, other)))
    assert not failing(current, Rulings(decisions=(one, one)))
    assert not failing(current, Rulings(decisions=(one,), refused=(other,)))


def test_an_alarm_fails_the_run_without_any_finding() -> None:
    triaged = apply(report(), Rulings(notices=(Notice("tampered", alarm=True),)), TODAY)
    view = ReportView(content=triaged.content, triage=triaged.triage, fail_on=None)
    assert verdict(view, entries(view)).exit_code(allow_incomplete=False) == 1
    for name in ("terminal", "markdown", "json", "html"):
        assert "tampered" in formats()[name].render(view)


POLICY = Policy(
    allowed_destination=(
        AllowedDestination("a.example.org", "ours"),
        AllowedDestination("*.cloud.example.org", "ours"),
        AllowedDestination("config:relay", "set by us"),
    ),
    expected_flow=(ExpectedFlow("salt", "a.example.org", "a digest"),),
)


@pytest.mark.parametrize(
    ("finding", "lowered"),
    [
        (call("a.example.org"), True),
        (call("x.cloud.example.org"), True),
        (call("config:relay"), True),
        (call(destinations=("a.example.org", "local")), True),
        (call("cloud.example.org"), False),
        (call("evilcloud.example.org"), False),
        (call("*.example.org"), False),
        (call("*.cloud.example.org"), True),
        (call("*x.cloud.example.org"), False),
        (call("unresolved"), False),
        (call(destinations=()), False),
        (call(destinations=("a.example.org", "b.example.org")), False),
        (call(destinations=("a.example.org", "unresolved")), False),
        (call(details=(("tls-verify", "off"),)), False),
        (call(category=Category.PAYLOAD), False),
        (call(category=Category.CONCEALMENT), False),
        (flow("a.example.org"), True),
        (flow("b.example.org"), False),
        (flow("x.cloud.example.org"), False),
        (flow("a.example.org", "b.example.org"), False),
        (flow("a.example.org", name="db.password"), False),
        (flow(), False),
    ],
)
def test_the_policy_lowers_what_it_names_and_nothing_else(finding: Finding, lowered: bool) -> None:  # noqa: FBT001
    triaged = apply(report(finding), Rulings(policy=POLICY, policy_name="p.toml"), TODAY)
    assert isinstance(triaged.content, Report)
    (after,) = triaged.content.findings
    assert (after.severity is Severity.INFO) is lowered
    assert len(triaged.triage.lowered) == lowered
    view = ReportView(content=triaged.content, triage=triaged.triage)
    (shown,) = json.loads(formats()["json"].render(view))["findings"]
    assert (shown["lowered"] is not None) is lowered
    assert f"severity of {int(lowered)} finding" in formats()["terminal"].render(view)


def test_a_package_that_changed_under_its_version_is_never_lowered() -> None:
    finding = report(call(package="acme/http")).findings[0]
    package = PackageChange(BaselineState.UPDATED, "acme/http", "1", "1", (), (), content_changed_without_version=True)
    for packages, severity in (((package,), Severity.HIGH), ((), Severity.INFO)):
        comparison = Comparison(
            baseline=report(),
            current=report(finding),
            changes=(FindingChange(BaselineState.NEW, None, finding),),
            packages=packages,
        )
        triaged = apply(comparison, Rulings(policy=POLICY), TODAY)
        assert isinstance(triaged.content, Comparison)
        assert triaged.content.changes[0].finding.severity is severity


def test_reports_show_decisions_in_every_format() -> None:
    current = report(call("a.example.org"), call("b.example.org", symbol="g"), call("c.example.org", symbol="h"))
    done, late, open_ = sorted(current.findings, key=lambda finding: finding.destinations)
    rulings = Rulings(decisions=(decide(done), decide(late, review_by="2026-01-01")), decisions_name="d.yaml")
    triaged = apply(current, rulings, TODAY)
    view = ReportView(content=triaged.content, triage=triaged.triage)
    document = json.loads(formats()["json"].render(view))
    by_identity = {item["identity"]: item["decision"] for item in document["findings"]}
    assert by_identity[done.identity]["standing"] == "in-force"
    assert by_identity[late.identity]["standing"] == "expired"
    assert by_identity[open_.identity] is None
    assert document["verdict"] == {"fail_on": "high", "failing": 2, "complete": True, "decided": 1}
    assert document["triage"]["by_standing"]["in-force"] == 1
    (run,) = json.loads(formats()["sarif"].render(view))["runs"]
    status = {
        item["partialFingerprints"]["redcapScanner/v1"]: [each["status"] for each in item["suppressions"]]
        for item in run["results"]
    }
    assert status == {done.identity: ["accepted"], late.identity: ["rejected"], open_.identity: []}
    for name in ("terminal", "markdown"):
        text = formats()[name].render(view)
        assert "1 decided" in text
        assert "expired: was to be reviewed by 2026" in text.replace("\\", "")
        assert "accept, by Ada" in text
