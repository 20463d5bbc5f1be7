"""Rules in Suricata's language, for Suricata itself and for AWS Network Firewall.

Source: Suricata user guide 7, rules: `tls.sni`, `http.host`, `dotprefix`, `flow`, `app-layer-protocol`, and the order
of actions (pass before drop).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, HostKind, Service
from scanner.protect.egress.entries import entry, port, squeeze
from scanner.protect.egress.hosts import ANY, read_host
from scanner.protect.egress.lines import active, reason
from scanner.report.escape import spell

FIRST_SID = 1_000_001  # 1,000,000 to 1,999,999 is kept for rules of one's own
LIMITS = (
    (
        "The name is the one that the client shows (TLS server name, HTTP Host): who wants to can show a listed "
        "name to a server of its own."
    ),
    "Encrypted Client Hello hides the name; such connections are dropped.",
    (
        "Protocols that show no name (mail, LDAP, SSH, databases) are dropped towards $EXTERNAL_NET: allow them "
        "by address, or keep them in $HOME_NET."
    ),
    "What is neither TLS nor HTTP can send up to 8 KiB in each connection to a listed port before it is cut.",
    "UDP is not judged, DNS among it: a look-up can carry data.",
)
_PROTOCOLS = {"https": ("tls", "tls.sni"), "tls": ("tls", "tls.sni"), "http": ("http", "http.host")}
_RULE = re.compile(
    r"(?P<action>\w+)\s+(?P<protocol>[\w-]+)\s+\S+\s+\S+\s+(?:->|<>)\s+(?P<destination>\S+)\s+(?P<port>\S+)\s*\((?P<options>.*)\)\s*"
)
_OPTION = re.compile(r"(?<![\w.\-])(?P<name>[\w.\-]++)\s*+(?::\s*+(?P<value>(?:\"(?:\\.|[^\"\\])*+\"|[^;\"])*+))?;")
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._/:,@*+()\-]")
_LONGEST_MESSAGE = 160
_LEAST_RANGE = 2
_FIRST_BYTES = 8192
"""A client's first TLS message and the head of an HTTP request are shorter; by then a listed connection has passed.
Without this limit a protocol that Suricata does not recognise could talk on a listed port."""


def enforces(rule: EgressRule) -> str:
    """Why a rule cannot be written: without TLS or HTTP no name is seen."""
    if rule.host.kind is HostKind.ADDRESS or any(_named(service) for service in rule.services):
        return ""
    return f"{' and '.join(sorted({item.protocol for item in rule.services}))} shows no name of a host"


def _named(service: Service) -> bool:
    return service.protocol in _PROTOCOLS or (service.protocol == "any" and service.transport == "tcp")


def rules(found: EgressList, target: EgressTarget) -> Iterator[str]:
    """A pass rule for every host and service, then the drops."""
    sid = FIRST_SID
    for rule in active(found, target):
        yield f"# {reason(rule)}"
        for body in sorted(set(_bodies(rule))):
            yield f"{body}sid:{sid}; rev:1;)"
            sid += 1
    yield "# Everything else over TCP."
    for body in _drops(sorted(_ports_of(active(found, target)))):
        yield f"{body}sid:{sid}; rev:1;)"
        sid += 1


def _ports_of(wanted: list[EgressRule]) -> set[int]:
    """Ports on which a name can be listed. Empty when some service has any port."""
    found = {
        item.port for rule in wanted if rule.host.kind is not HostKind.ADDRESS for item in rule.services if _named(item)
    }
    return set() if 0 in found else found | {80, 443}


def _drops(ports: list[int]) -> Iterator[str]:
    """Rules that drop what no pass rule has let through.

    A client's first TLS message may come in several packets (key shares of post-quantum algorithms make it large), so
    nothing may be decided before its server name is read: the first rule waits for the name, the second for the end
    of a message that shows none.
    """
    way = "$HOME_NET any -> $EXTERNAL_NET"
    if ports:
        listed = ",".join(map(str, ports))
        yield f'drop tcp {way} ![{listed}] (msg:"redcap egress, port that is not listed"; flow:to_server; '
    yield (
        f'drop tls {way} any (msg:"redcap egress, TLS to a host that is not listed"; flow:to_server,established; '
        "tls.sni; bsize:>0; "
    )
    yield (
        f'drop tls {way} any (msg:"redcap egress, TLS without a name"; flow:to_server,established; '
        "ssl_state:client_hello; "
    )
    yield f'drop http {way} any (msg:"redcap egress, HTTP to a host that is not listed"; flow:to_server,established; '
    yield (
        f'drop tcp {way} any (msg:"redcap egress, neither TLS nor HTTP"; flow:to_server,established; '
        "app-layer-protocol:!tls; app-layer-protocol:!http; "
    )
    yield (
        f'drop tcp {way} any (msg:"redcap egress, no name in the first bytes"; flow:to_server,established; '
        f"stream_size:client,>,{_FIRST_BYTES}; "
    )


def _bodies(rule: EgressRule) -> Iterator[str]:
    """Pass rules without their number."""
    message = message_text(f"{rule.host.text} {rule.feature}")
    for service in rule.services:
        ports = str(service.port) if service.port else "any"
        if rule.host.kind is HostKind.ADDRESS:
            address = f"[{rule.host.text}]" if ":" in rule.host.text else rule.host.text
            yield f'pass {service.transport} $HOME_NET any -> {address} {ports} (msg:"{message}"; '
            continue
        for protocol, buffer in sorted(set(_PROTOCOLS.values())) if service.protocol == "any" else _one(service):
            yield (
                f'pass {protocol} $HOME_NET any -> $EXTERNAL_NET {ports} (msg:"{message}"; '
                f"flow:to_server,established; {_match(rule, buffer)} "
            )


def _one(service: Service) -> list[tuple[str, str]]:
    return [_PROTOCOLS[service.protocol]] if service.protocol in _PROTOCOLS else []


def _match(rule: EgressRule, buffer: str) -> str:
    """The whole name, or its end behind a dot. Suricata folds `http.host` itself, `tls.sni` not."""
    case = " nocase;" if buffer == "tls.sni" else ""
    if rule.host.kind is HostKind.WILDCARD:
        return f'{buffer}; dotprefix; content:".{rule.host.base}"; endswith;{case}'
    return f'{buffer}; content:"{rule.host.text}"; startswith; endswith;{case}'


def message_text(text: str) -> str:
    """Text for `msg`: letters, digits and little else, since quotes, semicolons and backslashes end it."""
    return _UNSAFE.sub("_", text)[:_LONGEST_MESSAGE]


def parse_rules(text: str) -> tuple[Deployed, ...]:
    """Entries of the pass rules. Raises: ConfigurationError for one whose hosts cannot be told."""
    found: list[Deployed] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue
        match = _RULE.fullmatch(plain)
        if match is None:
            message = f"line {number}: not a Suricata rule: {spell(plain, 60)}"
            raise ConfigurationError(message)
        if match["action"] == "pass" and match["protocol"] != "dns":
            found.append(_entry(match, number))
    return squeeze(found)


def _entry(match: re.Match[str], number: int) -> Deployed:
    ports = _ports(match["port"], number)
    address = read_host(match["destination"].strip("[]").removesuffix("/32").removesuffix("/128"))
    if address is not None and address.kind is HostKind.ADDRESS:
        return entry(address.text, ports, line=number)
    options = [(item["name"], (item["value"] or "").strip()) for item in _OPTION.finditer(match["options"])]
    names = [name for name, _ in options]
    if "flow" in names and any(name == "flow" and "not_established" in value for name, value in options):
        return Deployed(ANY, tuple(sorted(ports)), line=number)
    if "pcre" in names or names.count("content") > 1:
        message = f"line {number}: cannot tell which hosts the rule allows: use one content with tls.sni or http.host"
        raise ConfigurationError(message)
    content = next((value.strip('"') for name, value in options if name == "content"), "")
    if not content or not {"tls.sni", "http.host", "tls_sni", "http_host"} & set(names):
        return Deployed(ANY, tuple(sorted(ports)), line=number)
    if "dotprefix" in names or content.startswith("."):
        return entry(f".{content.lstrip('.')}", ports, line=number)
    if not {"startswith", "endswith"} <= set(names) and "bsize" not in names:
        message = f"line {number}: the rule allows every name that holds {content!r}: add startswith and endswith"
        raise ConfigurationError(message)
    return entry(content, ports, line=number)


def _ports(text: str, number: int) -> list[int]:
    """Ports of a rule's head: a number, `[80,443]`, `1:1024`; empty for any and for variables."""
    if text == "any" or "$" in text or "!" in text:
        return []
    found: list[int] = []
    for part in text.strip("[]").split(","):
        bounds = part.strip().split(":")
        numbers = [port(item, number) for item in bounds if item]
        if len(bounds) == _LEAST_RANGE:
            if len(numbers) < _LEAST_RANGE:
                return []
            found += range(numbers[0], numbers[1] + 1)
        else:
            found += numbers
    return found
