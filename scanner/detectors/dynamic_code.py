"""# dynamic-code.

## What it does
Reports `eval` and its kin: text that is run as PHP code.

## Why is this bad
What runs does not stand in the release. It may come from the request, from a file or from the network.

## Example
```php
eval(base64_decode($blob));
```

## References
- CWE-95
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("dynamic-code", Category.CONCEALMENT, "Text run as PHP code", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for note in scene.result.notes:
        if note.kind == "dynamic-code":
            yield finding(
                scene,
                RULE,
                note.function,
                note.line,
                note.line,
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN,
                api="eval",
                message=f"eval runs {note.text} as PHP code",
            )


DETECTOR = Detector(RULE, _find)
