"""Suricata with the fixture release's rules over recorded connections: what is listed passes, the rest is dropped."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scanner.protect.egress.lines import active
from scanner.protect.egress.targets import targets
from tests.protect.egress.packets import SERVER, client_hello, connection, pieces, recording
from tests.protect.egress.samples import SAMPLE, program, release

pytestmark = pytest.mark.servers
TARGET = targets()["suricata"]
CONFIGURATION = """\
%YAML 1.1
---
vars:
  address-groups: {HOME_NET: "[10.0.0.0/8]", EXTERNAL_NET: "!$HOME_NET"}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [drop]}
app-layer: {protocols: {tls: {enabled: yes, detection-ports: {dp: 443}}, http: {enabled: yes}}}
flow: {memcap: 16mb, hash-size: 1024, prealloc: 100}
stream: {memcap: 16mb, inline: yes, reassembly: {memcap: 32mb}}
logging: {default-log-level: notice, outputs: [{console: {enabled: yes}}]}
"""
GET = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"
ADDRESS = "169.254.169.254"
Case = tuple[str, int, list[bytes]]

PASS: dict[str, Case] = {
    "one packet": (SERVER, 443, [client_hello("api.twilio.com", 16)]),
    "two packets": (SERVER, 443, pieces(client_hello("api.twilio.com"))),
    "many packets": (SERVER, 443, pieces(client_hello("api.twilio.com"), 50)),
    "upper case": (SERVER, 443, pieces(client_hello("API.Twilio.COM"))),
    "long after": (
        SERVER,
        443,
        [*pieces(client_hello("api.twilio.com")), *([b"\x17\x03\x03\x05\x78" + b"x" * 1400] * 40)],
    ),
    "address": (ADDRESS, 80, [GET % ADDRESS.encode()]),
    "wildcard": (SERVER, 443, pieces(client_hello("ours.blob.core.windows.net"))),
}
DROP: dict[str, Case] = {
    **{
        f"name {name or 'missing'}": (SERVER, 443, pieces(client_hello(name)))
        for name in (
            "evil.example",
            "cdn-assets.example.net",
            "api.twilio.com.evil.example",
            "xapi.twilio.com",
            "sub.api.twilio.com",
            "evilblob.core.windows.net",
            "",
        )
    },
    "unlisted name in one packet": (SERVER, 443, [client_hello("evil.example", 16)]),
    "other port": (SERVER, 8443, pieces(client_hello("api.twilio.com"))),
    "plain HTTP": (SERVER, 80, [GET % b"evil.example"]),
    "plain HTTP to a host listed for TLS": (SERVER, 80, [GET % b"api.twilio.com"]),
    "other address": ("169.254.169.253", 80, [GET % ADDRESS.encode()]),
    "SSH on the TLS port": (SERVER, 443, [b"SSH-2.0-x\r\n" * 3]),
    "mail": (SERVER, 25, [b"EHLO x\r\n"]),
    "unknown protocol on an unlisted port": (SERVER, 4444, [b"hello"]),
    "unknown protocol on the TLS port": (SERVER, 443, [b"\x01\x02 data " * 100] * 20),
}


def suricata(folder: Path, rules: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "suricata.yaml").write_text(CONFIGURATION, "ascii")
    (folder / "list.rules").write_text(rules, "ascii")
    command: list[str | Path] = [
        program("suricata"),
        "-c",
        folder / "suricata.yaml",
        "-S",
        folder / "list.rules",
        "-l",
        folder,
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("E:", "W: detect"))]


@pytest.mark.parametrize("found", [SAMPLE, release("15.8.0")], ids=["sample", "release"])
def test_suricata_takes_the_rules(tmp_path: Path, found: object) -> None:
    assert isinstance(found, type(SAMPLE))
    done = suricata(tmp_path, TARGET.render(found), "-T")
    assert (done.returncode, complaints(done)) == (0, [])


def test_suricata_takes_the_rules_of_the_rule_group(tmp_path: Path) -> None:
    group = json.loads(targets()["aws-network-firewall-suricata"].render(release("15.8.0")))
    done = suricata(tmp_path, group["RuleGroup"]["RulesSource"]["RulesString"], "-T")
    assert (done.returncode, complaints(done)) == (0, [])
    broken = suricata(tmp_path, "pass tls any any -> any any (msg:no; nonsense; sid:1;)", "-T")
    assert broken.returncode != 0


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the connections of which a packet was dropped."""
    folder = tmp_path_factory.mktemp("suricata")
    found = release("15.8.0", (ADDRESS, "*.blob.core.windows.net"))
    listed = {
        f"listed {rule.host.text}": (SERVER, 443, pieces(client_hello(rule.host.text)))
        for rule in active(release("15.8.0"), TARGET)
    }
    cases = {**PASS, **DROP, **listed}
    packets = [
        packet
        for number, (server, port, chunks) in enumerate(cases.values())
        for packet in connection(20_000 + number, server, port, chunks)
    ]
    (folder / "all.pcap").write_bytes(recording(packets))
    done = suricata(folder, TARGET.render(found), "-r", str(folder / "all.pcap"), "--simulate-ips", "-k", "none")
    assert (done.returncode, complaints(done)) == (0, [])
    names = list(cases)
    events = [json.loads(line) for line in (folder / "eve.json").read_text("utf-8").splitlines()]
    ports = {port for item in events for port in (item["src_port"], item["dest_port"]) if port >= 20_000}
    return {names[port - 20_000] for port in ports}


@pytest.mark.parametrize("case", PASS)
def test_listed_connections_pass(dropped: set[str], case: str) -> None:
    assert case not in dropped


@pytest.mark.parametrize("case", DROP)
def test_all_others_are_dropped(dropped: set[str], case: str) -> None:
    assert case in dropped


def test_every_listed_host_passes(dropped: set[str]) -> None:
    assert [name for name in dropped if name.startswith("listed ")] == []
