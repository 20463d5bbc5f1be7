"""AWS Network Firewall: a stateful rule group with rules in Suricata's language.

Source: AWS Network Firewall developer guide, Suricata compatible rule strings: strict order is evaluated in the order
of the text; a rule string may hold comments and at most 2,000,000 characters.
"""

from __future__ import annotations

from scanner.errors import ConfigurationError
from scanner.model.egress import EgressList, EgressTarget
from scanner.protect.egress.lines import comments
from scanner.protect.egress.signatures import LIMITS, enforces, rules
from scanner.protect.egress.targets.aws_network_firewall import parse_group, rule_group

_LONGEST = 2_000_000
_SPARE = 2  # room for changes: the capacity of a rule group is fixed when it is made


def _render(found: EgressList) -> str:
    lines = list(rules(found, TARGET))
    text = "\n".join([*comments(found, TARGET), *lines, ""])
    if len(text) > _LONGEST:
        text = "\n".join([*lines, ""])
    if len(text) > _LONGEST:
        message = f"{len(text):,} characters of rules, and a rule group takes {_LONGEST:,}: use --leave-out"
        raise ConfigurationError(message)
    count = sum(not line.startswith("#") for line in lines)
    return rule_group(
        "redcap-egress-rules",
        "Hosts that the REDCap server connects to, by name and port",
        max(100, _SPARE * count),
        {"RulesSource": {"RulesString": text}, "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"}},
    )


TARGET = EgressTarget(
    name="aws-network-firewall-suricata",
    title="AWS Network Firewall (Suricata rules)",
    checked="the service model of botocore, and the rules by `suricata -T`; not against AWS itself",
    file="redcap-egress-rules.json",
    limits=(*LIMITS, "DNS look-ups of the VPC's resolver do not pass it: see aws-route53-dns-firewall."),
    enforces=enforces,
    render=_render,
    parse=parse_group,
    ports=True,
)
