"""# privilege-in-sql.

## What it does
Lists statements of SQL scripts, and of upgrades written in PHP, that give a privilege, name a hook file, add a cron
job, enable a module, make a trigger, an event or a function of a library, or read and write files.

## Why is this bad
What an upgrade does to the database outlives the release, and the next comparison of code shows nothing of it.

## Example
```sql
UPDATE redcap_user_information SET super_user = 1 WHERE username = 'support';
```

## References
- CWE-269, Improper Privilege Management
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import RISK, finding_of, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("privilege-in-sql", Category.WEAKENING, "SQL that gives privileges, adds jobs or reaches files", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "sql"):
        remark = place.remark
        grave = remark.grade == "risk"
        yield finding_of(
            RULE,
            place,
            severity=Severity.MEDIUM if grave else Severity.INFO if remark.grade == "quiet" else Severity.LOW,
            confidence=Confidence.LIKELY,
            details=[("statement", remark.text), *([RISK] if grave else [])],
            message=f"{remark.api}: {remark.text}",
        )


DETECTOR = Detector(RULE, _find)
