"""# secret-in-output.

## What it does
Reports a secret or a database credential that is printed: by `echo`, `print`, `exit`, `printf`, `var_dump` and the
like, also through functions of the program.

## Why is this bad
What is printed can be fetched by whoever may call the page: a leak without a network call of the server's own.

## Example
```php
echo "<!-- " . base64_encode($GLOBALS['salt']) . " -->";
```

## References
- CWE-200, CWE-209
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import Output
from scanner.detectors import browser_hosts
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.file_places import is_output
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-output", Category.EXFILTRATION, "Secret reaches the browser", __doc__)


def _wanted(_scene: Scene, output: Output) -> Severity | None:
    printed = output.effect == "browser" or (output.effect == "file" and is_output(output.places))
    return Severity.MEDIUM if printed else None


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "the browser", browser_hosts.printed)


DETECTOR = Detector(RULE, _find)
