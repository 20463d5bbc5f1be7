"""# unread-part.

## What it does
Reports parts of a file that were not read: encrypted or broken members of an archive, archives within archives, a
script or page with more than the limits allow.

## Why is this bad
What was not read was not judged.

## Example
A zip with a password inside of the release.

## References
- [docs/limits.md](../limits.md)
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("unread-part", Category.BLIND_SPOT, "Part of a file that was not read", __doc__)
_GRAVE = frozenset({"archive-encrypted", "size", "archives-within-archives", "archive-members"})


def _find(scene: Scene) -> Iterable[Finding]:
    for path, other in sorted(scene.others.items()):
        for cut in other.cuts:
            yield Finding(
                rule=RULE.id,
                category=RULE.category,
                severity=Severity.MEDIUM if cut in _GRAVE else Severity.LOW,
                confidence=Confidence.CERTAIN,
                path=path,
                line=1,
                end_line=1,
                symbol="",
                api=cut,
                message=f"a part of {path} was not read: {cut}",
                callee=cut,
            )


DETECTOR = Detector(RULE, _find)
