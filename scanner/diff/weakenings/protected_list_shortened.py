"""# protected-list-shortened.

## What it does
Reports entries that are gone from a list of what is encrypted, hidden, masked in logs, blocked or restricted. A list is
one by its name, or because its entries name secrets (`password`, `api_token`).

Severity is `high` where an entry that is gone names a secret, or an extension of programs in a list of such; `medium`
for other entries of such a list and for names of secrets in a list that is one by its entries alone; one step less
where as many entries came as went, which is what a new name looks like.

## Why is this bad
The code that uses the list stays as it is, and what is not on it any more is stored as it is, shown, or let through.

## Example
```php
private const MASKED = ['api_token', 'client_secret'];   // was ['password', 'salt', 'api_token', 'client_secret']
```

## References
- CWE-184, CWE-532
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.weakenings.lists import SHOWN, lists, shown
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("protected-list-shortened", Category.WEAKENING, "A list of what is protected has shrunk", __doc__)
_LIST = re.compile(
    r"encrypt|redact|mask|scrub|sensitive|secret|credential|conceal|hidden|deny|denied|black_?list|block_?list|blocked"
    r"|forbid|disallow|prohibit|dangerous|unsafe|protected|restricted|no_?log|admin_?only|require_?(?:auth|login)"
)
_SECRET = re.compile(
    r"passw|passwd|(?:^|_)pwd|(?:^|_)salt|secret|token|api_?key|private_?key|credential|(?:auth|client|hmac)_?key|authorization"
    r"|cookie|session_?id",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"^\.?(?:php\d?|phtml|phar|pht|phps|inc|cgi|pl|py|sh|exe|htaccess|jsp|asp)$", re.IGNORECASE)
_FEW = 2
"""Entries naming secrets from which on a list is one of secrets, whatever its name."""
_LOWER = {Severity.HIGH: Severity.MEDIUM, Severity.MEDIUM: Severity.LOW, Severity.LOW: Severity.LOW}


def find(pair: Pair) -> Iterator[Weakening]:
    """Lists that lack entries which the namesake had."""
    if pair.old is None:
        return
    before, after = lists(pair.old), lists(pair.new)
    for name, entries in after.items():
        old = before.get(name, {})
        lost = [entry for entry in old if entry not in entries]
        if not lost:
            continue
        severity = _severity(name, old, lost)
        if severity is None:
            continue
        if sum(entry not in old for entry in entries) >= len(lost):
            severity = _LOWER[severity]
        yield Weakening(
            severity, min(entries.values()), name, f"{name} lacks {shown(lost)} now",
            (("entries", f"{len(old)} -> {len(entries)}"), ("removed", ", ".join(lost[:SHOWN]))),
        )  # fmt: skip


def _severity(name: str, old: dict[str, int], lost: list[str]) -> Severity | None:
    """By what is not protected any more; None for any other list."""
    secret = any(map(_SECRET.search, lost))
    named = _LIST.search(name.lower()) is not None
    if named and (secret or (any(map(_PROGRAM.match, lost)) and _of_programs(old))):
        return Severity.HIGH
    if not named and secret and sum(_SECRET.search(entry) is not None for entry in old) >= _FEW:
        return Severity.MEDIUM if all(map(_SECRET.search, lost)) else Severity.LOW
    return Severity.MEDIUM if named else None


def _of_programs(old: dict[str, int]) -> bool:
    """Whether a list was one of extensions: `php` alone among words is the name of a language."""
    programs = sum(_PROGRAM.match(entry) is not None for entry in old)
    return programs > 1 or 2 * programs >= len(old)
