"""Policy and decisions on a finished report or comparison: what they change is kept, counted and said.

This comes after the comparison. So no decision and no policy has a part in what is found, in which state it is, or in
the hashes that decisions hold on to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from scanner.model.decision import Decision, Judgement, Key, Lowering, Notice, Standing, Triage, Verdict
from scanner.model.finding import Category, Finding, Severity
from scanner.model.policy import AllowedDestination, ExpectedFlow, Policy
from scanner.model.report import BaselineState, Comparison, FindingChange, Report
from scanner.triage.ledger import disputed

_HERE: Final = frozenset({"local", "own-server"})
_FLOW_RULE: Final = "secret-to-network"
_VERSION_FOLDER: Final = "redcap_v@/"
_STATES: Final = list(BaselineState)


class Fingerprinted(Protocol):
    """What decisions know of a finding."""

    @property
    def identity(self) -> str:
        """Which finding it is."""

    @property
    def evidence(self) -> str:
        """What was decided about."""


class Rulings(NamedTuple):
    """What is to be applied, and where it came from."""

    policy: Policy = Policy()
    signatures: tuple[tuple[str, bytes], ...] = ()
    """Secrets and wrappers of the policy, for the loader of the catalogue."""
    decisions: tuple[Decision, ...] = ()
    refused: tuple[Decision, ...] = ()
    """Decisions that do not count because of how they came into the repository."""
    policy_name: str = ""
    decisions_name: str = ""
    notices: tuple[Notice, ...] = ()


class Triaged(NamedTuple):
    """A result with the severities of the policy, and what policy and decisions did."""

    content: Report | Comparison
    triage: Triage


def apply(content: Report | Comparison, rulings: Rulings, today: str) -> Triaged:
    """Lower what the policy allows, and judge every finding of the current release by its decision.

    Units: `today` is YYYY-MM-DD.
    """
    lowered: dict[Key, Lowering] = {}
    if isinstance(content, Comparison):
        tampered = {item.name for item in content.packages if item.content_changed_without_version}
        changes = tuple(_lower_change(change, rulings.policy, tampered, lowered) for change in content.changes)
        content = msgspec.structs.replace(content, changes=tuple(sorted(changes, key=_change_order)))
        present: Iterable[Finding] = [change.current for change in changes if change.current is not None]
    else:
        found = [_lower(finding, rulings.policy, (), lowered) for finding in content.findings]
        content = msgspec.structs.replace(content, findings=tuple(sorted(found, key=_order)))
        present = content.findings
    judgements = judge(present, rulings, today)
    gone = stale(rulings.decisions, content)
    triage = Triage(
        judgements=judgements,
        lowered=lowered,
        notices=tuple(sorted(set(rulings.notices))),
        policy=rulings.policy_name,
        decisions=rulings.decisions_name,
        stale=len(gone),
    )
    return Triaged(content, triage)


def stale(decisions: Iterable[Decision], content: Report | Comparison) -> tuple[Decision, ...]:
    """Decisions about findings that the current release does not have."""
    report = content.current if isinstance(content, Comparison) else content
    known = {finding.identity for finding in report.findings}
    return absent(decisions, known, upgrade=report.release.layout == "upgrade")


def absent(decisions: Iterable[Decision], known: Collection[str], *, upgrade: bool) -> tuple[Decision, ...]:
    """Decisions about none of the known identities. An upgrade archive says nothing about files at the root."""
    gone = [item for item in decisions if item.identity not in known]
    return tuple(item for item in gone if not upgrade or item.path.startswith(_VERSION_FOLDER))


def judge(findings: Iterable[Fingerprinted], rulings: Rulings, today: str) -> dict[Key, Judgement]:
    """Findings that have a decision, by identity and evidence. A decision never reaches another finding."""
    by_identity: dict[str, list[Decision]] = {}
    for decision in dict.fromkeys((*rulings.decisions, *rulings.refused)):
        by_identity.setdefault(decision.identity, []).append(decision)
    in_dispute = disputed(rulings.decisions)
    result: dict[Key, Judgement] = {}
    for finding in findings:
        about = by_identity.get(finding.identity, ())
        if about:
            result[finding.identity, finding.evidence] = _judgement(finding, about, rulings, in_dispute, today)
    return result


def _judgement(
    finding: Fingerprinted, about: Sequence[Decision], rulings: Rulings, in_dispute: Collection[Key], today: str
) -> Judgement:
    """What the decisions about one finding come to."""
    same = [item for item in about if item.evidence == finding.evidence]
    if not same:
        last = max(about, key=lambda item: (item.date, item.evidence))
        return Judgement(last, Standing.LAPSED, f"lapsed: its evidence changed after {_by(last)} ({last.release})")
    trusted = [item for item in same if item not in rulings.refused]
    if not trusted:
        return Judgement(same[0], Standing.REFUSED, "does not count: it came in one commit with release code")
    if (finding.identity, finding.evidence) in in_dispute:
        return Judgement(trusted[0], Standing.DISPUTED, "does not count: the file has two decisions, keep one")
    return _standing(trusted[0], rulings.policy.reviewers, today)


def _standing(decision: Decision, reviewers: int, today: str) -> Judgement:
    """A decision whose identity and evidence are those of the finding."""
    if decision.verdict is Verdict.MUST_FIX:
        return Judgement(decision, Standing.MUST_FIX, f"must be fixed, said {_by(decision)}: {decision.reason}")
    if decision.review_by and decision.review_by < today:
        return Judgement(decision, Standing.EXPIRED, f"expired: was to be reviewed by {decision.review_by}")
    if reviewers > 1 and not has_second(decision):
        return Judgement(decision, Standing.WAITING, f"waits for a second reviewer after {_by(decision)}")
    return Judgement(decision, Standing.IN_FORCE, f"{decision.verdict.value}, by {_by(decision)}: {decision.reason}")


def has_second(decision: Decision) -> bool:
    """Whether two different people stand behind a decision."""
    second = decision.second_reviewer
    return bool(second) and not same_person(second, decision.reviewer)


def same_person(one: str, other: str) -> bool:
    """Whether two reviewers are one: by address, or by the whole text where there is none."""
    return _address(one) == _address(other)


def _address(reviewer: str) -> str:
    _, opened, rest = reviewer.partition("<")
    return (rest.partition(">")[0] if opened else reviewer).strip().casefold()


def _by(decision: Decision) -> str:
    second = f" and {decision.second_reviewer}" if decision.second_reviewer else ""
    return f"{decision.reviewer}{second} on {decision.date}"


def _lower_change(
    change: FindingChange, policy: Policy, tampered: Collection[str], lowered: dict[Key, Lowering]
) -> FindingChange:
    """A change whose current side is lowered; a package that changed under its old version never is."""
    if change.current is None:
        return change
    current = _lower(change.current, policy, tampered, lowered)
    return change if current is change.current else msgspec.structs.replace(change, current=current)


def _lower(finding: Finding, policy: Policy, tampered: Collection[str], lowered: dict[Key, Lowering]) -> Finding:
    if finding.severity is Severity.INFO or (finding.package and finding.package in tampered):
        return finding
    why = _allowed(finding, policy.allowed_destination) or _flows(finding, policy.expected_flow)
    if not why or any(name.startswith("tls-") for name, _ in finding.details):
        return finding
    lowered[finding.identity, finding.evidence] = Lowering(finding.severity, why)
    return msgspec.structs.replace(finding, severity=Severity.INFO)


def _allowed(finding: Finding, entries: Iterable[AllowedDestination]) -> str:
    """Why an outbound call is allowed, empty when one of its destinations is not."""
    if finding.category is not Category.EGRESS:
        return ""
    hosts = [host for host in finding.destinations if host not in _HERE]
    found = [next((item for item in entries if _covers(item.host, host)), None) for host in hosts]
    named = dict.fromkeys(f"allowed destination {item.host}: {item.reason}" for item in found if item)
    return "; ".join(named) if hosts and all(found) else ""


def _flows(finding: Finding, entries: Sequence[ExpectedFlow]) -> str:
    """Why every secret of a flow may go to every destination of it, empty when one may not."""
    if finding.rule != _FLOW_RULE:
        return ""
    hosts = [host for host in finding.destinations if host not in _HERE]
    pairs = [(secret, host) for secret in finding.secrets for host in hosts]
    found = [
        next((item for item in entries if item.secret == secret and _covers(item.destination, host)), None)
        for secret, host in pairs
    ]
    named = dict.fromkeys(
        f"expected flow of {item.secret} to {item.destination}: {item.reason}" for item in found if item
    )
    return "; ".join(named) if pairs and all(found) else ""


def _covers(pattern: str, host: str) -> bool:
    """Whether a host or `*.pattern` of the policy covers a destination of a finding.

    A destination that is a pattern itself, or has text whose rest is unknown, is covered by the same text only.
    """
    if pattern == host:
        return True
    return pattern.startswith("*.") and "*" not in host and host.endswith(pattern[1:])


def _change_order(change: FindingChange) -> tuple[int, int, str, int, str, str]:
    return (_STATES.index(change.state), *_order(change.finding))


def _order(finding: Finding) -> tuple[int, str, int, str, str]:
    return (finding.severity.rank, finding.path, finding.line, finding.rule, finding.identity)
