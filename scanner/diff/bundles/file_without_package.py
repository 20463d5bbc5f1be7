"""# file-without-package.

## What it does
Reports new files below `vendor/` that no package of the manifests owns: beside the packages, or in a folder that looks
like a package and stands in no list. Composer's own files and `autoload.php` are none of these. Also reports a new
folder below `node_modules/` that npm's lock file does not name.

## Why is this bad
Nobody reads `vendor/`. A file that came with no package was put there by hand, and no update will remove it.

## Example
`vendor/guzzlehttp/helper.php`, or `vendor/acme/cache/` that `vendor/composer/installed.json` does not know.

## References
- CWE-506, Embedded Malicious Code
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.bundles.inputs import Bundles, bundle_finding
from scanner.errors import SourceError
from scanner.facts.classify import php_suffix
from scanner.findings.manifests import composer_list, composer_lock
from scanner.findings.packages import copy_of
from scanner.model.finding import Category, Finding, Severity

RULE = rule("file-without-package", Category.INTEGRITY, "File in `vendor/` that no package owns", __doc__)
_VENDOR = re.compile(r"^(?=.*$)((?:.*/)?vendor)/(.+)$")
_COMPOSERS = re.compile(
    r"^(?:autoload\.php|composer/[^/]+|bin/[^/]+|\.htaccess|index\.(?:php|html?)|[^/]+\.(?:md|txt|lock|json))$",
    re.IGNORECASE,
)
_SHOWN = 6


def find(bundles: Bundles) -> Iterator[Finding]:
    """New files and folders that no manifest knows; nothing where there is no manifest."""
    listed = _listed(bundles)
    strays: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(bundles.current.keys() - bundles.baseline.keys()):
        match = _VENDOR.match(path)
        if match is None:
            continue
        copy = copy_of(path)
        if copy.name and copy.root.endswith("vendor"):
            if copy.root in listed and copy.name not in listed[copy.root]:
                strays[copy.root, copy.name].append(path)
        elif not copy.name and match[1] in listed and not _COMPOSERS.match(match[2]):
            strays[match[1], match[2]].append(path)
    for (root, name), paths in strays.items():
        if any(path.startswith(f"{root}/{name}/") for path in bundles.baseline):
            continue  # it was there before, unlisted as well
        shown = ", ".join(path.removeprefix(f"{root}/") for path in paths[:_SHOWN])
        place = next((path for path in paths if php_suffix(path)), paths[0])
        code = any(php_suffix(path) for path in paths)
        yield bundle_finding(
            RULE, Severity.HIGH if code else Severity.MEDIUM, place, name,
            f"{shown} belongs to no package that {root} lists", {"files": str(len(paths)), "names": shown},
            package=copy_of(place).name,
        )  # fmt: skip


def _listed(bundles: Bundles) -> dict[str, set[str]]:
    """Folder of packages -> names that its manifests list, in lower case and as written."""
    found: dict[str, set[str]] = {}
    for path in bundles.current:
        lists = path.endswith(("vendor/composer/installed.json", "vendor/composer/installed.php"))
        if not lists and not f"/{path}".endswith("/composer.lock"):
            continue
        try:
            data = bundles.read_new(path)
        except SourceError:
            continue
        for item in composer_list(path, data) if lists else composer_lock(path, data):
            found.setdefault(item.root, set()).add(item.name)
    return found
