"""# setting-in-sql.

## What it does
Lists addresses that SQL of an installation or upgrade writes into a table of settings: defaults that the application
contacts later.

## Why is this bad
The code then calls "a setting of the site", and no host stands in it.

## Example
```sql
UPDATE redcap_config SET value = 'https://collector.example.net' WHERE field_name = 'openai_endpoint';
```

## References
- CWE-1188, Initialization with an Insecure Default
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import destination, finding_of, first_of_each, is_named, places
from scanner.detectors.targets import known_host
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("setting-in-sql", Category.EGRESS, "SQL that sets an address", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "sql-setting"):
        remark = place.remark
        target = destination(scene, remark)
        if is_named(target.name):
            yield finding_of(
                RULE,
                place,
                severity=Severity.INFO if known_host(scene, target.name) else Severity.LOW,
                confidence=Confidence.LIKELY,
                destinations=[target.name],
                details=[("channel", "config default"), ("setting", remark.api)],
                message=f"sets {remark.api} to {target.name} by default",
            )


DETECTOR = Detector(RULE, _find)
