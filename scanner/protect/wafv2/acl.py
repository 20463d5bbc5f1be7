"""A web ACL or rule group as a value, whatever form it was exported in.

Rules keep the API's own form (`Statement`, `Action`, ... with capital letters): what CloudFormation, CDK and the API
write is nearly the same, and Terraform's blocks are turned into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

TERMINATING = ("Allow", "Block")
CHALLENGES = ("Captcha", "Challenge")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, ready to be evaluated."""

    name: str
    priority: int
    action: str
    """`Allow`, `Block`, `Count`, `Captcha`, `Challenge`; for a rule group `None` (its own actions) or `Count`."""
    statement: dict[str, Any]
    labels: tuple[str, ...] = ()
    sampled: bool = False
    """Sampled requests are kept, with what stands in headers and cookies."""
    raw: dict[str, Any] = {}


class RuleGroup(msgspec.Struct, frozen=True):
    """Rules that a web ACL refers to, in order of priority."""

    names: tuple[str, ...]
    """Everything it may be referred to by: ARN, logical id, name."""
    rules: tuple[Rule, ...]


class WebAcl(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in order of priority, and what happens when none decides."""

    name: str
    rules: tuple[Rule, ...]
    default: str = "Allow"
    groups: tuple[RuleGroup, ...] = ()
    pattern_sets: Mapping[str, tuple[str, ...]] = {}
    """Regular expressions by ARN, logical id or name."""
    notes: tuple[str, ...] = ()
    """What was assumed when the file was read."""

    def group(self, reference: str) -> RuleGroup | None:
        """The rule group with this ARN, logical id or name."""
        return next((group for group in self.groups if reference in group.names), None)


def rules_of(items: Any) -> tuple[Rule, ...]:  # noqa: ANN401  any JSON; what does not fit is left out by the caller
    """Rules in the API's form, in order of priority."""
    found = [_rule(item) for item in items if isinstance(item, dict)]
    return tuple(sorted(found, key=lambda rule: rule.priority))


def _rule(item: dict[str, Any]) -> Rule:
    action = _word(item.get("Action")) or _word(item.get("OverrideAction")) or "None"
    visibility = item.get("VisibilityConfig")
    priority = item.get("Priority", 0)
    return Rule(
        name=str(item.get("Name", "")),
        priority=int(priority) if isinstance(priority, int | str) and str(priority).isdigit() else 0,
        action=action,
        statement=item.get("Statement") or {},
        labels=tuple(str(label.get("Name")) for label in item.get("RuleLabels") or () if isinstance(label, dict)),
        sampled=isinstance(visibility, dict) and visibility.get("SampledRequestsEnabled") is True,
        raw=item,
    )


def _word(action: Any) -> str:  # noqa: ANN401  any JSON
    """The one key of an action block."""
    return next(iter(action), "") if isinstance(action, dict) else ""
