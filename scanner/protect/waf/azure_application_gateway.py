"""Azure Application Gateway: a WAF policy with custom rules, as a template of Azure Resource Manager."""

from __future__ import annotations

import json
from typing import Any

from scanner.model.protection import GeneratedFile, Protection, Target
from scanner.protect.matching import Place
from scanner.protect.waf._azure import Rule, custom_rules, document, summary, value

NAME = "redcap-protect-application-gateway.json"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One template. Raises: ConfigurationError for what the product cannot express."""
    rules = [_rule(rule, position, protection) for position, rule in enumerate(custom_rules(protection), start=1)]
    properties = {
        "policySettings": {"state": "Enabled", "mode": "Prevention"},
        "customRules": rules,
        "managedRules": {"managedRuleSets": [{"ruleSetType": "OWASP", "ruleSetVersion": "3.2"}]},
    }
    kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
    template = document(kind, "2024-05-01", properties, protection)
    template["resources"][0] |= {"location": "[parameters('location')]"}
    return (GeneratedFile(NAME, json.dumps(template, indent=2) + "\n"),)


def _rule(rule: Rule, priority: int, protection: Protection) -> dict[str, Any]:
    transforms = ["UrlDecode", "Lowercase"] if rule.decoded else ["Lowercase"]
    asked = _condition({"variableName": "RequestUri"}, "Regex", list(rule.patterns), transforms)
    values = [value(secret) for secret in protection.secrets]
    shown = [_condition(_variable(place), "Equal", values, [], negate=True) for place in rule.without]
    return {
        "name": rule.name,
        "state": "Enabled",
        "priority": priority,
        "ruleType": "MatchRule",
        "action": "Block",
        "matchConditions": [asked, *shown],
    }


def _variable(place: Place) -> dict[str, str]:
    name = "RequestCookies" if place.kind == "cookie" else "RequestHeaders"
    return {"variableName": name, "selector": place.name}


def _condition(
    variable: dict[str, str], operator: str, values: list[str], transforms: list[str], *, negate: bool = False
) -> dict[str, Any]:
    return {
        "matchVariables": [variable],
        "operator": operator,
        "negationConditon": negate,  # the API spells it so
        "matchValues": values,
        "transforms": transforms,
    }


TARGET = Target(
    name="azure-application-gateway",
    title="Azure Application Gateway: WAF policy (Resource Manager template)",
    checked="by the enumerations of the vendor's client library and a golden file; not run",
    render=render,
    summary=summary,
)
