"""A web ACL or rule group as a value, whatever form it was exported in.

Rules keep the API's own form (`Statement`, `Action`, ... with capital letters): what CloudFormation, CDK and the API
write is nearly the same, and Terraform's blocks are turned into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

TERMINATING = ("Allow", "Block")
_LISTS = frozenset({"Statements", "TextTransformations", "RuleActionOverrides", "ExcludedRules", "CustomKeys"})
_OBJECTS = frozenset({"FieldToMatch", "MatchPattern", "SingleHeader", "SingleQueryArgument", "Cookies", "ActionToUse"})
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
    priority, statement, labels = item.get("Priority", 0), item.get("Statement"), item.get("RuleLabels")
    return Rule(
        name=str(item.get("Name", "")),
        priority=int(priority) if isinstance(priority, int | str) and str(priority).isdigit() else 0,
        action=action,
        statement=statement if isinstance(statement, dict) and _sound(statement) else {},
        labels=tuple(str(label.get("Name")) for label in labels or () if isinstance(label, dict)),
        sampled=isinstance(visibility, dict) and visibility.get("SampledRequestsEnabled") is True,
        raw=item,
    )


def _sound(value: Any) -> bool:  # noqa: ANN401  any JSON
    """Whether a statement has the shapes that the API has; the words in it may be any."""
    if isinstance(value, list):
        return all(_sound(item) for item in value)
    if not isinstance(value, dict):
        return True
    for key, item in value.items():
        if (key.endswith("Statement") or key in _OBJECTS) and not isinstance(item, dict):
            return False
        if key in _LISTS and not (isinstance(item, list) and all(isinstance(one, dict) for one in item)):
            return False
        if key == "Priority" and not isinstance(item, int):
            return False
        if not _sound(item):
            return False
    return True


def _word(action: Any) -> str:  # noqa: ANN401  any JSON
    """The one key of an action block."""
    return next(iter(action), "") if isinstance(action, dict) else ""
