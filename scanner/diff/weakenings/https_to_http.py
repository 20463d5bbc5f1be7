"""# https-to-http.

## What it does
Reports an address that was `https` in the baseline and is the same address with `http` now: in a call, a constant, a
setting or its default.

## Why is this bad
What is sent can be read and changed on the way.

## Example
```php
const ENDPOINT = 'http://api.example.net/v1';   // was https://api.example.net/v1
```

## References
- CWE-319
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.weakenings.hosts import addresses
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("https-to-http", Category.WEAKENING, "An encrypted address became an open one", __doc__)
_SAFE = {"http": "https", "ws": "wss", "ftp": "ftps", "ldap": "ldaps", "tcp": "tls", "smtp": "smtps"}


def find(pair: Pair) -> Iterator[Weakening]:
    """Addresses whose scheme is the open one now."""
    if pair.old is None:
        return
    before, after = addresses(pair.old), addresses(pair.new)
    for (scheme, rest), line in after.items():
        for safe in {_SAFE.get(scheme, ""), "ssl" if scheme == "tcp" else ""} - {""}:
            if (safe, rest) in before and (scheme, rest) not in before and (safe, rest) not in after:
                old, new = f"{safe}://{rest}", f"{scheme}://{rest}"
                yield Weakening(
                    Severity.HIGH, line, rest, f"{old} became {new}: the connection is not encrypted any more",
                    (("old", old), ("new", new)),
                )  # fmt: skip
