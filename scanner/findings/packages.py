"""Bundled packages: which package a file belongs to, its version, and what it can do."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from scanner.errors import SourceError
from scanner.findings.manifests import MAX_MANIFEST, composer_list, own_versions, stated_versions
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

    Source: Composer's documentation of `installed.json` (versions 1 and 2), npm's of `package.json`; for packages that
    neither names see `manifests`.
    """
    versions: dict[Package, str] = {}
    for file in release.files:
        composer = f"/{file.path}".endswith(f"/{_COMPOSER_LIST}")
        if not (composer or _NPM_MANIFEST.search(file.path)) or file.size > MAX_MANIFEST:
            continue
        try:
            data = read(file)
        except SourceError:
            continue
        if composer:
            versions.update({Package(item.root, item.name): item.version for item in composer_list(file.path, data)})
        elif file.path.endswith(f"{copy_of(file.path).name}/package.json"):
            versions.update(_of_manifest(copy_of(file.path), data))
    for item in stated_versions(release, read):
        versions.setdefault(Package(item.root, item.name), item.version)
    return versions | _own(release, versions, read)


def _of_manifest(copy: Package, data: bytes) -> dict[Package, str]:
    """Version in a package's own `package.json`."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    version = document.get("version") if isinstance(document, dict) and isinstance(document.get("name"), str) else None
    return {copy: version.encode("utf-8", "replace").decode()} if isinstance(version, str) else {}


def _own(release: Release, known: Mapping[Package, str], read: Callable[[SourceFile], bytes]) -> dict[Package, str]:
    """Versions of the packages that no manifest names, from their own folders."""
    groups: dict[str, list[SourceFile]] = defaultdict(list)
    copies: dict[str, Package] = {}
    for file in release.files:
        copy = copy_of(file.path)
        if copy.name and copy not in known:
            folder = f"{copy.root}/{copy.name}"
            groups[folder].append(file)
            copies[folder] = copy
    return {copies[folder]: version for folder, version in own_versions(groups, read).items()}


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
