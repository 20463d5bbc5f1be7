"""# upload-to-file.

## What it does
Reports an upload, or the whole body of a request, that is written to a file. A file whose name ends as that of a
program weighs most, then one in the web root whose name the visitor chooses; any other is listed as info.

## Why is this bad
A file in the web root can be asked for, and runs when its name says so.

## Example
```php
move_uploaded_file($_FILES["f"]["tmp_name"], __DIR__ . "/files/" . $_FILES["f"]["name"]);
```

## References
- CWE-434
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.file_places import in_web_root, is_program, is_stream, named_by_visitor
from scanner.detectors.payloads import Weights, payload_findings, uploads
from scanner.model.finding import Category, Finding, Severity

RULE = rule("upload-to-file", Category.PAYLOAD, "Upload written to a file", __doc__)


def _weigh(scene: Scene, output: Output) -> Weights | None:
    holes = scene.result.state.holes
    if output.effect != "file" or is_stream(output.places, holes):
        return None
    if is_program(output.places, holes):
        return Weights(Severity.HIGH, Severity.HIGH)
    if in_web_root(output.places, holes) and named_by_visitor(output.places, holes):
        return Weights(Severity.MEDIUM, Severity.MEDIUM)
    return Weights(Severity.INFO, Severity.INFO)


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, uploads, _weigh, "is written")


DETECTOR = Detector(RULE, _find)
