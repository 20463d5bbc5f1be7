"""# secret-read.

## What it does
Lists every place where a secret or a database credential is read: variables of `database.php`, settings of
`redcap_config` as globals, array keys or properties, table columns, environment variables, and functions that return
secrets.

## Why is this bad
A secret that is read in a new place is the first half of a leak. The list tells a reviewer which code handles secrets,
and a diff tells where a release begins to.

## Example
```php
$key = md5($GLOBALS['salt'] . $record);
```

## References
- CWE-522
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.state import SecretRead
from scanner.detectors.base import Detector, Position, Scene, finding, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("secret-read", Category.SECRET_USE, "Secret or database credential read", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    """One finding per function and secret, at its first line."""
    first: dict[tuple[int, str], SecretRead] = {}
    for read in scene.result.reads:
        key = (read.function, read.label)
        known = first.get(key)
        if known is None or (not read.certain, read.line) < (not known.certain, known.line):
            first[key] = read
    for read in first.values():
        yield finding(
            scene,
            RULE,
            Position(read.function, read.line, read.line),
            severity=Severity.INFO,
            confidence=Confidence.CERTAIN if read.certain else Confidence.POSSIBLE,
            api=read.how,
            message=f"{read.how} reads {read.label}",
            secrets=[read.label],
        )


DETECTOR = Detector(RULE, _find)
