"""# unparsed-region.

## What it does
Reports a region of PHP that the parser could not read. Calls inside it are still looked for, but flows through it are
not followed. In a region where the name of a network, process or code function is called, the severity is medium; in
a file whose encoding PHP reads only under some settings, high.

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

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.near import telling_names
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("unparsed-region", Category.BLIND_SPOT, "PHP code that could not be parsed", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    sinks = telling_names(scene.catalogue)
    for path, facts in sorted(scene.facts.items()):
        for gap in facts.gaps:
            near = sorted(sinks.intersection(gap.names))
            yield Finding(
                rule=RULE.id,
                category=RULE.category,
                severity=Severity.HIGH if gap.reason == "encoding" else Severity.MEDIUM if near else Severity.LOW,
                confidence=Confidence.CERTAIN,
                path=path,
                line=gap.line,
                end_line=gap.end_line,
                symbol="",
                api=gap.reason,
                message=f"lines {gap.line} to {gap.end_line} could not be analysed: {gap.reason}"
                + (f"; {', '.join(near[:4])} is called there" if near else ""),
                callee=gap.reason,
            )


DETECTOR = Detector(RULE, _find)
