"""# upload-to-code.

## What it does
Reports an upload, or the whole body of a request, that is run, included, unserialized, unpacked, or part of a command
line. Files that were written with an upload before count as the upload.

## Why is this bad
Whoever may send the request decides what runs.

## Example
```php
include $_FILES["plugin"]["tmp_name"];
```

## References
- CWE-94, CWE-434
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, uploads
from scanner.model.finding import Category, Finding, Severity

RULE = rule("upload-to-code", Category.PAYLOAD, "Upload run as code", __doc__)
_WEIGHTS = by_effect(
    {
        "code": Weights(Severity.HIGH, Severity.HIGH),
        "include": Weights(Severity.HIGH, Severity.HIGH),
        "callee": Weights(Severity.MEDIUM, Severity.MEDIUM),
        "command": Weights(Severity.LOW, Severity.LOW),
        "unserialize": Weights(Severity.MEDIUM, Severity.MEDIUM),
        "unpack": Weights(Severity.MEDIUM, Severity.MEDIUM),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, uploads, _WEIGHTS, "is run")


DETECTOR = Detector(RULE, _find)
