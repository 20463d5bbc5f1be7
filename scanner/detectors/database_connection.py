"""# database-connection.

## What it does
Lists every call that connects to a database server, with the host. The configured host (`$hostname` of `database.php`)
is expected; a literal host is not. Where an object holds the address and connects when it is first used, the calls
that use it are one finding for each address.

## Why is this bad
A connection to a foreign database is a channel for whole tables, and hands over the password that it is opened with.

## Example
```php
new mysqli("192.0.2.7", $username, $password);
```

## References
- CWE-200
"""

from __future__ import annotations

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.egress import egress_findings
from scanner.model.finding import Category, Finding

RULE = rule("database-connection", Category.EGRESS, "Connection to a database", __doc__)


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind == "db" and hit.signature.phase in ("connect", "construct")


def _find(scene: Scene) -> list[Finding]:
    return list(egress_findings(scene, RULE, _wanted, opened_once=True))


DETECTOR = Detector(RULE, _find)
