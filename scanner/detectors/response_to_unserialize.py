"""# response-to-unserialize.

## What it does
Reports the answer of an outbound call that `unserialize` and its kin make objects of. A call with `allowed_classes` off
is left out.

## Why is this bad
Unserializing creates objects of any class of the program and runs their `__wakeup` and `__destruct`: chains of those
run code, write files and send data.

## Example
```php
$news = unserialize(file_get_contents("https://updates.example.net/news"));
```

## References
- CWE-502
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-unserialize", Category.PAYLOAD, "Answer of an outbound call unserialized", __doc__)
_WEIGHTS = by_effect(
    {
        "unserialize": Weights(Severity.HIGH, Severity.MEDIUM),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _WEIGHTS, "is unserialized")


DETECTOR = Detector(RULE, _find)
