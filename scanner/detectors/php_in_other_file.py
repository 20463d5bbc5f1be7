"""# php-in-other-file.

## What it does
Reports PHP code in a file whose name does not say PHP: an image, a style sheet, a text, a font.

## Why is this bad
A server setting or an `include` can run it, and reviewers do not open it.

## Example
A file `logo.png` that ends in `<?php system($_GET['c']);`.

## References
- MITRE ATT&CK T1036, Masquerading
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.facts.classify import php_suffix
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("php-in-other-file", Category.CONCEALMENT, "PHP code in a file that is not named as PHP", __doc__)
_BINARY = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff", ".woff2", ".ttf", ".eot", ".pdf", ".zip", ".svg")

_DATA = (
    ".css", ".json", ".log", ".dat", ".ini", ".csv", ".map", ".less", ".scss", ".lock", ".serialized", ".wasm", ".mp3",
    ".mp4", ".cur", ".otf",
)  # fmt: skip
"""Data in which nobody shows code to people. None of these held PHP in four applications."""


def _find(scene: Scene) -> Iterable[Finding]:
    for path in sorted(scene.facts):
        if php_suffix(path):
            continue
        lower = path.lower()
        loaded = path in scene.result.state.included or lower.endswith(_BINARY)
        severity = Severity.HIGH if loaded else Severity.MEDIUM if lower.endswith(_DATA) else Severity.LOW
        yield Finding(
            rule=RULE.id,
            category=RULE.category,
            severity=severity,
            confidence=Confidence.CERTAIN,
            path=path,
            line=1,
            end_line=1,
            symbol="",
            api=lower.rpartition(".")[2][:20],
            message=f"{path} holds PHP code",
            callee=lower.rpartition(".")[2][:20],
        )


DETECTOR = Detector(RULE, _find)
