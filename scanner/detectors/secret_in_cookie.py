"""# secret-in-cookie.

## What it does
Reports a secret or a database credential that is set as a cookie, by `setcookie` or by a `Set-Cookie` header.

## Why is this bad
The browser keeps it and sends it with every request; whoever asks for the page once has it.

## Example
```php
setcookie("pref", bin2hex($GLOBALS['salt']));
```

## References
- CWE-315
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors import browser_hosts
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-cookie", Category.EXFILTRATION, "Secret set as a cookie", __doc__)


def _wanted(_scene: Scene, output: Output) -> Severity | None:
    return Severity.MEDIUM if output.effect == "cookie" else None


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "a cookie", browser_hosts.cookie)


DETECTOR = Detector(RULE, _find)
