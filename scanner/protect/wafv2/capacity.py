"""Capacity units (WCU) of rules, counted as AWS documents them.

Whether the transformation NONE costs nothing or the 10 units of any other is not documented, so both are counted.
Sources: AWS WAF Developer Guide, pages of the single rule statements and "Web ACL capacity units".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_TRANSFORM = 10
_ALL_ARGUMENTS = 10
_LABELS_PER_UNIT = 5
_BYTE_MATCH = {"EXACTLY": 2, "STARTS_WITH": 2, "ENDS_WITH": 2, "CONTAINS": 10, "CONTAINS_WORD": 10}
_FIXED = {"GeoMatchStatement": 1, "IPSetReferenceStatement": 1, "LabelMatchStatement": 1, "AsnMatchStatement": 1}
_FORWARDED = 4
"""More for an IP set that reads the address from a header."""
_BASE = {
    "RegexMatchStatement": 3,
    "RegexPatternSetReferenceStatement": 25,
    "SizeConstraintStatement": 1,
    "XssMatchStatement": 40,
    "SqliMatchStatement": 20,
}
_SQLI_HIGH = 30
_RATE = 2
_RATE_KEY = 30
MANAGED = {
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesAdminProtectionRuleSet": 100,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesSQLiRuleSet": 200,
    "AWSManagedRulesLinuxRuleSet": 200,
    "AWSManagedRulesUnixRuleSet": 100,
    "AWSManagedRulesWindowsRuleSet": 200,
    "AWSManagedRulesPHPRuleSet": 100,
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesAnonymousIpList": 50,
}


class Capacity(msgspec.Struct, frozen=True):
    """Units in both readings, and what could not be counted."""

    low: int
    """NONE costs nothing."""
    high: int
    """NONE costs as much as any transformation."""
    unknown: tuple[str, ...] = ()

    def __add__(self, other: Capacity) -> Capacity:
        return Capacity(self.low + other.low, self.high + other.high, self.unknown + other.unknown)


def of_rules(rules: Iterable[dict[str, Any]]) -> Capacity:
    """Units of rules in the API's form."""
    total = Capacity(0, 0)
    for rule in rules:
        labels = -(-len(rule.get("RuleLabels") or ()) // _LABELS_PER_UNIT)
        total += of_statement(rule.get("Statement") or {}) + Capacity(labels, labels)
    return total


def of_statement(statement: dict[str, Any]) -> Capacity:
    """Units of one statement with all that is nested in it; one whose body is no object is not counted."""
    kind: str = next(iter(statement), "")
    body: dict[str, Any] = statement.get(kind, {})
    if not isinstance(body, dict):
        return Capacity(0, 0, (kind,))
    if kind in ("AndStatement", "OrStatement"):
        return sum((of_statement(item) for item in body.get("Statements", ())), Capacity(0, 0))
    if kind == "NotStatement":
        return of_statement(body.get("Statement", {}))
    if kind == "ByteMatchStatement":
        return _matching(body, _BYTE_MATCH.get(body.get("PositionalConstraint", ""), 10))
    if kind in _BASE:
        high = kind == "SqliMatchStatement" and body.get("SensitivityLevel") == "HIGH"
        return _matching(body, _SQLI_HIGH if high else _BASE[kind])
    if kind in _FIXED:
        more = _FORWARDED if "IPSetForwardedIPConfig" in body else 0
        return Capacity(_FIXED[kind] + more, _FIXED[kind] + more)
    return _composed(kind, body)


def _matching(body: dict[str, Any], base: int) -> Capacity:
    field = next(iter(body.get("FieldToMatch", {})), "")
    if field == "JsonBody":
        base *= 2
    if field == "AllQueryArguments":
        base += _ALL_ARGUMENTS
    names = [item.get("Type") for item in body.get("TextTransformations", ())]
    free = names.count("NONE")
    return Capacity(base + _TRANSFORM * (len(names) - free), base + _TRANSFORM * len(names))


def _composed(kind: str, body: dict[str, Any]) -> Capacity:
    """Rate-based rules and rule groups."""
    if kind == "RateBasedStatement":
        units = _RATE + _RATE_KEY * len(body.get("CustomKeys", ()))
        scope = body.get("ScopeDownStatement")
        return Capacity(units, units) + (of_statement(scope) if scope else Capacity(0, 0))
    if kind == "ManagedRuleGroupStatement" and body.get("Name") in MANAGED:
        units = MANAGED[body["Name"]]
        scope = body.get("ScopeDownStatement")
        return Capacity(units, units) + (of_statement(scope) if scope else Capacity(0, 0))
    return Capacity(0, 0, (str(body.get("Name") or kind),))
