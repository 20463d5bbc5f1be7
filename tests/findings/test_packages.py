"""Bundled packages: whose file is it, which version, what changed."""

from __future__ import annotations

import json

import pytest

from scanner.errors import SourceError
from scanner.findings.packages import Package, copy_of, package_of, package_versions, summarise_packages
from scanner.model.source import Release, SourceFile
from scanner.source.entries import digest_of

VENDOR = "redcap_v@/Libraries/vendor"


def release(files: dict[str, bytes]) -> Release:
    listed = (SourceFile(path, path, len(content), digest_of(content)) for path, content in sorted(files.items()))
    return Release("x", None, "plain", tuple(listed))


def versions(files: dict[str, bytes]) -> dict[Package, str]:
    return package_versions(release(files), lambda file: files[file.path])


def installed(*packages: tuple[str, str]) -> bytes:
    return json.dumps({"packages": [{"name": name, "version": version} for name, version in packages]}).encode()


@pytest.mark.parametrize(("path", "root", "name"), [
    (f"{VENDOR}/guzzlehttp/guzzle/src/Client.php", VENDOR, "guzzlehttp/guzzle"),
    (f"{VENDOR}/a/b/vendor/c/d/x.php", f"{VENDOR}/a/b/vendor", "c/d"),
    (f"{VENDOR}/composer/ClassLoader.php", "", ""),
    (f"{VENDOR}/composer/ca-bundle/src/x.php", VENDOR, "composer/ca-bundle"),
    (f"{VENDOR}/autoload.php", "", ""),
    ("a/node_modules/lodash/fp/x.js", "a/node_modules", "lodash"),
    ("node_modules/@scope/name/x.js", "node_modules", "@scope/name"),
    ("redcap_v@/Libraries/PHPMailer/src/x.php", "redcap_v@/Libraries", "PHPMailer"),
    ("redcap_v@/libraries/x.php", "", ""),
    ("redcap_v@/Classes/x.php", "", ""),
    ("myvendor/a/b/x.php", "", ""),
    ("", "", ""),
])  # fmt: skip
def test_the_package_of_a_path(path: str, root: str, name: str) -> None:
    assert copy_of(path) == Package(root, name)
    assert package_of(path) == name


def test_versions_come_from_both_layouts_of_composers_list_and_from_npm() -> None:
    first = json.dumps([{"name": "a/b", "version": "1.0"}, {"name": "no version"}, 7]).encode()
    found = versions({
        "old/vendor/composer/installed.json": first,
        f"{VENDOR}/composer/installed.json": installed(("a/b", "2.0")),
        "node_modules/left-pad/package.json": b'{"name": "left-pad", "version": "1.3.0"}',
        "node_modules/left-pad/test/package.json": b'{"name": "other", "version": "9"}',
        "node_modules/@s/n/package.json": b'{"name": "@s/n", "version": "4"}',
    })  # fmt: skip
    assert found == {
        Package("old/vendor", "a/b"): "1.0",
        Package(VENDOR, "a/b"): "2.0",
        Package("node_modules", "left-pad"): "1.3.0",
        Package("node_modules", "@s/n"): "4",
    }


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'{"packages": 3}', b'{"packages": [{"name": 1, "version": 2}]}', b"\xff\xfe",
    b"[" * 100_000, b'[{"name": "a/b", "version": [1]}]', b"1" * 10_000,
])  # fmt: skip
def test_a_manifest_that_makes_no_sense_gives_no_version(content: bytes) -> None:
    assert versions({f"{VENDOR}/composer/installed.json": content}) == {}


def test_a_version_is_text_that_can_be_written_down() -> None:
    content = b'[{"name": "a/b", "version": "1\\ud800"}]'
    assert versions({f"{VENDOR}/composer/installed.json": content}) == {Package(VENDOR, "a/b"): "1?"}


def test_a_manifest_that_is_lost_gives_no_version() -> None:
    def lost(file: SourceFile) -> bytes:
        raise SourceError(file.path)

    assert package_versions(release({f"{VENDOR}/composer/installed.json": b"[]"}), lost) == {}


def test_each_copy_of_a_package_is_summarised_by_itself_and_wherever_it_lies() -> None:
    files = {f"{VENDOR}/a/b/x.php": b"1", "old/vendor/a/b/x.php": b"2", "old/vendor/a/b/y.php": b"3"}
    known = {Package(VENDOR, "a/b"): "2.0"}
    here, there = summarise_packages(release(files), known, ())[::-1]
    assert [(item.name, item.version, item.files) for item in (here, there)] == [("a/b", "2.0", 1), ("a/b", "", 2)]
    moved = summarise_packages(release({"other/vendor/a/b/x.php": b"1"}), {}, ())
    assert moved[0].digest == here.digest != there.digest
