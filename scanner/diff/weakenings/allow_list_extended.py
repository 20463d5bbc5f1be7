"""# allow-list-extended.

## What it does
Reports entries that a list of what is allowed has gained: hosts, pages without login, file extensions, methods, users.
A list is one by its name; the entries that are new are shown.

## Why is this bad
The check stays as it is and lets more through.

## Example
```php
$noauth_pages = ['index.php', 'surveys/index.php', 'Tools/export.php'];
```

## References
- CWE-183
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.weakenings.hosts import hosts_in
from scanner.diff.weakenings.lists import SHOWN, lists, shown
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("allow-list-extended", Category.WEAKENING, "A list of what is allowed has grown", __doc__)
_LIST = re.compile(
    r"allow|white_?list|safe_?list|trusted|permitted|accepted|no_?auth|no_?login|public_?(?:pages|routes|actions)|unauthenticated"
    r"|exempt|except|bypass|skip_?(?:auth|csrf|login)|valid_?(?:hosts|domains|origins|ext)|csrf_?(?:except|ignore)"
)
_OPEN_DOOR = re.compile(
    r"no_?auth|no_?login|unauthenticated|csrf|(?<!headersto)(?<!headers_to_)bypass|skip_?(?:auth|login)|anonymous|public_?(?:pages|routes|actions)"
)
_PROGRAM = re.compile(r"^\.?(?:php\d?|phtml|phar|pht|phps|inc|cgi|pl|py|sh|exe|htaccess|jsp|asp)$")
_HOSTS = re.compile(r"host|domain|origin|server|url|cors|ip|proxy|referer")


def find(pair: Pair) -> Iterator[Weakening]:
    """Lists with entries that the namesake had not."""
    if pair.old is None:
        return
    before, after = lists(pair.old), lists(pair.new)
    for name, entries in after.items():
        old = before.get(name)
        gained = [entry for entry in entries if old is not None and entry not in old]
        if not gained or old is None or not _LIST.search(name.lower()):
            continue
        severity = _severity(name.lower(), gained)
        if severity is not None:
            yield Weakening(
                severity, entries[gained[0]], name, f"{name} allows {shown(gained)} in addition",
                (("added", ", ".join(gained[:SHOWN])), ("entries", f"{len(old)} -> {len(entries)}")),
            )  # fmt: skip


def _severity(name: str, gained: list[str]) -> Severity | None:
    """By what the list opens."""
    if any(_PROGRAM.match(entry.lower()) for entry in gained) or "*" in gained:
        return Severity.HIGH
    if _OPEN_DOOR.search(name):
        return Severity.HIGH if len(gained) <= SHOWN else Severity.MEDIUM
    if any(hosts_in(entry) for entry in gained) and _HOSTS.search(name):
        return Severity.MEDIUM
    return Severity.LOW
