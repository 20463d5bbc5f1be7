"""# host-setting-changed.

## What it does
Reports a constant, a property or a setting that names another host than in the baseline, with both values side by
side. The call that uses it may stand anywhere else.

## Why is this bad
One changed word sends everything to another server, and the calls themselves look as before.

## Example
```php
const ENDPOINT = 'https://api.example.net/';   // was https://api.example.org/
```

## References
- CWE-506
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from scanner.analysis.units import Binding
from scanner.detectors.base import rule
from scanner.diff.weakenings.hosts import hosts_in
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("host-setting-changed", Category.WEAKENING, "A setting names another host", __doc__)
_ENDPOINT = re.compile(
    r"host|server|endpoint|api|base_?ur[il]|domain|proxy|webhook|callback|gateway|relay|mirror|upstream|remote|service",
    re.IGNORECASE,
)
"""Words in a name that make its value an address to connect to, not a link to read."""
_LIST = 3
"""Values of one name in one function from which on they are a list: a host that moved in it was named before."""
_LINK = re.compile(r"doc|help|manual|home_?page|author|licen[cs]e|link|website|support|wiki|readme|see_?also|namespace")


def find(pair: Pair) -> Iterator[Weakening]:
    """Names whose value pointed elsewhere."""
    if pair.old is None:
        return
    before = _by_name(pair.old.bindings)
    for name, items in _by_name(pair.new.bindings).items():
        old = before.get(name, [])
        if len(old) != len(items):
            continue
        listed = frozenset[str]().union(*(hosts_in(item.value) for item in old)) if len(old) >= _LIST else frozenset()
        for one, other in zip(old, items, strict=True):
            gone, come = hosts_in(one.value), hosts_in(other.value)
            if not gone or not come or gone == come or come <= listed or _LINK.search(name.lower()):
                continue
            severity = Severity.MEDIUM if _ENDPOINT.search(name) else Severity.LOW
            yield Weakening(
                severity, other.line, name,
                f"{name} names {', '.join(sorted(come))} now, it was {', '.join(sorted(gone))}",
                (("old", one.value), ("new", other.value)),
            )  # fmt: skip


def _by_name(bindings: tuple[Binding, ...]) -> dict[str, list[Binding]]:
    found: dict[str, list[Binding]] = defaultdict(list)
    for item in bindings:
        if item.kind != "element":
            found[item.name].append(item)
    return found
