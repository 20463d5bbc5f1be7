"""Route 53 Resolver DNS Firewall: a list of names that the VPC's resolver answers, and a rule that blocks the rest.

Source: Route 53 API reference, `CreateFirewallDomainList`, `UpdateFirewallDomains`, `CreateFirewallRuleGroup`,
`CreateFirewallRule`. A `*` may stand at the start of a name only; `*.example.com` does not hold `example.com`.
"""

from __future__ import annotations

import hashlib
import json

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, HostKind
from scanner.protect.egress.entries import entry, read_json, texts
from scanner.protect.egress.lines import active

_WHAT = "the generated file, the output of list-firewall-domains, or a list of names"
_ALLOWED, _REST, _GROUP = "ALLOWED-DOMAIN-LIST-ID", "REST-DOMAIN-LIST-ID", "RULE-GROUP-ID"


def _enforces(rule: EgressRule) -> str:
    return "an address needs no look-up" if rule.host.kind is HostKind.ADDRESS else ""


def _render(found: EgressList) -> str:
    names = sorted({rule.host.text for rule in active(found, TARGET)})
    token = hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
    data = {
        "CreateFirewallDomainList": [
            {"CreatorRequestId": f"allowed-{token}", "Name": "redcap-egress-allowed"},
            {"CreatorRequestId": f"rest-{token}", "Name": "redcap-egress-rest"},
        ],
        "UpdateFirewallDomains": [
            {"FirewallDomainListId": _ALLOWED, "Operation": "REPLACE", "Domains": names},
            {"FirewallDomainListId": _REST, "Operation": "REPLACE", "Domains": ["*"]},
        ],
        "CreateFirewallRuleGroup": {"CreatorRequestId": f"group-{token}", "Name": "redcap-egress"},
        "CreateFirewallRule": [
            _firewall_rule("allowed", _ALLOWED, 100, token) | {"Action": "ALLOW"},
            _firewall_rule("rest", _REST, 200, token) | {"Action": "BLOCK", "BlockResponse": "NXDOMAIN"},
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def _firewall_rule(name: str, names: str, priority: int, token: str) -> dict[str, object]:
    return {
        "CreatorRequestId": f"rule-{name}-{token}"[:255],
        "FirewallRuleGroupId": _GROUP,
        "FirewallDomainListId": names,
        "Priority": priority,
        "Name": f"redcap-egress-{name}",
    }


def _parse(text: str) -> tuple[Deployed, ...]:
    if text.lstrip()[:1] != "{":
        lines = enumerate(text.splitlines(), 1)
        return tuple(entry(line, line=number, dot=False) for number, line in lines if line.strip())
    data = read_json(text, _WHAT)
    updates = data.get("UpdateFirewallDomains")
    if isinstance(updates, list):
        chosen = [item for item in updates if isinstance(item, dict) and item.get("FirewallDomainListId") == _ALLOWED]
        data = chosen[0] if chosen else {}
    if "Domains" not in data:
        message = f"no Domains: expected {_WHAT}"
        raise ConfigurationError(message)
    return tuple(entry(item, dot=False) for item in texts(data["Domains"], "Domains"))


TARGET = EgressTarget(
    name="aws-route53-dns-firewall",
    title="Route 53 Resolver DNS Firewall",
    checked="the service model of botocore; not against AWS itself",
    file="redcap-egress-dns.json",
    limits=(
        "It decides about look-ups, not about connections: a connection to an address needs none.",
        "It does not tell ports or protocols apart.",
        "Only look-ups through the VPC's resolver: block port 53 and DNS over HTTPS to other resolvers.",
        (
            "The rule for the rest blocks every other name for the whole VPC: add what the machine itself needs "
            "(package mirrors, time, AWS endpoints), or try it with the action ALERT first."
        ),
        "A name that is an alias (CNAME) is followed by the resolver; by default every name of the chain is inspected.",
    ),
    enforces=_enforces,
    render=_render,
    parse=_parse,
    ports=False,
)
