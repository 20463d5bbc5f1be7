"""# open-page.

## What it does
Lists every page that can be called without a login: it defines `NOAUTH` before the authenticating bootstrap, or never
loads it. Pages that check an API token or a survey hash are named as such.

## Why is this bad
Anyone on the network can run it. A page that becomes open in a release is news.

## Example
```php
define("NOAUTH", true);
require_once dirname(__FILE__) . "/Config/init_global.php";
```

## References
- CWE-306
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("open-page", Category.ENDPOINT, "Page that needs no login", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for endpoint in scene.endpoints:
        if endpoint.auth == "login":
            continue
        yield Finding(
            rule=RULE.id,
            category=RULE.category,
            severity=Severity.MEDIUM if endpoint.auth == "none" else Severity.LOW,
            confidence=Confidence.LIKELY,
            path=endpoint.path,
            line=1,
            end_line=1,
            symbol="",
            api=endpoint.auth,
            message=f"{endpoint.path} can be called without a login ({endpoint.auth}): it {endpoint.how}",
            details=(("auth", endpoint.auth), ("how", endpoint.how)),
            callee="page",
        )


DETECTOR = Detector(RULE, _find)
