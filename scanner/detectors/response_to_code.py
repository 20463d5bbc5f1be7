"""# response-to-code.

## What it does
Reports the answer of an outbound call that is run as PHP code (`eval`, `assert`, `create_function`, `dl`), that names
what is called or created, or that is part of a command line, also through functions of the program and through files.

## Why is this bad
The code that runs does not stand in the release: whoever answers the call decides it, today or in a year.

## Example
```php
eval(file_get_contents("https://updates.example.net/rules"));
```

## References
- CWE-94, CWE-494, CWE-829
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-code", Category.PAYLOAD, "Answer of an outbound call run as code", __doc__)
_WEIGHTS = by_effect(
    {
        "code": Weights(Severity.CRITICAL, Severity.HIGH),
        "callee": Weights(Severity.HIGH, Severity.MEDIUM),
        "command": Weights(Severity.CRITICAL, Severity.MEDIUM),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _WEIGHTS, "is run")


DETECTOR = Detector(RULE, _find)
