"""Suricata in line: rules that pass the listed hosts and drop everything else over TCP."""

from __future__ import annotations

from scanner.model.egress import EgressList, EgressTarget
from scanner.protect.egress.lines import comments
from scanner.protect.egress.signatures import LIMITS, enforces, parse_rules, rules


def _render(found: EgressList) -> str:
    return "\n".join([*comments(found, TARGET), "", *rules(found, TARGET), ""])


TARGET = EgressTarget(
    name="suricata",
    title="Suricata",
    checked="`suricata -T`, and Suricata over recorded connections: listed hosts pass, others are dropped",
    file="redcap-egress.rules",
    limits=(*LIMITS, "The rules drop only when Suricata runs in line (IPS mode); else they alert."),
    enforces=enforces,
    render=_render,
    parse=parse_rules,
    ports=True,
)
