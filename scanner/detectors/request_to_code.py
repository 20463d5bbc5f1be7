"""# request-to-code.

## What it does
Reports a field of the request that is run as PHP code, included, unserialized, part of a command line, or that names
what is called, which variables it becomes or which session is opened; also one that is a whole statement of the
database, not a value in one. Other uses of the request (output, paths) are not this rule's business.

## Why is this bad
`eval($_POST["x"])` is the oldest backdoor there is. A page that calls what the request names is meant to, where it
checks the name against a list: hence the lower severity.

## Example
```php
system($_REQUEST["c"]);
```

## References
- CWE-78, CWE-94, CWE-470
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.reaches import VARIABLES
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.payloads import Weights, by_effect, payload_findings, requests
from scanner.model.finding import Category, Finding, Severity

RULE = rule("request-to-code", Category.PAYLOAD, "Data of the request run as code", __doc__)
_WEIGHTS = by_effect(
    {
        "code": Weights(Severity.HIGH, Severity.HIGH),
        "include": Weights(Severity.MEDIUM, Severity.MEDIUM),
        "callee": Weights(Severity.MEDIUM, Severity.MEDIUM),
        "command": Weights(Severity.MEDIUM, Severity.MEDIUM),
        "unserialize": Weights(Severity.MEDIUM, Severity.MEDIUM),
        VARIABLES: Weights(Severity.MEDIUM, Severity.MEDIUM),
        "session": Weights(Severity.MEDIUM, Severity.MEDIUM),
    }
)
_VERBS = {VARIABLES: "becomes variables of any name", "session": "names the session that is opened"}


def _find(scene: Scene) -> Iterable[Finding]:
    return payload_findings(scene, RULE, requests, _WEIGHTS, "is run", _VERBS)


DETECTOR = Detector(RULE, _find)
