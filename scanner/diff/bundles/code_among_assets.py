"""# code-among-assets.

## What it does
Reports a new PHP file in a folder that held pictures, fonts, style sheets or scripts and no PHP before.

## Why is this bad
Such folders are served as they are and read by nobody: it is where web shells lie.

## Example
`Resources/images/cache.php` beside two hundred pictures.

## References
- CWE-434, CWE-506
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.bundles.inputs import Bundles, bundle_finding
from scanner.errors import SourceError
from scanner.facts.classify import holds_php, php_suffix
from scanner.findings.packages import package_of
from scanner.model.finding import Category, Finding, Severity

RULE = rule("code-among-assets", Category.INTEGRITY, "New PHP file in a folder of assets", __doc__)
_ASSETS = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "bmp", "woff", "woff2", "ttf", "eot", "otf", "css", "less",
    "scss", "js", "mjs", "map", "mp3", "mp4", "pdf",
})  # fmt: skip
_FEWEST = 3
_NAMED = 12
"""Names in one finding."""
_TRIVIAL = 120
"""Bytes up to which a file can only forbid to list its folder."""


def find(bundles: Bundles) -> Iterator[Finding]:
    """New PHP files beside assets, where the baseline had assets alone."""
    endings: dict[str, list[str]] = defaultdict(list)
    for path in bundles.baseline:
        folder, _, name = path.rpartition("/")
        endings[folder].append("php" if php_suffix(name) else name.rpartition(".")[2].lower())
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(bundles.current.keys() - bundles.baseline.keys()):
        before = endings.get(path.rpartition("/")[0], [])
        if not php_suffix(path) or len(before) < _FEWEST or "php" in before:
            continue
        if 2 * sum(ending in _ASSETS for ending in before) < len(before):
            continue
        try:
            content = bundles.read_new(path)
        except SourceError:
            continue
        if len(content) > _TRIVIAL and holds_php(named=True, content=content):
            found[path.rpartition("/")[0]].append(path)
    for folder, paths in found.items():
        yield from _findings(paths, len(endings[folder]))


def _findings(paths: list[str], before: int) -> Iterator[Finding]:
    """One finding for the new files of a folder, with all their names; a crowd is told in several."""
    for start in range(0, len(paths), _NAMED):
        names = [path.rpartition("/")[2] for path in paths[start : start + _NAMED]]
        others = f"; {len(names)} files: {', '.join(names)}" if len(names) > 1 else ""
        details = {"beside": str(before)} | ({"files": " ".join(names)} if others else {})
        yield bundle_finding(
            RULE, Severity.HIGH, paths[start], names[0],
            f"PHP in a folder that held {before} files and no PHP before{others}", details,
            package=package_of(paths[start]),
        )  # fmt: skip
