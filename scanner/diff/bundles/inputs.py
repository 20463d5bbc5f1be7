"""What the rules about bundled packages look at: both releases by path, and what their manifests say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from scanner.model.finding import Confidence, Finding, Rule, Severity
from scanner.model.report import PackageChange


class Bundles(NamedTuple):
    """Both releases. Files: canonical path -> content digest."""

    packages: tuple[PackageChange, ...]
    baseline: Mapping[str, str]
    current: Mapping[str, str]
    read_old: Callable[[str], bytes]
    """Raises: SourceError, as `read_new`."""
    read_new: Callable[[str], bytes]


def bundle_finding(
    rule: Rule,
    severity: Severity,
    path: str,
    name: str,
    message: str,
    details: Mapping[str, str],
    *,
    package: str = "",
    confidence: Confidence = Confidence.CERTAIN,
) -> Finding:
    """A finding about a package or a file as a whole."""
    return Finding(
        rule=rule.id,
        category=rule.category,
        severity=severity,
        confidence=confidence,
        path=path,
        line=1,
        end_line=1,
        symbol="",
        api=name,
        callee=name.lower(),
        message=message,
        details=tuple(sorted(details.items())),
        package=package,
    )
