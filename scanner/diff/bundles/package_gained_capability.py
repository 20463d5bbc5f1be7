"""# package-gained-capability.

## What it does
Reports a bundled package that can do something now that it could not in the baseline: use the network, start programs,
run text as code, send mail, reach a database, read or write files by URL.

## Why is this bad
A library for dates has no need of the network. What a package can do changes rarely, and with a new major version.

## Example
`acme/dates` 2.0.0 called no function of the network; 2.0.1 has `curl_exec`.

## References
- CWE-506, Embedded Malicious Code
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.bundles.inputs import Bundles, bundle_finding
from scanner.diff.bundles.package_downgraded import numbers
from scanner.findings.packages import package_of
from scanner.model.finding import Category, Finding, Severity
from scanner.model.report import BaselineState

RULE = rule("package-gained-capability", Category.INTEGRITY, "Bundled package can do more than before", __doc__)
_GRAVE = frozenset({"network", "exec", "eval"})


def find(bundles: Bundles) -> Iterator[Finding]:
    """Packages of both releases that gained a capability. A new minor version is worse than a new major one."""
    for item in bundles.packages:
        if item.state is BaselineState.NEW or not item.gained or item.new is None:
            continue
        place = next((path for path in sorted(bundles.current) if package_of(path) == item.name), "")
        old, new = item.old or "", item.new
        major = bool(old and new) and numbers(old)[:1] != numbers(new)[:1]
        grave = not _GRAVE.isdisjoint(item.gained)
        severity = Severity.MEDIUM if grave and not major else Severity.LOW
        if grave and old == new:
            severity = Severity.HIGH if old else Severity.MEDIUM
        yield bundle_finding(
            RULE, severity, place, item.name,
            f"{item.name} {old or 'of unknown version'} -> {new or 'unknown'} gained: {', '.join(item.gained)}",
            {"gained": " ".join(item.gained), "old": old, "new": new}, package=item.name,
        )  # fmt: skip
