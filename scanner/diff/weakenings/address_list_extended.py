"""# address-list-extended.

## What it does
Reports a function, class or file that lists the addresses of many hosts and names a host in addition that its file did
not name before: a table of services, of providers, of mirrors.

## Why is this bad
One of a long list of addresses is chosen while the program runs. Of the call that goes there nobody can say more than
that it goes to any of them, and it looks the same with one more.

## Example
```php
$providers = ['a.example' => 'https://a.example/oembed', 'b.example' => 'https://b.example/oembed', /* ... */];
```

## References
- CWE-918; CWE-183
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.analysis.units import Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.hosts import hosts_in
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("address-list-extended", Category.WEAKENING, "A list of addresses names another host", __doc__)
_LONG = 12
"""Hosts of a list that is long; of a shorter one the call that uses it names all (see `MAX_TEXTS` in values.py)."""
_WHOLE = re.compile(r"(?:https?|wss?|ftps?|ldaps?|tcp|tls|ssl|smtps?)://[^\s'\"<>]{4,300}", re.IGNORECASE)
"""A text that is an address and nothing else, unlike one with a link in it."""
_SHOWN = 6
_MOST = 40


def find(pair: Pair) -> Iterator[Weakening]:
    """Hosts that a long list gained."""
    if pair.old is None:
        return
    before = _hosts(pair.old)
    if len(before) < _LONG:
        return
    known = frozenset[str]().union(*(hosts_in(text) for text in _texts(pair.old_file.units.values())))
    gained = {host: line for host, line in _hosts(pair.new).items() if host not in known}
    if gained:
        shown = ", ".join(sorted(gained)[:_SHOWN]) + (" and others" if len(gained) > _SHOWN else "")
        message = f"a list of {len(before)} hosts names {shown} in addition"
        yield Weakening(
            Severity.MEDIUM, min(gained.values()), "addresses", message,
            (("added", ", ".join(sorted(gained)[:_MOST])),), destinations=tuple(sorted(gained)[:_MOST]),
        )  # fmt: skip


def _hosts(unit: Unit) -> dict[str, int]:
    """Host -> line, of texts that are addresses."""
    found: dict[str, int] = {}
    for text, line in unit.strings:
        if _WHOLE.fullmatch(text):
            for host in hosts_in(text):
                found.setdefault(host, line)
    return found


def _texts(units: Iterable[Unit]) -> Iterator[str]:
    for unit in units:
        yield from (text for text, _line in unit.strings)
