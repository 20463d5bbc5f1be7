"""Reading deployed lists: what the parsers of the targets share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, Host, HostKind
from scanner.protect.egress.hosts import ANY, covers, read_host
from scanner.report.escape import spell

_HIGHEST_PORT = 65535
_SHOWN = 80


def entry(text: str, ports: Iterable[int] = (), *, line: int = 0, dot: bool = True, depth: int = 0) -> Deployed:
    """One entry from a product's spelling: `host`, `*.host`, an address, `*` for everything.

    With `dot`, `.host` is the name and all below it. Raises: ConfigurationError when it is none of them.
    """
    wanted = tuple(sorted(set(ports)))
    if text.strip() in ("*", "*.", "."):
        return Deployed(ANY, wanted, line=line)
    apex = dot and text.strip().startswith(".")
    host = read_host(f"*{text.strip()}" if apex else text)
    if host is None:
        where = f"line {line}: " if line else ""
        message = f"{where}{spell(text, _SHOWN)!r} is no host, wildcard or address"
        raise ConfigurationError(message)
    return Deployed(host, wanted, apex=apex, depth=depth if host.kind is HostKind.WILDCARD else 0, line=line)


def allows(item: Deployed, host: Host, ports: Iterable[int] = ()) -> bool:
    """Whether an entry allows a host on all of these ports (0 is any port)."""
    if item.ports and not set(ports) <= set(item.ports):
        return False
    if item.apex and host.text == item.host.base:
        return True
    if not covers(item.host, host):
        return False
    return (
        not item.depth
        or host.base.count(".") + (host.kind is HostKind.WILDCARD) == item.host.base.count(".") + item.depth
    )


def port(text: str, line: int = 0) -> int:
    """A port number. Raises: ConfigurationError."""
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) <= _HIGHEST_PORT:
        where = f"line {line}: " if line else ""
        message = f"{where}{spell(text, _SHOWN)!r} is no port"
        raise ConfigurationError(message)
    return int(text)


def read_json(text: str, what: str) -> dict[str, object]:
    """An object from JSON. Raises: ConfigurationError that says what was expected."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {str(error).splitlines()[0]}: expected {what}"
        raise ConfigurationError(message) from error
    if not isinstance(data, dict):
        message = f"expected {what}"
        raise ConfigurationError(message)
    return data


def texts(value: object, what: str) -> list[str]:
    """A list of texts. Raises: ConfigurationError."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        message = f"{what} is not a list of texts"
        raise ConfigurationError(message)
    return value


def squeeze(items: Iterable[Deployed]) -> tuple[Deployed, ...]:
    """Entries of one host and line together, with all their ports, in the order of the file."""
    found: dict[tuple[Host, bool, int, int], set[int] | None] = {}
    for item in items:
        key = (item.host, item.apex, item.depth, item.line)
        known = found.get(key, set())
        found[key] = None if known is None or not item.ports else {*known, *item.ports}
    return tuple(
        Deployed(host, tuple(sorted(ports or ())), apex, depth, line)
        for (host, apex, depth, line), ports in found.items()
    )
