"""nftables: sets of addresses that a resolver fills, since a packet filter knows no names.

Source: nft(8), sets with `timeout`; dnsmasq(8), option `nftset`, version 2.87 and newer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, HostKind
from scanner.protect.egress.entries import entry, port, squeeze
from scanner.protect.egress.lines import active, comments, reason

_TABLE = "redcap_egress"
_NFTSET = re.compile(r"(?:#\s*)?nftset=/(?P<names>[^#\s]+)/(?P<sets>\S+)")
_SET = re.compile(r"(?:[46]#)?inet#\w+#(?:tcp|udp)_(?P<port>\d+|any)_[46]")
_NFT_SET = re.compile(r"set (?:tcp|udp)_(?P<port>\d+|any)_[46] \{")
_ELEMENTS = re.compile(r"elements = \{(?P<items>[^}]*)\}")


def _enforces(rule: EgressRule) -> str:  # noqa: ARG001  every service has a port, and every name can be resolved
    return ""


def _render(found: EgressList) -> str:
    by_set: dict[tuple[str, int], list[EgressRule]] = defaultdict(list)
    for rule in active(found, TARGET):
        for key in sorted({(service.transport, service.port) for service in rule.services}):
            by_set[key].append(rule)
    lines = [*comments(found, TARGET), "", f"table inet {_TABLE} {{"]
    for (transport, number), rules in sorted(by_set.items()):
        lines += [*_sets(f"{transport}_{number or 'any'}", rules)]
    lines += ["\tchain output {", "\t\ttype filter hook output priority filter; policy accept;"]
    lines += ['\t\toifname "lo" accept', "\t\tct state established,related accept"]
    lines += ["\t\t# The account of the web server, and only it: the machine's own services have other needs."]
    lines += ['\t\tmeta skuid != "www-data" accept']
    for transport, number in sorted(by_set):
        name = f"{transport}_{number or 'any'}"
        wanted = f"{transport} dport {number}" if number else f"meta l4proto {transport}"
        lines += [f"\t\t{wanted} ip daddr @{name}_4 accept", f"\t\t{wanted} ip6 daddr @{name}_6 accept"]
    lines += ["\t\t# Look-ups at the resolver that fills the sets, where it is not on this machine: add its address."]
    lines += ["\t\treject with icmpx admin-prohibited", "\t}", "}", ""]
    lines += ["# Names, for dnsmasq (2.87 or newer), which puts the addresses that it answers into the sets."]
    lines += ["# Copy the lines without their `# ` into a file of /etc/dnsmasq.d/."]
    for (transport, number), rules in sorted(by_set.items()):
        lines += [*_names(f"{transport}_{number or 'any'}", rules)]
    return "\n".join([*lines, ""])


def _sets(name: str, rules: list[EgressRule]) -> Iterator[str]:
    """An IPv4 and an IPv6 set; addresses that the code names stand in it from the start."""
    for version, kind, mark in (("4", "ipv4_addr", "."), ("6", "ipv6_addr", ":")):
        fixed = [r for r in rules if r.host.kind is HostKind.ADDRESS and (":" in r.host.text) == (mark == ":")]
        yield from (f"\t# {rule.host.text}: {reason(rule)}" for rule in fixed)
        yield f"\tset {name}_{version} {{"
        yield f"\t\ttype {kind}"
        yield "\t\tflags timeout"
        if fixed:
            yield f"\t\telements = {{ {', '.join(rule.host.text for rule in fixed)} }}"
        yield "\t}"


def _names(name: str, rules: list[EgressRule]) -> Iterator[str]:
    for rule in rules:
        if rule.host.kind is not HostKind.ADDRESS:
            yield f"# {reason(rule)}"
            yield f"# nftset=/{rule.host.base}/4#inet#{_TABLE}#{name}_4,6#inet#{_TABLE}#{name}_6"


def _parse(text: str) -> tuple[Deployed, ...]:
    """Names of dnsmasq's `nftset` lines, and addresses that stand in the sets."""
    found: list[Deployed] = []
    current: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _NFTSET.match(line.strip())
        if match:
            ports = {item["port"] for item in _SET.finditer(match["sets"])}
            wanted = [] if "any" in ports else [port(item, number) for item in sorted(ports)]
            # dnsmasq matches a name and everything below it.
            found += [entry(f".{name}", wanted, line=number) for name in match["names"].split("/") if name]
            continue
        head = _NFT_SET.search(line)
        if head:
            current = [] if head["port"] == "any" else [port(head["port"], number)]
        elements = _ELEMENTS.search(line)
        if elements:
            items = [item.split()[0] for item in elements["items"].split(",") if item.strip()]
            found += [entry(item, current, line=number) for item in items]
    return squeeze(found)


TARGET = EgressTarget(
    name="nftables",
    title="nftables",
    checked="`nft --check`, and dnsmasq's own check of the lines for it",
    file="redcap-egress.nft",
    limits=(
        (
            "A packet filter knows addresses, not names: the sets stay empty until a resolver fills them (lines for "
            "dnsmasq below), and every other host on the same address (content delivery networks) is allowed too."
        ),
        "The program must ask the resolver that fills the sets; an address from elsewhere is not in them.",
        "dnsmasq matches a name and everything below it.",
        "Look-ups themselves can carry data: restrict which names the resolver answers as well.",
        "The rules look at the account www-data: change it where PHP runs as another.",
    ),
    enforces=_enforces,
    render=_render,
    parse=_parse,
    ports=True,
)
