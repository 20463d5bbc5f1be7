"""# library-changed-without-version.

## What it does
Reports a script or style sheet that names itself and its version in its first comment (`/*! jQuery v3.6.0 | ...`) and
changed while it goes on naming the same version. Files of one folder whose names begin with the same word and that
name the same version (`jQuery UI Button 1.9.2`, `jQuery UI Dialog 1.9.2`) are one finding, which lists them.

## Why is this bad
A published version never changes: somebody edited the copy. It runs in the browser of everybody who is logged in.

## Example
`Resources/js/jquery.min.js` says `jQuery v3.6.0` in both releases, and is another file.

## References
- CWE-506, Embedded Malicious Code
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

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
_NAMED = 24
"""Files in one finding."""


class _Library(NamedTuple):
    """What makes files parts of one library: they lie side by side, and say so with one word and one version."""

    folder: str
    word: str
    version: str
    style: bool


class _Changed(NamedTuple):
    path: str
    name: str
    content: str


def find(bundles: Bundles) -> Iterator[Finding]:
    """Scripts and style sheets with one name and version, and other code; parts of one library are one finding."""
    found: dict[_Library, list[_Changed]] = defaultdict(list)
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
        style = path.lower().endswith(_STYLES)
        library = _Library(path.rpartition("/")[0], name.partition(" ")[0].lower(), version, style)
        found[library].append(_Changed(path, name, bundles.current[path]))
    for library, files in found.items():
        for start in range(0, len(files), _NAMED):
            yield _finding(library, files[start : start + _NAMED])


def _finding(library: _Library, files: list[_Changed]) -> Finding:
    """Each file is named, and the content of each is part of the evidence: another change of any is another finding."""
    first = files[0]
    message = f"{first.name} still calls itself {library.version}, and is another file"
    details = {"version": library.version, "content": first.content}
    if len(files) > 1:
        names = " ".join(file.path.rpartition("/")[2] for file in files)
        message = f"{len(files)} files still call themselves {library.version}, and are others: {names}"
        details = {"version": library.version, "content": " ".join(file.content for file in files), "files": names}
    return bundle_finding(
        RULE, Severity.MEDIUM if library.style else Severity.HIGH, first.path, first.name, message, details,
        package=package_of(first.path),
    )  # fmt: skip


def _code(data: bytes) -> bytes:
    """The file without blanks: line ends and indentation are nobody's change."""
    return b"".join(data.split())
