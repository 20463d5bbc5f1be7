"""Azure Front Door: a WAF policy with custom rules, as a template of Azure Resource Manager."""

from __future__ import annotations

import json
from typing import Any

from scanner.model.protection import GeneratedFile, Protection, Target
from scanner.protect.matching import Place
from scanner.protect.waf._azure import Rule, custom_rules, document, summary, value

NAME = "redcap-protect-front-door.json"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One template. Raises: ConfigurationError for what the product cannot express."""
    rules = [_rule(rule, position, protection) for position, rule in enumerate(custom_rules(protection), start=1)]
    properties = {
        "policySettings": {"enabledState": "Enabled", "mode": "Prevention"},
        "customRules": {"rules": rules},
    }
    template = document(
        "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies", "2024-02-01", properties, protection
    )
    template["resources"][0] |= {"location": "Global", "sku": {"name": "Premium_AzureFrontDoor"}}
    del template["parameters"]["location"]
    return (GeneratedFile(NAME, json.dumps(template, indent=2) + "\n"),)


def _rule(rule: Rule, priority: int, protection: Protection) -> dict[str, Any]:
    transforms = ["UrlDecode", "Lowercase"] if rule.decoded else ["Lowercase"]
    asked = _condition("RequestUri", None, "RegEx", list(rule.patterns), transforms)
    values = [value(secret) for secret in protection.secrets]
    shown = [_condition(*_variable(place), "Equal", values, [], negate=True) for place in rule.without]
    return {
        "name": rule.name,
        "enabledState": "Enabled",
        "priority": priority,
        "ruleType": "MatchRule",
        "action": "Block",
        "matchConditions": [asked, *shown],
    }


def _variable(place: Place) -> tuple[str, str]:
    return ("Cookies" if place.kind == "cookie" else "RequestHeader"), place.name


def _condition(
    variable: str,
    selector: str | None,
    operator: str,
    values: list[str],
    transforms: list[str],
    *,
    negate: bool = False,
) -> dict[str, Any]:
    return {
        "matchVariable": variable,
        "selector": selector,
        "operator": operator,
        "negateCondition": negate,
        "matchValue": values,
        "transforms": transforms,
    }


TARGET = Target(
    name="azure-front-door",
    title="Azure Front Door: WAF policy (Resource Manager template)",
    checked="by the enumerations of the vendor's client library and a golden file; not run",
    render=render,
    summary=summary,
)
