"""Hosts and addresses in the constants of a function."""

from __future__ import annotations

import re

from scanner.analysis.units import Unit

_ADDRESS = re.compile(
    r"\b(https?|wss?|ftps?|ldaps?|tcp|tls|ssl|smtps?)://([A-Za-z0-9.-]{3,253}(?::\d{1,5})?)([^\s'\"<>]{0,200})"
)
_HOST = re.compile(
    r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}(?::\d{1,5})?$|^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$"
)
_FILE = re.compile(
    r"\.(?:php|inc|js|css|html?|txt|png|gif|jpe?g|svg|xml|json|ya?ml|md|sql|ini|log|tpl|twig|zip|pdf|csv|po|mo|lock|sh|exe|phar|ico|conf|class|module|name|id|type|value)$"
)


def addresses(unit: Unit) -> dict[tuple[str, str], int]:
    """Scheme, and host with path, of every address in the unit -> line."""
    found: dict[tuple[str, str], int] = {}
    for text, line in texts(unit):
        for match in _ADDRESS.finditer(text):
            found.setdefault((match[1].lower(), match[2].lower() + match[3]), line)
    return found


def texts(unit: Unit) -> list[tuple[str, int]]:
    """All constant texts of a unit."""
    return [*unit.strings, *((item.value, item.line) for item in unit.bindings)]


def hosts_in(text: str) -> frozenset[str]:
    """Hosts that a text names: in addresses, or as the whole text."""
    found = {match[2].lower() for match in _ADDRESS.finditer(text)}
    bare = text.strip().lower()
    if not found and _HOST.match(bare) and not _FILE.search(bare):
        found.add(bare)
    return frozenset(found)
