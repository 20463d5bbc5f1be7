"""# concealed-browser-code.

## What it does
Reports JavaScript that hides what it runs: `eval`, `Function` or a timer that gets decoded text, code scrambled by a
tool, code written with brackets alone. What can be decoded without running it is decoded, shown, and read like any
other script.

## Why is this bad
Honest code is shrunk, not hidden. Skimmers and session thieves are delivered like this.

## Example
```js
eval(atob("ZmV0Y2goImh0dHBzOi8vY29sbGVjdG9yLmV4YW1wbGUubmV0LyIp"));
```

## References
- CWE-506
- MITRE ATT&CK T1027, Obfuscated Files or Information
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import finding_of, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("concealed-browser-code", Category.CONCEALMENT, "Script that hides what it runs", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "browser-code"):
        remark = place.remark
        packed = remark.grade == "packed"
        yield finding_of(
            RULE,
            place,
            severity=Severity.MEDIUM if packed else Severity.HIGH,
            confidence=Confidence.LIKELY,
            details=[("code", remark.text)],
            message=f"{remark.api} runs {remark.text}",
        )


DETECTOR = Detector(RULE, _find)
