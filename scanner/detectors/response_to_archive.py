"""# response-to-archive.

## What it does
Reports the answer of an outbound call that is unpacked as an archive (`ZipArchive::extractTo`,
`PharData::extractTo`).

## Why is this bad
An archive can hold any file, and PHP code in the folder of the application runs when it is asked for. Updates and
extensions come this way, and so do backdoors that are not in the release that was reviewed.

## Example
```php
file_put_contents($file, file_get_contents("https://updates.example.net/latest.zip"));
$zip->open($file);
$zip->extractTo(__DIR__);
```

## References
- CWE-22, CWE-494
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-archive", Category.PAYLOAD, "Archive from another machine unpacked", __doc__)
_WEIGHTS = by_effect(
    {
        "unpack": Weights(Severity.HIGH, Severity.MEDIUM),
    }
)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _WEIGHTS, "is unpacked")


DETECTOR = Detector(RULE, _find)
