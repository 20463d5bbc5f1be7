"""Generated texts: read back, hostile, and accepted by what is to read them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings

from scanner.model.egress import Deployed, EgressList, EgressTarget, HostKind
from scanner.protect.egress.entries import allows
from scanner.protect.egress.lines import active, page
from scanner.protect.egress.targets import targets
from tests.protect.egress.samples import SAMPLE, lists, program, release

ALL = list(targets().values())
NAMES = [target.name for target in ALL]
GOLDEN = Path(__file__).parent / "golden"
each = pytest.mark.parametrize("target", ALL, ids=NAMES)
servers = pytest.mark.servers


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=60)


def lacking(found: EgressList, entries: tuple[Deployed, ...], target: EgressTarget) -> list[str]:
    """Services of active rules that no entry allows, where the product could."""
    return [
        f"{rule.host.text} {service.protocol}"
        for rule in active(found, target)
        for service in rule.services
        if service.protocol in ("http", "https")
        and not any(allows(item, rule.host, [service.port] if target.ports else []) for item in entries)
    ]


def test_every_target_that_was_asked_for_is_there() -> None:
    assert NAMES == [
        "aws-network-firewall",
        "aws-network-firewall-suricata",
        "aws-route53-dns-firewall",
        "cilium",
        "nftables",
        "plain",
        "squid",
        "suricata",
    ]


@each
def test_golden(target: EgressTarget) -> None:
    path = GOLDEN / f"{target.name}.txt"
    text = target.render(SAMPLE)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), "review, then `make golden`"


@each
def test_what_is_written_is_read_back(target: EgressTarget) -> None:
    for found in (SAMPLE, release("15.8.0")):
        entries = target.parse(target.render(found))
        assert lacking(found, entries, target) == []
        allowed = {rule.host.text for rule in active(found, target)}
        for item in entries:
            assert item.host.text in allowed or (item.apex and item.host.base in allowed), item
        held = [rule for rule in found.rules if rule.held and rule.host.kind is not HostKind.WILDCARD]
        assert held
        assert not any(allows(item, rule.host) for item in entries for rule in held)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(lists)
def test_hostile_names_reasons_and_settings_never_add_an_entry(found: EgressList) -> None:
    for target in ALL:
        text = target.render(found)
        text.encode("ascii")
        entries = target.parse(text)
        allowed = {rule.host.text for rule in active(found, target)}
        assert {item.host.text for item in entries} <= allowed | {f"*.{name}" for name in allowed}
        assert lacking(found, entries, target) == []
        assert target.render(found) == text
        page(found, target).encode("utf-8")


def test_lines_carry_their_reason() -> None:
    for target in ALL:
        reasons = page(release("15.8.0"), target)
        assert re.search(r"\| api\\?\.twilio\\?\.com \|.*SMS and voice.*TwilioRC", reasons), target.name
    text = targets()["plain"].render(release("15.8.0"))
    assert "api.twilio.com  https/443  # optional; SMS and voice; redcap_v@/Classes/Alerts.php:28 and 7 more;" in text


# AWS: the shapes that botocore sends.


def validate(service: str, operation: str, content: dict[str, Any]) -> str:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    report: str = ParamValidator().validate(content, model.input_shape).generate_report()
    return report


@pytest.mark.parametrize("name", ["aws-network-firewall", "aws-network-firewall-suricata"])
def test_network_firewall_takes_the_rule_group(name: str) -> None:
    for found in (SAMPLE, release("15.8.0")):
        content = json.loads(targets()[name].render(found))
        assert validate("network-firewall", "CreateRuleGroup", content) == ""
        assert content["Capacity"] >= len(active(found, targets()[name]))
        assert re.fullmatch(r"[a-zA-Z0-9-]+", content["RuleGroupName"])
    content["RuleGroup"]["Unknown"] = 1
    assert "Unknown" in validate("network-firewall", "CreateRuleGroup", content)


def test_route_53_takes_every_request() -> None:
    content = json.loads(targets()["aws-route53-dns-firewall"].render(release("15.8.0")))
    assert set(content) == {
        "CreateFirewallDomainList",
        "UpdateFirewallDomains",
        "CreateFirewallRuleGroup",
        "CreateFirewallRule",
    }
    for operation, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            assert validate("route53resolver", operation, item) == ""
    assert "*" in content["UpdateFirewallDomains"][1]["Domains"]
    assert "*" not in content["UpdateFirewallDomains"][0]["Domains"]


def test_cilium_is_a_policy_with_its_own_look_ups() -> None:
    text = targets()["cilium"].render(SAMPLE)
    policy = yaml.safe_load(text)
    look_ups, *rest = policy["spec"]["egress"]
    names = [item for block in rest for item in block.get("toFQDNs", [])]
    assert {"matchPattern": "*.*.files.example.org"} in names
    assert {"matchPattern": "*.files.example.org"} in names
    seen = look_ups["toPorts"][0]["rules"]["dns"]
    assert all(item in seen for item in names)
    assert {"matchName": "names.example.net"} in seen  # looked up, never connected to
    assert {"matchName": "names.example.net"} not in names
    assert all(block.get("toFQDNs") or block.get("toCIDR") for block in rest)


# The products themselves.


@servers
def test_nftables_takes_the_sets(tmp_path: Path) -> None:
    for number, found in enumerate((SAMPLE, release("15.8.0"))):
        path = tmp_path / f"{number}.nft"
        path.write_text(targets()["nftables"].render(found), "ascii")
        done = run(program("nft"), "--check", "--file", path)
        assert (done.returncode, done.stderr) == (0, "")
    path.write_text(path.read_text("ascii").replace("flags timeout", "flags nonsense"), "ascii")
    assert run(program("nft"), "--check", "--file", path).returncode != 0


@servers
def test_dnsmasq_takes_the_lines_that_fill_the_sets(tmp_path: Path) -> None:
    text = targets()["nftables"].render(release("15.8.0"))
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# nftset=")]
    assert len(lines) > 15
    path = tmp_path / "dnsmasq.conf"
    path.write_text("\n".join([*lines, ""]), "ascii")
    done = run(program("dnsmasq"), "--test", f"--conf-file={path}")
    assert (done.returncode, "syntax check OK" in done.stderr) == (0, True), done.stderr


@servers
def test_squid_takes_the_access_lists(tmp_path: Path) -> None:
    for number, found in enumerate((SAMPLE, release("15.8.0"))):
        path = tmp_path / f"{number}.conf"
        path.write_text(targets()["squid"].render(found), "ascii")
        done = run(program("squid"), "-k", "parse", "-f", path)
        said = [line for line in done.stderr.splitlines() if re.search("WARNING|ERROR|FATAL|Bungled", line)]
        assert (done.returncode, said) == (0, [])
