"""Bundled packages: which package a file belongs to, its version, and what it can do."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from scanner.errors import SourceError
from scanner.model.finding import Category, Finding
from scanner.model.report import PackageSummary
from scanner.model.source import Release, SourceFile

_NAME = r"[A-Za-z0-9_.-]+"
_PACKAGE = re.compile(
    rf"(?:^|(?<=/))(?:vendor/(?P<composer>{_NAME}/{_NAME})|node_modules/(?P<npm>(?:@{_NAME}/)?{_NAME}))(?=/)"
)
_LIBRARY = re.compile(rf"(?:^|/)libraries/({_NAME})/", re.IGNORECASE)
_COMPOSER_LIST = "vendor/composer/installed.json"
_NPM_MANIFEST = re.compile(rf"(?:^|/)node_modules/(?:@{_NAME}/)?{_NAME}/package\.json")
_MAX_MANIFEST = 20_000_000
_CAPABILITIES = {
    "http": "network", "sdk": "network", "socket": "network", "storage-sdk": "network", "ssh": "network",
    "ftp": "network", "ldap": "network", "soap": "network", "dns": "network", "ipc": "network", "mail": "mail",
    "db": "database", "exec": "exec", "process": "exec", "file-url": "files", "image-url": "files", "xml-url": "files",
}  # fmt: skip


class Package(NamedTuple):
    """One copy of a package."""

    root: str
    """Path of the folder that the package folder lies in, for example `redcap_v@/Libraries/vendor`."""
    name: str


def package_of(path: str) -> str:
    """Composer or npm package that a path belongs to, a folder below `Libraries/` else, `` for first-party code."""
    return copy_of(path).name


def copy_of(path: str) -> Package:
    """As `package_of`, and where: the innermost folder counts, since a package may carry its own `vendor`."""
    found = None
    for found in _PACKAGE.finditer(path):  # noqa: B007  the last one is wanted
        pass
    if found is not None:
        name = found["composer"] or found["npm"]
        return Package(path[: found.end() - len(name) - 1], name)
    library = _LIBRARY.search(path)
    if library is None or library[1].lower() == "vendor":
        return Package("", "")
    return Package(path[: library.start(1) - 1], library[1])


def package_versions(release: Release, read: Callable[[SourceFile], bytes]) -> dict[Package, str]:
    """Versions that the release's manifests give.

    Source: Composer's documentation of `installed.json` (versions 1 and 2), npm's of `package.json`.
    """
    versions: dict[Package, str] = {}
    for file in release.files:
        composer = f"/{file.path}".endswith(f"/{_COMPOSER_LIST}")
        if not (composer or _NPM_MANIFEST.search(file.path)) or file.size > _MAX_MANIFEST:
            continue
        try:
            document = json.loads(read(file))
        except (ValueError, RecursionError, SourceError):
            continue
        if composer:
            root = file.path.removesuffix("/composer/installed.json")
            versions.update({Package(root, name): version for name, version in _listed(document)})
        elif file.path.endswith(f"{copy_of(file.path).name}/package.json"):
            versions.update({copy_of(file.path): version for _, version in _stated([document])})
    return versions


def _listed(document: object) -> Iterator[tuple[str, str]]:
    """Names and versions of Composer's list: an array in version 1, an object with `packages` in version 2."""
    packages = document.get("packages") if isinstance(document, dict) else document
    return _stated(packages if isinstance(packages, list) else [])


def _stated(packages: list[object]) -> Iterator[tuple[str, str]]:
    for item in packages:
        if isinstance(item, dict):
            name, version = item.get("name"), item.get("version")
            if isinstance(name, str) and isinstance(version, str):
                yield name, version.encode("utf-8", "replace").decode()


def summarise_packages(
    release: Release, versions: Mapping[Package, str], findings: Iterable[Finding]
) -> tuple[PackageSummary, ...]:
    """Every copy of a package in the release: version, capabilities seen by the detectors, digest of its files."""
    digests: dict[Package, list[str]] = defaultdict(list)
    for file in release.files:
        copy = copy_of(file.path)
        if copy.name:
            digests[copy].append(f"{file.path.removeprefix(copy.root)}\0{file.digest}")
    capabilities: dict[Package, set[str]] = defaultdict(set)
    for finding in findings:
        capability = _capability(finding)
        if finding.package and capability:
            capabilities[copy_of(finding.path)].add(capability)
    return tuple(
        sorted(
            PackageSummary(
                copy.name,
                versions.get(copy, ""),
                tuple(sorted(capabilities[copy])),
                hashlib.blake2b(
                    "\n".join(sorted(lines)).encode("utf-8", "surrogateescape"), digest_size=16
                ).hexdigest(),
                len(lines),
            )
            for copy, lines in digests.items()
        )
    )


def _capability(finding: Finding) -> str:
    if finding.category is Category.CONCEALMENT and finding.rule == "dynamic-code":
        return "eval"
    if finding.category is not Category.EGRESS:
        return ""
    channel = dict(finding.details).get("channel", "")
    return _CAPABILITIES.get(channel, "")
