"""# secret-in-output.

## What it does
Reports a secret or a database credential that reaches the browser, a log, a cookie, a header, a file or the message
of an exception.

## Why is this bad
What is printed or stored can be fetched later by whoever may read the page or the file: a leak without a network call
of the server's own.

## Example
```php
error_log("connect failed with " . $password);
```

## References
- CWE-209, CWE-532
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, finding, rule, steps
from scanner.model.finding import Category, Confidence, Finding, Severity, TraceStep
from scanner.model.signature import SecretOrigin

RULE = rule("secret-in-output", Category.EXFILTRATION, "Secret reaches output, a log, a cookie or a file", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for output in scene.result.outputs:
        for label, trace in output.labels:
            plain = label.removeprefix("hash-of:")
            secret = scene.result.state.origins.by_label.get(plain)
            unnamed = secret is not None and secret.origin is SecretOrigin.FUNCTION
            public = secret is not None and secret.severity_floor == "info"
            last = TraceStep(scene.program.path(output.function), output.line, f"given to {output.api}")
            yield finding(
                scene,
                RULE,
                output.function,
                output.line,
                output.end_line,
                span=(output.start, output.end),
                severity=Severity.INFO
                if public or label.startswith("request.")
                else Severity.LOW
                if plain != label or unnamed
                else Severity.MEDIUM,
                confidence=Confidence.LIKELY,
                api=output.api,
                message=f"{'a digest of ' if plain != label else ''}{plain} reaches {output.api}",
                secrets=[plain],
                trace=(*steps(trace), last),
            )


DETECTOR = Detector(RULE, _find)
