"""# url-capable-call.

## What it does
Lists calls of file, image and XML functions (`file_get_contents`, `fopen`, `getimagesize`, `simplexml_load_file`,
`include`, ...) whose path is a URL, or may be one because it comes from a setting, from the request or from something
that could not be resolved. Calls with a path that surely is local are left out.

## Why is this bad
PHP opens `http://`, `https://`, `ftp://` and registered wrappers through every file function. A read is a request, and
the request can carry data in its path.

## Example
```php
$news = file_get_contents("https://updates.example.org/latest");
```

## References
- PHP manual, Supported Protocols and Wrappers
- CWE-918
"""

from __future__ import annotations

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.egress import egress_findings
from scanner.model.finding import Category, Finding

RULE = rule("url-capable-call", Category.EGRESS, "File function that may be given a URL", __doc__)

_KINDS = frozenset({"file-url", "image-url", "xml-url", "include-url"})


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind in _KINDS


def _find(scene: Scene) -> list[Finding]:
    return list(egress_findings(scene, RULE, _wanted))


DETECTOR = Detector(RULE, _find)
