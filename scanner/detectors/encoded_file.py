"""# encoded-file.

## What it does
Reports a PHP file of which nothing can be analysed: encrypted for a loader (ionCube, SourceGuardian, Zend Guard and
the like), or in an encoding that PHP reads as code only under some settings.

## Why is this bad
Such a file may do anything. A release that has one cannot be reviewed.

## Example
```php
<?php if (!extension_loaded('ionCube Loader')) { die('...'); } ?>
HR+cP...
```

## References
- docs/limits.md
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("encoded-file", Category.BLIND_SPOT, "PHP file that cannot be analysed as it is", __doc__)
_WHY = {
    "loader": "the file is encrypted for a loader: nothing of it can be analysed",
    "utf-16": "the file is in UTF-16: whether PHP runs it is up to the server",
}


def _find(scene: Scene) -> Iterable[Finding]:
    for path, facts in sorted(scene.facts.items()):
        for kind, line in facts.notes:
            if kind in _WHY:
                yield Finding(
                    rule=RULE.id,
                    category=RULE.category,
                    severity=Severity.HIGH,
                    confidence=Confidence.CERTAIN,
                    path=path,
                    line=line,
                    end_line=line,
                    symbol="",
                    api=kind,
                    message=_WHY[kind],
                    callee=kind,
                )


DETECTOR = Detector(RULE, _find)
