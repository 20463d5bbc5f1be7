"""# package-changed-without-version.

## What it does
Reports a bundled package whose files differ between the two releases although the version that its manifest states
is the same. Only a comparison can tell: in a scan this rule finds nothing.

## Why is this bad
Nobody reviews third-party code again while its version stays. A published version never changes, so somebody edited
the copy: a local patch at best, a back door in the place where it is looked for last at worst.

## Example
`vendor/composer/installed.json` states `symfony/polyfill-mbstring` 1.31.0 in both releases, and
`vendor/symfony/polyfill-mbstring/Mbstring.php` is another file.

## References
- CWE-506, Embedded Malicious Code
- SLSA, threats to the build and to dependencies
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from scanner.detectors.base import rule
from scanner.findings.fingerprint import fingerprint
from scanner.findings.packages import package_of
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import BaselineState, Comparison, FindingChange, PackageChange

RULE = rule(
    "package-changed-without-version", Category.INTEGRITY, "Bundled package changed, its version did not", __doc__
)
_SHOWN = 10
"""Files that are named in the evidence; their number is given as well."""
_SEPARATOR = "/"
_NO_CODE = re.compile(
    r"(?:^|/)(?:(?:composer|package)\.json|(?:readme|license|licence|changelog|changes|upgrading|authors|notice|copying|history)"
    r"(?:[.-][\w.-]*)?|[^/]+\.(?:md|rst)|\.(?:git\w+|editorconfig|npmignore))\Z",
    re.IGNORECASE,
)
"""Texts and manifests that no server and no browser runs: distributors change them."""


def check_packages(
    comparison: Comparison, baseline_files: Mapping[str, str], current_files: Mapping[str, str]
) -> Comparison:
    """The comparison with one finding for each package that changed under its old version.

    The finding is `new`: it says something about the pair, so neither release has it alone.
    Shape: the mappings give canonical path -> content digest of every file of a release.
    """
    tampered = [package for package in comparison.packages if package.content_changed_without_version]
    changed = _changed_files(comparison, baseline_files, current_files) if tampered else {}
    findings = [
        _finding(package, changed[package.name], current_files) for package in tampered if package.name in changed
    ]
    added = tuple(FindingChange(BaselineState.NEW, None, finding) for finding in fingerprint(findings))
    rules = tuple(sorted((*comparison.current.rules, RULE), key=lambda item: item.id))
    return msgspec.structs.replace(
        comparison,
        current=msgspec.structs.replace(comparison.current, rules=rules),
        changes=(*added, *comparison.changes),
    )


def _changed_files(
    comparison: Comparison, baseline: Mapping[str, str], current: Mapping[str, str]
) -> dict[str, list[str]]:
    """Package -> its files that are new, gone or different, sorted.

    A file that the archive of the other side cannot hold is not gone: see `Comparison.not_in_archive`.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(_differing(baseline, current)):
        name = package_of(path)
        if name and (not comparison.not_in_archive or path.startswith("redcap_v@/")):
            found.setdefault(name, []).append(path)
    return found


def _differing(baseline: Mapping[str, str], current: Mapping[str, str]) -> Iterator[str]:
    yield from baseline.keys() ^ current.keys()
    yield from (path for path in baseline.keys() & current.keys() if baseline[path] != current[path])


def _finding(package: PackageChange, paths: list[str], current: Mapping[str, str]) -> Finding:
    """The finding stands in the first changed file that the current release has."""
    place = next((path for path in paths if path in current), paths[0])
    shown = [path.rpartition(f"{_SEPARATOR}{package.name}{_SEPARATOR}")[2] for path in paths[:_SHOWN]]
    count = f"{len(paths)} file{'s' if len(paths) > 1 else ''}"
    named = ", ".join(shown) + (" and others" if len(paths) > _SHOWN else "")
    return Finding(
        rule=RULE.id,
        category=RULE.category,
        severity=Severity.LOW if all(map(_NO_CODE.search, paths)) else Severity.HIGH,
        confidence=Confidence.CERTAIN,
        path=place,
        line=1,
        end_line=1,
        symbol="",
        api=package.name,
        callee=package.name,
        message=f"{package.name} still calls itself version {package.new}, but {count} of it changed: {named}",
        details=tuple(
            sorted(
                (
                    ("version", package.new or ""),
                    ("changed-files", str(len(paths))),
                    *(("file", f"{path} {current.get(path, 'removed')}") for path in paths[:_SHOWN]),
                )
            )
        ),
        package=package.name,
    )
