"""# secret-in-header.

## What it does
Reports a secret or a database credential in a header of the response. Redirects are `secret-in-redirect`, cookies are
`secret-in-cookie`.

## Why is this bad
Headers are seen by whoever asks for the page, and by every proxy on the way, and hardly anybody looks at them.

## Example
```php
header("X-Request-Id: " . $GLOBALS['salt']);
```

## References
- CWE-200
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors import browser_hosts
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-header", Category.EXFILTRATION, "Secret sent in a response header", __doc__)


def _wanted(_scene: Scene, output: Output) -> Severity | None:
    return Severity.MEDIUM if output.effect == "header" else None


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "a response header", browser_hosts.header)


DETECTOR = Detector(RULE, _find)
