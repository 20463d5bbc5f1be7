"""# secret-in-log.

## What it does
Reports a secret or a database credential that is written to the log of the server, to syslog, to a logger, or to a file
that is named as a log is, also through functions of the program.

## Why is this bad
Logs are read by more people than the configuration is, are kept for years and are shipped to other systems.

## Example
```php
error_log("connect failed with " . $password);
```

## References
- CWE-532
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.file_places import in_web_root, is_log
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-log", Category.EXFILTRATION, "Secret written to a log", __doc__)


def _wanted(scene: Scene, output: Output) -> Severity | None:
    holes = scene.result.state.holes
    in_file = output.effect == "file" and is_log(output.places, holes)
    if not in_file and output.effect != "log":
        return None
    return Severity.HIGH if in_file and in_web_root(output.places, holes) else Severity.MEDIUM


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "a log")


DETECTOR = Detector(RULE, _find)
