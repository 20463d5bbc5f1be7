"""# response-to-include.

## What it does
Reports the answer of an outbound call that is, or names, an included file. A file that was written with an answer
before counts as that answer.

## Why is this bad
An included file is code: whoever answers the call decides what runs.

## Example
```php
file_put_contents($cache, file_get_contents("https://updates.example.net/rules"));
include $cache;
```

## References
- CWE-98, CWE-494, CWE-829
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-include", Category.PAYLOAD, "Answer of an outbound call included", __doc__)
_WEIGHTS = by_effect(
    {
        "include": Weights(Severity.CRITICAL, Severity.HIGH),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _WEIGHTS, "is included")


DETECTOR = Detector(RULE, _find)
