"""# unparsed-region.

## What it does
Reports a region of PHP that the parser could not read. Calls inside it are still looked for, but flows through it are
not followed. A region in which the name of a function stands that can use the network, start a program or run code is
of severity medium, and the names are listed: look there. In a file whose encoding PHP reads only under some settings
it is of severity high.

## Why is this bad
Code that our parser cannot read may still be code that PHP runs.

## Example
```php
echo $s{0};
```

## References
- docs/limits.md
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.relevance import sending_functions
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.near import telling_names
from scanner.model.finding import Category, Confidence, Finding, Severity

_MAX_NAMES = 8
RULE = rule("unparsed-region", Category.BLIND_SPOT, "PHP code that could not be parsed", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    telling = telling_names(scene.catalogue) | sending_functions(scene.catalogue) | scene.catalogue.dynamic_code.keys()
    for path, facts in sorted(scene.facts.items()):
        for gap in facts.gaps:
            called = sorted(telling.intersection(gap.names))
            listed = f"; it calls {', '.join(called[:_MAX_NAMES])}" if called else ""
            yield Finding(
                rule=RULE.id,
                category=RULE.category,
                severity=Severity.HIGH if gap.reason == "encoding" else Severity.MEDIUM if called else Severity.LOW,
                confidence=Confidence.CERTAIN,
                path=path,
                line=gap.line,
                end_line=gap.end_line,
                symbol="",
                api=gap.reason,
                message=f"lines {gap.line} to {gap.end_line} could not be analysed: {gap.reason}{listed}",
                details=tuple(("calls", name) for name in called[:_MAX_NAMES]),
                callee=gap.reason,
            )


DETECTOR = Detector(RULE, _find)
