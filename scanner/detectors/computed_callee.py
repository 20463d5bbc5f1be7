"""# computed-callee.

## What it does
Reports a call of a network, process or code function whose name does not stand in the code: it is put together from
pieces, decoded, or taken from a variable.

## Why is this bad
Nobody builds the name of `curl_exec` from pieces unless a search for `curl_exec` shall not find it.

## Example
```php
$f = "cu" . "rl_ex" . "ec";
$f($handle);
```

## References
- MITRE ATT&CK T1027, Obfuscated Files or Information
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.destinations import UNRESOLVED
from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.targets import leaves, target
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("computed-callee", Category.CONCEALMENT, "Network or process function called by a computed name", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.computed and not hit.via:
            yield _finding(scene, hit)


def _finding(scene: Scene, hit: Hit) -> Finding:
    place = target(scene, hit)
    outside = leaves(place.destinations) if hit.signature.kind not in ("exec", "process") else [UNRESOLVED]
    return finding(
        scene,
        RULE,
        hit.function,
        hit.line,
        hit.end_line,
        span=(hit.start, hit.end),
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        api=hit.api,
        message=f"{hit.api}() is called by a name that is computed",
        destinations=outside,
    )


DETECTOR = Detector(RULE, _find)
