"""# secret-in-file.

## What it does
Reports a secret or a database credential that is written to a file. A file that the web server may show (inside the
release, below the document root) or that is a program weighs more than a temporary one. Logs are `secret-in-log`.

## Why is this bad
A file can be fetched later, by whoever may read it, without any network call of the server's own.

## Example
```php
file_put_contents(__DIR__ . "/images/cache.txt", $GLOBALS['password']);
```

## References
- CWE-312, CWE-538
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.file_places import is_log, is_stream, severity_rank
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-file", Category.EXFILTRATION, "Secret written to a file", __doc__)
_SEVERITIES = (Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM)


def _wanted(scene: Scene, output: Output) -> Severity | None:
    holes = scene.result.state.holes
    if output.effect != "file" or is_log(output.places, holes) or is_stream(output.places, holes):
        return None
    return _SEVERITIES[severity_rank(output, holes)]


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "a file")


DETECTOR = Detector(RULE, _find)
