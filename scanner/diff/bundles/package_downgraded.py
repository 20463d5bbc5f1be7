"""# package-downgraded.

## What it does
Reports a bundled package that is older than in the baseline.

## Why is this bad
An older version brings back what was repaired since. Nobody goes back without a reason, and the reason should be told.

## Example
`vendor/composer/installed.json` states `guzzlehttp/guzzle` 7.9.2 in the baseline and 6.5.0 now.

## References
- CWE-1395, Dependency on Vulnerable Third-Party Component
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.bundles.inputs import Bundles, bundle_finding
from scanner.findings.packages import package_of
from scanner.model.finding import Category, Finding, Severity

RULE = rule("package-downgraded", Category.INTEGRITY, "Bundled package is older than before", __doc__)
_NUMBERS = re.compile(r"\d{1,9}")


def find(bundles: Bundles) -> Iterator[Finding]:
    """Packages with a lower version; a name of which several copies are bundled says nothing."""
    names = [item.name for item in bundles.packages if item.new is not None]
    for item in bundles.packages:
        if not item.old or not item.new or names.count(item.name) > 1 or numbers(item.new) >= numbers(item.old):
            continue
        place = next((path for path in sorted(bundles.current) if package_of(path) == item.name), "")
        yield bundle_finding(
            RULE, Severity.MEDIUM, place, item.name, f"{item.name} went back from {item.old} to {item.new}",
            {"old": item.old, "new": item.new}, package=item.name,
        )  # fmt: skip


def numbers(version: str) -> tuple[int, ...]:
    """Numbers of a version in front of any suffix: enough to tell older from newer."""
    return tuple(int(part) for part in _NUMBERS.findall(re.split(r"[-+@]", version.lstrip("vV"), maxsplit=1)[0])[:4])
