"""AWS Network Firewall: a stateful rule group with a domain list, as input of `create-rule-group`.

Source: AWS Network Firewall API reference, `CreateRuleGroup`, `RulesSourceList`; developer guide, domain list rule
groups: `.example.com` allows the name and all below it.
"""

from __future__ import annotations

import json

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, HostKind
from scanner.protect.egress.entries import entry, read_json, texts
from scanner.protect.egress.lines import active
from scanner.protect.egress.signatures import parse_rules

_WEB = {"http": "HTTP_HOST", "https": "TLS_SNI", "tls": "TLS_SNI"}
_LARGEST = 30_000  # capacity of a rule group
_WHAT = "a rule group: the input of create-rule-group, or the output of describe-rule-group"


def _enforces(rule: EgressRule) -> str:
    if rule.host.kind is HostKind.ADDRESS:
        return "a domain list holds names only"
    if not any(service.protocol in (*_WEB, "any") for service in rule.services):
        return f"a domain list sees HTTP and TLS only, not {' and '.join(sorted({i.protocol for i in rule.services}))}"
    return ""


def _render(found: EgressList) -> str:
    rules = active(found, TARGET)
    names = sorted({_spelled(rule) for rule in rules})
    kinds = {_WEB[item.protocol] for rule in rules for item in rule.services if item.protocol in _WEB} or {"TLS_SNI"}
    return rule_group(
        "redcap-egress-domains",
        "Hosts that the REDCap server connects to",
        max(100, min(_LARGEST, 2 * len(names))),
        {
            "RulesSource": {
                "RulesSourceList": {
                    "Targets": names,
                    "TargetTypes": sorted(kinds),
                    "GeneratedRulesType": "ALLOWLIST",
                }
            },
            "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"},
        },
    )


def rule_group(name: str, description: str, capacity: int, content: dict[str, object]) -> str:
    """Input of `aws network-firewall create-rule-group --cli-input-json`."""
    data = {
        "RuleGroupName": name,
        "Type": "STATEFUL",
        "Capacity": capacity,
        "Description": description,
        "RuleGroup": content,
    }
    return json.dumps(data, indent=2) + "\n"


def _spelled(rule: EgressRule) -> str:
    return f".{rule.host.base}" if rule.host.kind is HostKind.WILDCARD else rule.host.text


def parse_group(text: str) -> tuple[Deployed, ...]:
    """Entries of a rule group of either kind. Raises: ConfigurationError."""
    data = read_json(text, _WHAT)
    if isinstance(data.get("Rules"), str):
        return parse_rules(str(data["Rules"]))
    group = data.get("RuleGroup", data)
    source = group.get("RulesSource") if isinstance(group, dict) else None
    if not isinstance(source, dict):
        message = f"no RulesSource: expected {_WHAT}"
        raise ConfigurationError(message)
    if isinstance(source.get("RulesString"), str):
        return parse_rules(source["RulesString"])
    listed = source.get("RulesSourceList")
    if not isinstance(listed, dict):
        message = "neither RulesSourceList nor RulesString: five-tuple rules hold no names"
        raise ConfigurationError(message)
    if listed.get("GeneratedRulesType") != "ALLOWLIST":
        message = "the rule group is a deny-list: it allows everything else, so it is no allow-list"
        raise ConfigurationError(message)
    return tuple(entry(item) for item in texts(listed.get("Targets"), "Targets"))


TARGET = EgressTarget(
    name="aws-network-firewall",
    title="AWS Network Firewall (domain list)",
    checked="the service model of botocore; not against AWS itself",
    file="redcap-egress-domains.json",
    limits=(
        (
            "A domain list looks at the TLS server name and the HTTP Host header only: other protocols need rules of "
            "their own, or the firewall policy's default action."
        ),
        "It does not tell ports apart: a listed name is allowed on every port.",
        "The name is the one that the client shows: who wants to can show a listed name to a server of their own.",
        (
            "Its rules drop other HTTP and TLS only; set the policy's default action (strict order) to drop "
            "established connections for the rest."
        ),
        "Traffic to interface endpoints and inside the VPC passes the firewall only if the routes lead through it.",
        "DNS look-ups of the VPC's resolver do not pass it: see aws-route53-dns-firewall.",
    ),
    enforces=_enforces,
    render=_render,
    parse=parse_group,
    ports=False,
)
