"""# library-changed-without-version.

## What it does
Reports a script or style sheet that names itself and its version in its first comment (`/*! jQuery v3.6.0 | ...`) and
changed while it goes on naming the same version.

## Why is this bad
A published version never changes: somebody edited the copy. It runs in the browser of everybody who is logged in.

## Example
`Resources/js/jquery.min.js` says `jQuery v3.6.0` in both releases, and is another file.

## References
- CWE-506, Embedded Malicious Code
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.bundles.inputs import Bundles, bundle_finding
from scanner.errors import SourceError
from scanner.findings.manifests import banner
from scanner.findings.packages import package_of
from scanner.model.finding import Category, Finding, Severity

RULE = rule(
    "library-changed-without-version", Category.INTEGRITY, "Library changed, the version it names did not", __doc__
)
_STYLES = ".css"
"""Runs nothing; what a style sheet loads is a finding of its own."""
_ENDINGS = (".js", ".mjs", ".cjs", _STYLES)


def find(bundles: Bundles) -> Iterator[Finding]:
    """Scripts and style sheets with one name and version, and other code."""
    for path in sorted(bundles.current.keys() & bundles.baseline.keys()):
        if bundles.current[path] == bundles.baseline[path] or not path.lower().endswith(_ENDINGS):
            continue
        try:
            old, new = bundles.read_old(path), bundles.read_new(path)
        except SourceError:
            continue
        stated = banner(new)
        if stated is None or banner(old) != stated or _code(old) == _code(new):
            continue
        name, version = stated
        severity = Severity.MEDIUM if path.lower().endswith(_STYLES) else Severity.HIGH
        yield bundle_finding(
            RULE, severity, path, name, f"{name} still calls itself {version}, and is another file",
            {"version": version, "content": bundles.current[path]}, package=package_of(path),
        )  # fmt: skip


def _code(data: bytes) -> bytes:
    """The file without blanks: line ends and indentation are nobody's change."""
    return b"".join(data.split())
