"""# unresolved-call.

## What it does
Counts, per function, the calls whose callee is computed at run time and could not be resolved, and includes whose
file could not be resolved. Each is a blind spot: the analysis cannot say what runs there. A call by an unknown name in
a function that reads a secret, goes to the network, starts a program or runs code is of severity medium.

## Why is this bad
It need not be: frameworks dispatch that way. But a new one in code that had none deserves a look.

## Example
```php
$handler = $_GET["action"];
$handler($data);
```

## References
- CWE-470
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scanner.analysis.state import Note
from scanner.detectors.base import Detector, Position, Scene, finding, rule
from scanner.detectors.near import functions_near
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("unresolved-call", Category.BLIND_SPOT, "Call or include that could not be resolved", __doc__)
_KINDS = frozenset({"dynamic-call", "dynamic-include", "dynamic-property", "dynamic-variables"})


def _find(scene: Scene) -> Iterable[Finding]:
    groups: dict[tuple[int, str, str], list[Note]] = defaultdict(list)
    for note in scene.result.notes:
        if note.kind in _KINDS:
            groups[note.function, note.kind, note.text].append(note)
    near = functions_near(scene)
    for (function, kind, text), notes in sorted(groups.items()):
        line = min(note.line for note in notes)
        yield finding(
            scene,
            RULE,
            Position(function, line, line),
            severity=_severity(kind, near=function in near),
            confidence=Confidence.CERTAIN,
            api=text,
            message=f"{kind}: {text} could not be resolved",
            details=[("kind", kind), ("count", str(len(notes)))],
        )


def _severity(kind: str, *, near: bool) -> Severity:
    if kind != "dynamic-call":
        return Severity.INFO
    return Severity.MEDIUM if near else Severity.LOW


DETECTOR = Detector(RULE, _find)
