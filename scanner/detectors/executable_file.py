"""# executable-file.

## What it does
Lists programs in the release that are not text: ELF, Windows and Mach-O programs and libraries, Java classes,
WebAssembly, archives that are put behind other content; with the hosts that stand in their strings.

## Why is this bad
A program cannot be reviewed by reading it, and PHP can start it.

## Example
A file `bin/helper` that begins with the bytes `7f 45 4c 46`.

## References
- CWE-506
- MITRE ATT&CK T1027.009, Embedded Payloads
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import destination, finding_of, first_of_each, is_named, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("executable-file", Category.INTEGRITY, "Program that is not text, or archive in another file", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterable[Finding]:
    hosts: dict[str, set[str]] = {}
    for place in places(scene, "executable"):
        if place.remark.target:
            name = destination(scene, place.remark).name
            if is_named(name):
                hosts.setdefault(place.path, set()).add(name)
    for place in places(scene, "executable"):
        remark = place.remark
        if not remark.target:
            yield finding_of(
                RULE,
                place,
                severity=Severity.LOW if remark.api == "WebAssembly" else Severity.MEDIUM,
                destinations=hosts.get(place.path, ()),
                message=f"{place.path} is a {remark.api}",
            )
    for place in places(scene, "archive"):
        behind = place.remark.grade == "behind"
        yield finding_of(
            RULE,
            place,
            severity=Severity.HIGH if behind else Severity.LOW,
            confidence=Confidence.LIKELY,
            message=f"{place.path} holds an archive ({place.remark.api}) with {place.remark.text}",
        )


DETECTOR = Detector(RULE, _find)
