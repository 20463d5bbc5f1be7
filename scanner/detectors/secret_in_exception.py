"""# secret-in-exception.

## What it does
Reports a secret or a database credential in what an exception is made with.

## Why is this bad
Whoever handles the exception shows or logs its message; where nobody does, PHP prints it.

## Example
```php
throw new RuntimeException("cannot connect as $username:$password");
```

## References
- CWE-209
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-exception", Category.EXFILTRATION, "Secret in the message of an exception", __doc__)


def _wanted(_scene: Scene, output: Output) -> Severity | None:
    return Severity.MEDIUM if output.effect == "exception" else None


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "an exception's message")


DETECTOR = Detector(RULE, _find)
