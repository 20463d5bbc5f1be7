"""What people decided about findings, and what the rules of a site say: policy, decisions, and their effect."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from scanner.model.finding import Severity


class Verdict(StrEnum):
    """What a reviewer says about a finding."""

    ACCEPT = "accept"
    """It does what the finding says, and that is acceptable."""
    EXPECTED = "expected"
    """It is a feature of the product that the site knows and wants."""
    FALSE_POSITIVE = "false-positive"
    """The code does not do what the finding says."""
    MUST_FIX = "must-fix"
    """It has to go before this release is installed: never suppresses."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about one finding, as the decisions file has it. Nothing in it depends on lines of code."""

    identity: str
    evidence: str
    rule: str
    path: str
    symbol: str
    """Rule, path and symbol are for people; only identity and evidence count."""
    verdict: Verdict
    reason: str
    reviewer: str
    """`Name <address>`."""
    date: str
    """Day of the decision, YYYY-MM-DD."""
    release: str
    """The release that was looked at."""
    review_by: str = ""
    """Day after which the decision no longer counts."""
    second_reviewer: str = ""
    second_date: str = ""


class Standing(StrEnum):
    """What has become of a decision about a finding. Only `in-force` decides anything."""

    IN_FORCE = "in-force"
    WAITING = "waiting"
    """The policy asks for a second reviewer, and there is none yet."""
    MUST_FIX = "must-fix"
    LAPSED = "lapsed"
    """The finding's evidence is no longer what the decision was about."""
    EXPIRED = "expired"
    """The day of `review_by` has passed."""
    DISPUTED = "disputed"
    """Two different decisions are about the same finding."""
    REFUSED = "refused"
    """It came in one commit with release code: whoever wrote the code may have written the decision."""


class Judgement(msgspec.Struct, frozen=True):
    """A finding's decision and whether it counts."""

    decision: Decision
    standing: Standing
    why: str
    """One sentence for the report."""

    @property
    def decides(self) -> bool:
        """Whether the finding no longer fails a run."""
        return self.standing is Standing.IN_FORCE


class Lowering(msgspec.Struct, frozen=True):
    """A finding whose severity the policy lowered."""

    severity: Severity
    """What it was without the policy."""
    why: str
    """The entry of the policy, and its reason."""


class Notice(msgspec.Struct, frozen=True, order=True):
    """Something about policy or decisions that the reader of a report must know."""

    text: str
    alarm: bool = False
    """True when it looks like an attempt to get past the review: the run fails."""


Key = tuple[str, str]
"""Identity and evidence of a finding."""


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """Effect of policy and decisions on the findings of one report."""

    judgements: Mapping[Key, Judgement]
    """Of findings in the current release."""
    lowered: Mapping[Key, Lowering]
    notices: tuple[Notice, ...] = ()
    policy: str = ""
    """Where the policy came from, empty for none: a file name, never an absolute path."""
    decisions: str = ""
    """The same for the decisions."""
    stale: int = 0
    """Decisions that no finding of this report has."""

    @property
    def matters(self) -> bool:
        """Whether there was a policy, a decision or something to say about them."""
        return bool(self.policy or self.decisions or self.notices)

    @property
    def alarms(self) -> tuple[Notice, ...]:
        """Notices that fail the run."""
        return tuple(notice for notice in self.notices if notice.alarm)
