"""# computed-callee.

## What it does
Reports a call of a network, process or code function whose name does not stand in the code: it is put together from
pieces, decoded, or taken from a variable. Where the whole name is a literal in the same file, so that a search finds
it, the severity is low. So it is where the file names all but the end of one of PHP's functions that open a picture,
one for each format, and no host is known: `"imagecreatefrom$type"`.

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

from collections.abc import Iterable

from scanner.analysis.code import KIND as CODE
from scanner.analysis.destinations import UNRESOLVED
from scanner.analysis.sensitive import SETTING, WRITE
from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.literals import stands_in_file
from scanner.detectors.targets import command_hosts, is_host, leaves, target
from scanner.model.finding import Category, Confidence, Finding, Severity

_OTHERS = frozenset({CODE, WRITE, SETTING})
"""Kinds that have rules of their own."""
_PICTURE = "image-url"
_TELLING = 12
"""Letters of a name that say what the function does."""
_FAMILY = 3
"""Functions with one beginning that differ in the format alone."""
RULE = rule("computed-callee", Category.CONCEALMENT, "Network or process function called by a computed name", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.computed and not hit.via and hit.signature.kind not in _OTHERS:  # that is `dynamic-code`
            yield _finding(scene, hit)


def _finding(scene: Scene, hit: Hit) -> Finding:
    if hit.signature.kind in ("exec", "process"):
        outside = command_hosts(scene, hit) or [UNRESOLVED]
    else:
        outside = leaves(target(scene, hit).destinations)
    name = hit.api.rpartition("::")[2].removeprefix("new ").rpartition("\\")[2]
    written = stands_in_file(scene, hit.function, name)
    picked = not any(map(is_host, outside)) and _names_a_format(scene, hit, name)
    severity = Severity.LOW if written or picked else Severity.HIGH
    return finding(
        scene,
        RULE,
        hit,
        severity=severity,
        confidence=Confidence.LIKELY,
        api=hit.api,
        message=f"{hit.api}() is called by a name that {'stands elsewhere in the file' if written else 'is computed'}",
        destinations=outside,
    )


def _names_a_format(scene: Scene, hit: Hit, name: str) -> bool:
    """Whether the file holds the beginning that this function and others share, all of which open pictures."""
    beginning = name[:_TELLING].lower()
    if hit.signature.kind != _PICTURE or not stands_in_file(scene, hit.function, beginning):
        return False
    family = [item for item in scene.catalogue.signatures if item.callable.lower().startswith(beginning)]
    return len(family) >= _FAMILY and all(item.kind == _PICTURE for item in family)


DETECTOR = Detector(RULE, _find)
