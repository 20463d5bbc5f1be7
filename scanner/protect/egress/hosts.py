"""Names, wildcards and addresses that may stand in a configuration, and which of them covers which.

What gets through here holds only letters, digits, dots, hyphens, colons (addresses) and one leading `*.`: no product's
language gives any of them another meaning. Everything else is refused, never repaired.
"""

from __future__ import annotations

import ipaddress
import re

from scanner.model.egress import Host, HostKind

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST = 253  # RFC 1035, without the dot at the end
_LOCAL_ENDINGS = ("localhost", "localhost.localdomain", "localhost6", "ip6-localhost")

ANY = Host(HostKind.ANY, "*")


def read_host(text: str) -> Host | None:
    """The host that a text names, None when it names none.

    A wildcard may have several `*` labels in front; they become one, since a product allows any depth below it.
    A name needs a dot: what has none is resolved by the search domain of the machine, so nobody can say which host
    it is.
    """
    plain = text.strip().lower().removesuffix(".")
    address = _address(plain)
    if address:
        return Host(HostKind.ADDRESS, address)
    rest = plain
    while rest.startswith("*."):
        rest = rest[2:]
    if rest == plain:
        name = _name(rest, labels=2)
        return Host(HostKind.NAME, name) if name else None
    name = _name(rest, labels=1)
    return Host(HostKind.WILDCARD, f"*.{name}") if name else None


def is_local(text: str) -> bool:
    """Whether a text names this machine."""
    plain = text.strip().lower().removesuffix(".")
    if plain in _LOCAL_ENDINGS or plain.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(plain.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def covers(wide: Host, narrow: Host) -> bool:
    """Whether an entry allows everything that another one allows. A wildcard does not cover the name below `*.`."""
    if wide.kind is HostKind.ANY:
        return True
    if wide.kind is not HostKind.WILDCARD:
        return wide == narrow
    if narrow.kind is HostKind.ADDRESS or narrow.kind is HostKind.ANY:
        return False
    ending = f".{wide.base}"
    return narrow.base.endswith(ending) or (narrow.kind is HostKind.WILDCARD and narrow.base == wide.base)


def overlaps(one: Host, other: Host) -> bool:
    """Whether some host is allowed by both entries."""
    return covers(one, other) or covers(other, one)


def depth(pattern: str) -> int:
    """Labels with a `*` in front of the fixed part: 2 for `*.*.example.org`."""
    labels = pattern.split(".")
    return max((index + 1 for index, label in enumerate(labels) if "*" in label), default=0)


def widen(pattern: str) -> str:
    """The wildcard that holds a pattern with `*` inside labels: `files-*.example.org` becomes `*.example.org`."""
    labels = pattern.split(".")
    rest = labels[depth(pattern) :]
    return ".".join(("*", *rest)) if rest else ""


def reverse_key(host: Host) -> tuple[str, ...]:
    """Sort key: names of one domain stand together, the domain first."""
    if host.kind is HostKind.ADDRESS:
        number = ipaddress.ip_address(host.text)
        return ("~", str(number.version), f"{int(number):039d}")
    return (*reversed(host.base.split(".")), host.kind.value)


def _name(text: str, labels: int) -> str:
    """A host name in ASCII, `` when it is none: RFC 1123 labels, so many at least, the last not a number."""
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    parts = text.split(".")
    if len(text) > _LONGEST or len(parts) < labels or parts[-1].isdigit():
        return ""
    if any(_LABEL.fullmatch(part) is None for part in parts) or _encoded_badly(parts):
        return ""
    return text


def _encoded_badly(labels: list[str]) -> bool:
    """Whether a label claims to be punycode and is not."""
    for label in labels:
        if label.startswith("xn--"):
            try:
                label.encode("ascii").decode("idna")
            except UnicodeError:
                return True
    return False


def _address(text: str) -> str:
    """Canonical form of an IP address, `` when it is none. Zones (`fe80::1%eth0`) are refused."""
    if "%" in text:
        return ""
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]") if text.startswith("[") else text))
    except ValueError:
        return ""
