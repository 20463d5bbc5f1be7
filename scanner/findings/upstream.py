"""# package-differs-from-upstream.

## What it does
With `--verify-with DIR`, compares each bundled package with the unpacked upstream copy of the same name and version
that DIR holds, and reports files that differ or that upstream does not have. Line ends do not count. A package without
a difference is marked `verified` in the report.

DIR holds packages as a `vendor/` or `node_modules/` folder does, or one folder per package with a `composer.json` or
`package.json`; where that names no version, the folder's name does (`PHPMailer-6.8.0`). The option may be repeated.

## Why is this bad
A package whose content is not what its authors published holds somebody else's work. Unlike a comparison of two
releases, this sees a change that was there before.

## Example
`vendor/acme/dates/src/Clock.php` is another file than in the unpacked `acme/dates` 2.0.0.

## References
- SLSA, threats to the build and to dependencies
- CWE-506, Embedded Malicious Code
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from scanner.detectors.base import rule
from scanner.errors import SourceError
from scanner.findings.collect import report_order
from scanner.findings.fingerprint import fingerprint
from scanner.findings.packages import Package, copy_of, package_versions
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import Report
from scanner.model.source import Release, SourceFile
from scanner.source import open_release

RULE = rule(
    "package-differs-from-upstream", Category.INTEGRITY, "Bundled package is not what its authors published", __doc__
)
Read = Callable[[SourceFile], bytes]
_NUMBERED = re.compile(r"^(.*?)-v?(\d+\.\d[\w.+-]*)$")
_LARGEST = 16 * 1024 * 1024
"""Bytes of a file up to which line ends are looked at."""
_SHOWN = 10


class Copy(NamedTuple):
    """One package as a tree of files: path in the package -> file, and how to read it."""

    files: Mapping[str, SourceFile]
    read: Read


Upstream = dict[tuple[str, str], Copy]
"""Name in lower case, and version -> what was published."""


class Verified(NamedTuple):
    """What the comparison with upstream gave."""

    findings: tuple[Finding, ...]
    packages: frozenset[tuple[str, str]]
    """Name and version of packages of which every copy is as published."""


def published(release: Release, read: Read) -> Upstream:
    """Packages in an unpacked folder: as a `vendor/` holds them, and every folder with a manifest of its own."""
    found: Upstream = {}
    for (copy, version), files in _copies(release, read).items():
        found.setdefault((copy.name.lower(), _plain(version)), Copy(files, read))
    for root, name, version in _manifests(release, read):
        prefix = f"{root}/" if root else ""
        files = {file.path.removeprefix(prefix): file for file in release.files if file.path.startswith(prefix)}
        for key in (name.lower(), name.lower().rpartition("/")[2]):
            found.setdefault((key, _plain(version)), Copy(files, read))
    return found


def _copies(release: Release, read: Read) -> dict[tuple[Package, str], dict[str, SourceFile]]:
    """Copies of packages whose version is known -> their files."""
    versions = package_versions(release, read)
    found: dict[tuple[Package, str], dict[str, SourceFile]] = defaultdict(dict)
    for file in release.files:
        copy = copy_of(file.path)
        if copy in versions:
            inside = file.path.removeprefix(copy.root).lstrip("/").removeprefix(f"{copy.name}/")
            found[copy, versions[copy]][inside] = file
    return found


def _manifests(release: Release, read: Read) -> Iterable[tuple[str, str, str]]:
    """Root, name and version of each folder with a manifest outside of `vendor/` and `node_modules/`."""
    for file in release.files:
        root, _, name = file.path.rpartition("/")
        if name not in ("composer.json", "package.json") or copy_of(file.path).name:
            continue
        try:
            document = json.loads(read(file))
        except (SourceError, ValueError, RecursionError):
            continue
        stated = document.get("name") if isinstance(document, dict) else None
        version = document.get("version") if isinstance(document, dict) else None
        numbered = _NUMBERED.match(root.rpartition("/")[2] or release.name)
        if isinstance(stated, str) and (isinstance(version, str) or numbered):
            yield root, stated, version if isinstance(version, str) else numbered[2] if numbered else ""


def _plain(version: str) -> str:
    """A version without the `v` that some tags carry."""
    return version.strip().lower().removeprefix("v")


def verify(release: Release, read: Read, upstream: Upstream) -> Verified:
    """Bundled packages against what was published under their name and version."""
    findings: list[Finding] = []
    same: set[tuple[str, str]] = set()
    different: set[tuple[str, str]] = set()
    for (copy, version), files in sorted(_copies(release, read).items()):
        known = upstream.get((copy.name.lower(), _plain(version)))
        if known is None:
            continue
        changed = sorted(path for path in files if _differs(files[path], read, known, path))
        (different if changed else same).add((copy.name, version))
        if changed:
            findings.append(_finding(copy, version, changed, files, known))
    return Verified(tuple(findings), frozenset(same - different))


def _differs(file: SourceFile, read: Read, upstream: Copy, path: str) -> bool:
    """Whether a file is not upstream's, line ends aside. What cannot be read differs."""
    other = upstream.files.get(path)
    if other is None or other.digest == file.digest:
        return other is None
    if max(file.size, other.size) > _LARGEST:
        return True
    try:
        return read(file).replace(b"\r\n", b"\n") != upstream.read(other).replace(b"\r\n", b"\n")
    except SourceError:
        return True


def _finding(
    copy: Package, version: str, changed: list[str], files: Mapping[str, SourceFile], upstream: Copy
) -> Finding:
    shown = [f"{path}{'' if path in upstream.files else ' (not in it)'}" for path in changed[:_SHOWN]]
    named = ", ".join(shown) + (" and others" if len(changed) > _SHOWN else "")
    return Finding(
        rule=RULE.id,
        category=RULE.category,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        path=files[changed[0]].path,
        line=1,
        end_line=1,
        symbol="",
        api=copy.name,
        callee=copy.name.lower(),
        message=f"{copy.name} {version} is not what was published under that name: {named}",
        details=tuple(
            sorted(
                (
                    ("version", version),
                    ("changed-files", str(len(changed))),
                    *(("file", f"{path} {files[path].digest}") for path in changed[:_SHOWN]),
                )
            )
        ),
        package=copy.name,
    )


def verified(report: Report, release: Release, read: Read, folders: Iterable[Path]) -> Report:
    """The report with what a comparison of the release's packages with upstream copies in the folders gives.

    Raises: SourceError for a folder that cannot be opened.
    """
    known: Upstream = {}
    with ExitStack() as stack:
        for folder in folders:
            upstream = stack.enter_context(open_release(str(folder), whole=True))
            known = published(upstream.release, upstream.read) | known
        if not known:
            return report
        result = verify(release, read, known)
    packages = tuple(
        msgspec.structs.replace(item, verified=(item.name, item.version) in result.packages) for item in report.packages
    )
    findings = sorted((*report.findings, *fingerprint(result.findings)), key=report_order)
    rules = tuple(sorted((*report.rules, RULE), key=lambda item: item.id))
    return msgspec.structs.replace(report, findings=tuple(findings), packages=packages, rules=rules)
