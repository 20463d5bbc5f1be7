"""# server-runs-other-files.

## What it does
Reports settings that make the web server run code that nobody opens: `auto_prepend_file` and `auto_append_file` in
`.user.ini`, `php.ini`, `.htaccess` or nginx, handlers that make files run as PHP whose names do not say so, extensions
loaded from a path, Lua in nginx.

## Why is this bad
One line in a file that starts with a dot runs an image as a program, before or after every page.

## Example
```
AddHandler application/x-httpd-php .jpg
```

## References
- MITRE ATT&CK T1505.003, Web Shell
- PHP manual, `.user.ini` files
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import finding_of, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("server-runs-other-files", Category.CONCEALMENT, "Server setting that runs code out of sight", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "server-setting"):
        remark = place.remark
        if remark.grade == "trick":
            yield finding_of(
                RULE,
                place,
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN,
                details=[("setting", remark.text)],
                message=f"{remark.api} makes the server run {remark.target or 'other files'}: {remark.text}",
            )


DETECTOR = Detector(RULE, _find)
