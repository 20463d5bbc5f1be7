"""# server-setting.

## What it does
Lists settings of the web server and of PHP that take protection away: access granted to all, `allow_url_include`,
an empty `disable_functions`, errors shown, programs run from a folder, rewrites to scripts in folders for uploads.

## Why is this bad
Such a file takes effect as soon as it lies in the web root, without anybody starting anything.

## Example
```
php_value allow_url_include On
```

## References
- CWE-16, Configuration
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import finding_of, first_of_each, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("server-setting", Category.WEAKENING, "Server setting that takes protection away", __doc__)
_GRAVE = frozenset(
    {"allow_url_include", "disable_functions", "open_basedir", "unserialize_callback_func", "sendmail_path"}
)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "server-setting"):
        remark = place.remark
        if remark.grade == "weak":
            yield finding_of(
                RULE,
                place,
                severity=Severity.MEDIUM if remark.api in _GRAVE else Severity.LOW,
                confidence=Confidence.CERTAIN,
                details=[("setting", remark.text)],
                message=f"{remark.api} takes protection away: {remark.text}",
            )


DETECTOR = Detector(RULE, _find)
