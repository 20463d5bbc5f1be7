"""# computed-callee.

## What it does
Reports a call of a network, process or code function whose name does not stand in the code: it is put together from
pieces, decoded, or taken from a variable. Where the whole name is a literal in the same file, so that a search finds
it, the severity is low.

## Why is this bad
Nobody builds the name of `curl_exec` from pieces unless a search for `curl_exec` shall not find it.

## Example
```php
$f = "cu" . "rl_ex" . "ec";
$f($handle);
```

## References
- MITRE ATT&CK T1027, Obfuscated Files or Information
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.code import KIND as CODE
from scanner.analysis.destinations import UNRESOLVED
from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.targets import leaves, target
from scanner.model.finding import Category, Confidence, Finding, Severity

_LONGEST_SHORT_TEXT = 32
"""MessagePack writes shorter texts with one byte before them."""
RULE = rule("computed-callee", Category.CONCEALMENT, "Network or process function called by a computed name", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.computed and not hit.via and hit.signature.kind != CODE:  # that is `dynamic-code`
            yield _finding(scene, hit)


def _finding(scene: Scene, hit: Hit) -> Finding:
    place = target(scene, hit)
    outside = leaves(place.destinations) if hit.signature.kind not in ("exec", "process") else [UNRESOLVED]
    written = _stands_in_file(scene, hit)
    severity = Severity.HIGH if not written else Severity.LOW
    return finding(
        scene,
        RULE,
        hit.function,
        hit.line,
        hit.end_line,
        span=(hit.start, hit.end),
        severity=severity,
        confidence=Confidence.LIKELY,
        api=hit.api,
        message=f"{hit.api}() is called by a name that {'stands elsewhere in the file' if written else 'is computed'}",
        destinations=outside,
    )


def _stands_in_file(scene: Scene, hit: Hit) -> bool:
    """Whether the callee's whole name is a literal of the file: then a search for it finds the call."""
    program = scene.program
    name = hit.api.rpartition("::")[2].rpartition("\\")[2].encode("latin-1", "replace")
    if not 0 < len(name) < _LONGEST_SHORT_TEXT or program.path(hit.function) in program.code:
        return False
    literal = re.compile(re.escape(bytes([0xA0 | len(name)]) + name), re.IGNORECASE)
    unit = program.files[program.file_of[hit.function]]
    facts = [program.functions[unit.first + offset] for offset in range(len(unit.facts.functions))]
    return any(literal.search(bytes(fact.body)) for fact in facts)


DETECTOR = Detector(RULE, _find)
