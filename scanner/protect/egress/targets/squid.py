"""Squid: access lists for a proxy that lets nothing else through.

Source: Squid 5 and 6 configuration reference, directives `acl` (`dstdomain`, `dst`, `port`) and `http_access`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, Host, HostKind
from scanner.protect.egress.entries import entry, port, squeeze
from scanner.protect.egress.hosts import ANY, covers
from scanner.protect.egress.lines import active, comments, reason

_PROXIED = frozenset({"http", "https", "tls", "any", "ftp"})
_DOMAINS = ("dstdomain",)
_ADDRESSES = ("dst",)


def _enforces(rule: EgressRule) -> str:
    if any(service.protocol in _PROXIED and service.transport == "tcp" for service in rule.services):
        return ""
    return f"a web proxy does not carry {' and '.join(sorted({item.protocol for item in rule.services}))}"


def _render(found: EgressList) -> str:
    by_ports: dict[tuple[str, int], list[EgressRule]] = defaultdict(list)
    for rule in active(found, TARGET):
        for way in sorted({_way(service.protocol, service.port) for service in rule.services} - {("", 0)}):
            by_ports[way].append(rule)
    lines = [*comments(found, TARGET), "", "acl redcap_connect method CONNECT"]
    access: list[str] = []
    for (kind, number), rules in sorted(by_ports.items()):
        name = f"redcap_{kind}_{number or 'any'}"
        if number:
            lines += ["", f"acl {name}_port port {number}"]
        lines += [*_acls(name, rules)]
        condition = "redcap_connect" if kind == "tunnel" else "!redcap_connect"
        wanted = f"{name}_port " if number else ""
        used = {"address" if rule.host.kind is HostKind.ADDRESS else "name" for rule in rules}
        access += [f"http_access allow {condition} {wanted}{name}_{item}" for item in sorted(used)]
    return "\n".join([*lines, "", *access, "http_access deny all", ""])


def _way(protocol: str, number: int) -> tuple[str, int]:
    """How a service goes through the proxy: TLS in a tunnel, plain HTTP and FTP as requests."""
    if protocol not in _PROXIED:
        return "", 0
    return ("request" if protocol in ("http", "ftp") else "tunnel", number)


def _acls(name: str, rules: list[EgressRule]) -> Iterator[str]:
    """One line for each host. Squid refuses a name beside a wildcard that covers it."""
    hosts = {rule.host: rule for rule in rules}
    for host, rule in hosts.items():
        if any(other != host and _squid_covers(other, host) for other in hosts):
            continue
        yield f"# {reason(rule)}"
        if host.kind is HostKind.ADDRESS:
            # `dst -n` looks at addresses in the request only: a name that points there does not match.
            yield f"acl {name}_address dst -n {host.text}"
        else:
            # `-n`: an address in the request is not looked up, so that its owner cannot name it after a listed host.
            yield f"acl {name}_name dstdomain -n {_spelled(host)}"


def _squid_covers(wide: Host, narrow: Host) -> bool:
    """`.example.org` holds `example.org` too."""
    return covers(wide, narrow) or (wide.kind is HostKind.WILDCARD and wide.base == narrow.text)


def _spelled(host: Host) -> str:
    return f".{host.base}" if host.kind is HostKind.WILDCARD else host.text


def _parse(text: str) -> tuple[Deployed, ...]:
    """Hosts of the `http_access allow` lines in front of the first `http_access deny all`."""
    acls: dict[str, tuple[str, list[tuple[int, str]]]] = {}
    found: list[Deployed] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] == "acl" and len(words) >= 3:  # noqa: PLR2004  name and type
            _remember(acls, words, number)
        elif words[0] == "http_access" and words[1:] == ["deny", "all"]:
            break
        elif words[0] == "http_access" and words[1:2] == ["allow"]:
            found += _allowed(acls, words[2:], number)
        elif words[0] != "http_access" and len(words) == 1 and "." in words[0]:
            found.append(entry(words[0], line=number))  # a file of names, as `acl ... dstdomain "FILE"` reads it
    if not found and acls:
        return tuple(
            entry(value, line=at) for kind, values in acls.values() if kind in _DOMAINS for at, value in values
        )
    return squeeze(found)


def _remember(acls: dict[str, tuple[str, list[tuple[int, str]]]], words: list[str], number: int) -> None:
    kind = words[2]
    values = [word for word in words[3:] if not re.fullmatch(r"-[a-zA-Z]|--", word)]
    if any(value.startswith('"') for value in values):
        message = f"line {number}: the values stand in another file: give that file, or both in one"
        raise ConfigurationError(message)
    known = acls.setdefault(words[1], (kind, []))
    known[1].extend((number, value) for value in values)


def _allowed(acls: dict[str, tuple[str, list[tuple[int, str]]]], names: list[str], number: int) -> Iterator[Deployed]:
    """Entries of one `http_access allow` line: hosts of its lists on ports of its lists."""
    ports: list[int] = []
    hosts: list[tuple[int, str]] = []
    narrowed = False
    for name in names:
        kind, values = acls.get(name.removeprefix("!"), ("", []))
        if kind.startswith("dstdom_regex"):
            message = f"line {number}: `{name}` is a regular expression: cannot tell which hosts it allows"
            raise ConfigurationError(message)
        if name.startswith("!"):
            continue
        if kind in ("port", "localport"):
            ports += [item for _, value in values for item in _ports(value, number)]
        elif kind in (*_DOMAINS, *_ADDRESSES):
            narrowed = True
            hosts += values
    if not narrowed and names != ["localhost", "manager"]:
        yield Deployed(ANY, tuple(sorted(set(ports))), line=number)
    for at, value in hosts:
        yield entry("*" if value in ("all", "0.0.0.0/0", "::/0") else value.removesuffix("/32"), ports, line=at)


def _ports(value: str, number: int) -> list[int]:
    first, dash, last = value.partition("-")
    low = port(first, number)
    return list(range(low, port(last, number) + 1)) if dash else [low]


TARGET = EgressTarget(
    name="squid",
    title="Squid",
    checked="`squid -k parse`, and a running Squid that lets the listed hosts through and no others",
    file="redcap-egress.conf",
    limits=(
        (
            "Only what goes through the proxy: block direct connections from the server at the firewall, and set the "
            "proxy in REDCap and in the server's environment."
        ),
        "A tunnel (CONNECT) is allowed by the name that the client asks for; what it then does inside is not seen.",
        "DNS look-ups of the server itself do not pass the proxy.",
        "Mail, LDAP, SSH and databases do not pass the proxy.",
    ),
    enforces=_enforces,
    render=_render,
    parse=_parse,
    ports=True,
)
