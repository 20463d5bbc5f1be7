"""# server-redirect.

## What it does
Lists other hosts that settings of the web server and of PHP name: redirects, error documents, headers (for the
browser), and proxies, stores of sessions, mail servers and programs, debuggers (for the server itself).

## Why is this bad
A proxy line sends whole requests, cookies and all, to another host; so does a redirect with status 307 or 308, of which
only the cookies stay behind. Any other redirect hands the visitor over.

## Example
```
ProxyPass /api https://collector.example.net/
```

## References
- CWE-441, CWE-601
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import BROWSER, destination, finding_of, first_of_each, is_named, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("server-redirect", Category.EGRESS, "Server setting that names another host", __doc__)

_WHAT = {"browser": "visitors", "body": "visitors with all that they send"}
_OWN = "requests of the server"
_SEVERITY = {"browser": Severity.LOW, "body": Severity.HIGH}


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "server-request"):
        remark = place.remark
        target = destination(scene, remark)
        if not is_named(target.name):
            continue
        browser = remark.grade in ("browser", "body")
        yield finding_of(
            RULE,
            place,
            severity=_SEVERITY.get(remark.grade, Severity.MEDIUM),
            confidence=Confidence.CERTAIN,
            destinations=[target.name],
            details=[BROWSER if browser else ("channel", "http"), ("setting", remark.text)],
            message=f"{remark.api} sends {_WHAT.get(remark.grade, _OWN)} to {target.name}",
        )


DETECTOR = Detector(RULE, _find)
