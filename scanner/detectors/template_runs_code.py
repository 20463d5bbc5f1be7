"""# template-runs-code.

## What it does
Reports templates (Twig, Smarty, Latte, Blade) that reach PHP functions or foreign code through filters and modifiers.
PHP in Blade directives and in `{php}` is analysed as PHP by the other rules.

## Why is this bad
A template looks like a page. `['id']|map('system')` runs a command.

## Example
```twig
{{ ['id']|map('system')|join }}
```

## References
- CWE-1336, Improper Neutralization in a Template Engine
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import finding_of, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("template-runs-code", Category.CONCEALMENT, "Template that reaches functions of PHP", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "template-code"):
        remark = place.remark
        yield finding_of(
            RULE,
            place,
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            details=[("code", remark.text)],
            message=f"the template reaches PHP: {remark.text}",
        )


DETECTOR = Detector(RULE, _find)
