"""Versions of bundled packages, from every manifest that a release carries.

The surest manifest wins: Composer's list of what is installed, npm's manifest inside the package, then the lock files,
then a `VERSION` file or a version constant in the package's own folder.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from scanner.errors import SourceError
from scanner.model.source import Release, SourceFile

MAX_MANIFEST = 20_000_000
_MAX_SOURCE = 400_000
_MOST_SOURCES = 30
"""Files of one package in which a version constant is looked for."""
_INSTALLED_PHP = re.compile(rb"'([\w.-]+/[\w.-]+)'\s*=>\s*(?:array\s*\(|\[)\s*'pretty_version'\s*=>\s*'([^']{1,60})'")
_CONSTANT = re.compile(
    rb"(?:const\s+(?P<const>(?:\w+_)?VERSION)\s*=|define\(\s*['\"](?P<define>\w*VERSION)['\"]\s*,|\$(?:version|VERSION)\s*=)"
    rb"\s*['\"]v?(?P<version>\d[\w.+-]{0,40})['\"]\s*[;)](?!\s*[:{])"
)
"""A statement: what a parameter is unless it is given (`string $version = '1.1'`) is none of the package."""
_OF_ANOTHER = re.compile(
    rb"(?:^|_)(?:MIN|MAX|MINIMUM|MAXIMUM|REQUIRED?|PHP|API|PROTOCOL|HTTP|DB|SCHEMA|FORMAT|SUPPORTED|LEGACY)_"
)
"""Names of versions that are none of the package itself."""
_BANNER = re.compile(
    rb"\A\s*(?:/\*[!*]?|//)[\s*!@]*(?:license\s+)?([A-Za-z][\w.-]{1,40}(?: [A-Za-z][\w.-]{1,30}){0,3})"
    rb"[ \t,:@-]+v?(\d+\.\d+(?:\.\d+)?[\w.+-]{0,160})"
)
Read = Callable[[SourceFile], bytes]


class Stated(NamedTuple):
    """One version that a manifest states."""

    root: str
    """Folder that the package's folder lies in."""
    name: str
    version: str


def composer_list(path: str, data: bytes) -> Iterator[Stated]:
    """`vendor/composer/installed.json` (an array in version 1, an object with `packages` in 2) and `installed.php`."""
    root = path.rpartition("/composer/")[0]
    if path.endswith(".php"):
        for match in _INSTALLED_PHP.finditer(data):
            yield Stated(root, match[1].decode("ascii", "replace"), match[2].decode("utf-8", "replace"))
        return
    document = _document(data)
    packages = document.get("packages") if isinstance(document, dict) else document
    yield from _named(root, packages)


def composer_lock(path: str, data: bytes) -> Iterator[Stated]:
    """`composer.lock`: what belongs into the `vendor` folder beside it."""
    document = _document(data)
    folder = path.rpartition("/")[0]
    if isinstance(document, dict):
        for key in ("packages", "packages-dev"):
            yield from _named(f"{folder}/vendor".lstrip("/"), document.get(key))


def npm_lock(path: str, data: bytes) -> Iterator[Stated]:
    """`package-lock.json` (versions 1 to 3) and `node_modules/.package-lock.json`."""
    document = _document(data)
    if not isinstance(document, dict):
        return
    base = path.rpartition("/")[0].removesuffix("node_modules").rstrip("/")
    packages = document.get("packages")
    for place, item in packages.items() if isinstance(packages, dict) else ():
        before, found, name = place.rpartition("node_modules/")
        if found and isinstance(item, dict) and isinstance(item.get("version"), str):
            root = "/".join(part for part in (base, before.rstrip("/"), "node_modules") if part)
            yield Stated(root, name, item["version"])
    if not isinstance(packages, dict) and isinstance(document.get("dependencies"), dict):
        root = f"{base}/node_modules".lstrip("/")
        for name, item in document["dependencies"].items():
            if isinstance(item, dict) and isinstance(item.get("version"), str):
                yield Stated(root, name, item["version"])


def _document(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _named(root: str, packages: object) -> Iterator[Stated]:
    for item in packages if isinstance(packages, list) else ():
        name, version = (item.get("name"), item.get("version")) if isinstance(item, dict) else (None, None)
        if isinstance(name, str) and isinstance(version, str):
            yield Stated(root, name, version.encode("utf-8", "replace").decode())


_LOCKS: Mapping[str, Callable[[str, bytes], Iterator[Stated]]] = {
    "vendor/composer/installed.php": composer_list,
    "composer.lock": composer_lock,
    "package-lock.json": npm_lock,
    "node_modules/.package-lock.json": npm_lock,
}
"""End of a path -> who reads it, surest first."""


def stated_versions(release: Release, read: Read) -> list[Stated]:
    """What the lock files of a release state, surest first."""
    found: list[Stated] = []
    for ending, reader in _LOCKS.items():
        for file in release.files:
            if f"/{file.path}".endswith(f"/{ending}") and file.size <= MAX_MANIFEST:
                try:
                    found += reader(file.path, read(file))
                except SourceError:
                    continue
    return found


def own_versions(groups: Mapping[str, list[SourceFile]], read: Read) -> dict[str, str]:
    """Folder of a package -> version that a `VERSION` file or a constant in it states, where all agree."""
    found: dict[str, str] = {}
    for folder, files in groups.items():
        versions: dict[str, int] = defaultdict(int)
        near = sorted(files, key=lambda file: (file.path.count("/"), file.path))
        for file in near[:_MOST_SOURCES]:
            name = file.path.rpartition("/")[2].lower()
            if file.size > _MAX_SOURCE or not (name in ("version", "version.txt") or name.endswith(".php")):
                continue
            try:
                data = read(file)
            except SourceError:
                continue
            if not name.endswith(".php"):
                text = data[:60].decode("ascii", "replace").strip().lstrip("v")
                if re.fullmatch(r"\d+\.\d[\w.+-]*", text):
                    versions = {text: 1}
                    break
                continue
            for match in _CONSTANT.finditer(data):
                if not _OF_ANOTHER.search(match["const"] or match["define"] or b""):
                    versions[match["version"].decode("ascii", "replace")] += 1
        if len(versions) == 1:
            found[folder] = next(iter(versions))
    return found


def banner(data: bytes) -> tuple[str, str] | None:
    """Name and version that a script or style sheet states in its first comment: `/*! jQuery v3.6.0 | ...`."""
    match = _BANNER.match(data[:400])
    if match is None:
        return None
    return match[1].decode("ascii", "replace").strip(), match[2].decode("ascii", "replace")
