"""Bundled packages: which package a file belongs to, its version, and what it can do."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from scanner.errors import ScannerError
from scanner.model.finding import Category, Finding
from scanner.model.report import PackageSummary
from scanner.model.source import Release, SourceFile

_VENDOR = re.compile(r"(?:^|/)(?:vendor|node_modules)/((?:@?[A-Za-z0-9_.-]+)/(?:[A-Za-z0-9_.-]+))/")
_LIBRARY = re.compile(r"(?:^|/)[Ll]ibraries/([A-Za-z0-9_.-]+)/")
_MAX_MANIFEST = 20_000_000
_CAPABILITIES = {
    "http": "network", "sdk": "network", "socket": "network", "storage-sdk": "network", "ssh": "network",
    "ftp": "network", "ldap": "network", "soap": "network", "dns": "network", "ipc": "network", "mail": "mail",
    "db": "database", "exec": "exec", "process": "exec", "file-url": "files", "image-url": "files", "xml-url": "files",
}  # fmt: skip


def package_of(path: str) -> str:
    """Composer or npm package that a path belongs to, a folder below `Libraries/` else, `` for first-party code.

    The package with the longest path wins: a package may carry its own `vendor` folder.
    """
    matches = list(_VENDOR.finditer(path))
    if matches:
        name = matches[-1][1]
        return name.partition("/")[0] if name.startswith("composer/") and name.count("/") == 0 else name
    library = _LIBRARY.search(path)
    return library[1] if library and library[1].lower() != "vendor" else ""


def package_versions(release: Release, read: Callable[[SourceFile], bytes]) -> dict[str, str]:
    """Versions that the release's Composer manifests give. Source: Composer documentation, `installed.json`."""
    versions: dict[str, str] = {}
    for file in release.files:
        if file.path.endswith("composer/installed.json") and file.size < _MAX_MANIFEST:
            try:
                document = json.loads(read(file))
            except (ValueError, OSError, ScannerError, RecursionError):
                continue
            versions.update(_versions(document))
    return versions


def _versions(document: object) -> dict[str, str]:
    packages = document.get("packages") if isinstance(document, dict) else document
    found: dict[str, str] = {}
    for item in packages if isinstance(packages, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str) and isinstance(item.get("version"), str):
            found[item["name"]] = item["version"]
    return found


def summarise_packages(
    release: Release, versions: Mapping[str, str], findings: Iterable[Finding]
) -> tuple[PackageSummary, ...]:
    """Every package with files in the release: version, capabilities seen by the detectors, digest of its files."""
    digests: dict[str, list[str]] = defaultdict(list)
    for file in release.files:
        name = package_of(file.path)
        if name:
            digests[name].append(f"{file.path}\0{file.digest}")
    capabilities: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        capability = _capability(finding)
        if finding.package and capability:
            capabilities[finding.package].add(capability)
    return tuple(
        PackageSummary(
            name,
            versions.get(name, ""),
            tuple(sorted(capabilities[name])),
            hashlib.blake2b("\n".join(sorted(lines)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest(),
            len(lines),
        )
        for name, lines in sorted(digests.items())
    )


def _capability(finding: Finding) -> str:
    if finding.category is Category.CONCEALMENT and finding.rule == "dynamic-code":
        return "eval"
    if finding.category is not Category.EGRESS:
        return ""
    channel = dict(finding.details).get("channel", "")
    return _CAPABILITIES.get(channel, "")
