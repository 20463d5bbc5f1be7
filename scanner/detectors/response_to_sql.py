"""# response-to-sql.

## What it does
Reports the answer of an outbound call that is, or is part of, a statement given to the database. Uploads and fields of
the request are left out: that would be a list of every form.

## Why is this bad
Whoever answers the call can read and change the data, or make a user an administrator.

## Example
```php
db_query(file_get_contents("https://updates.example.net/migration.sql"));
```

## References
- CWE-89, CWE-494
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-sql", Category.PAYLOAD, "Answer of an outbound call run as SQL", __doc__)
_WEIGHTS = by_effect(
    {
        "sql": Weights(Severity.MEDIUM, Severity.LOW),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _WEIGHTS, "is part of a statement run")


DETECTOR = Detector(RULE, _find)
