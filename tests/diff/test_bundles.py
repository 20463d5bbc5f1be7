"""Bundled packages and files in odd places: what a comparison says about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.diff.bundles import bundle_rules
from scanner.diff.bundles.package_downgraded import numbers
from scanner.findings.manifests import banner
from scanner.model.finding import Category, Severity
from scanner.pipeline import ScanOptions, all_rules, diff
from tests.pipeline.trees import CALL, write_tree

VENDOR = "redcap_v15.7.1/Libraries/vendor"
QUIET = b"<?php class Guzzle { }"
JQUERY = b"/*! jQuery v3.6.0 | (c) OpenJS Foundation */\n!function(){return 1}();\n"
PART = b"/*!\n * Some UI %b 1.9.2\n */\n"
SHELL = b"<?php\n" + b"// a picture, certainly\n" * 8 + b"function draw($x) { return $x; }\n"


def composer(*packages: tuple[str, str]) -> bytes:
    return json.dumps({"packages": [{"name": name, "version": version} for name, version in packages]}).encode()


def npm(version: str) -> bytes:
    return json.dumps({"lockfileVersion": 3, "packages": {"node_modules/left": {"version": version}}}).encode()


def installed_php(version: str) -> bytes:
    return f"<?php return array('versions' => array('acme/dates' => array('pretty_version' => '{version}')));".encode()


BASE = {
    "index.php": b"<?php",
    f"{VENDOR}/autoload.php": b"<?php",
    f"{VENDOR}/composer/installed.json": composer(("acme/dates", "2.0.0")),
    f"{VENDOR}/acme/dates/a.php": QUIET,
    "redcap_v15.7.1/own.php": CALL,
}
LIST = f"{VENDOR}/composer/installed.json"
PICTURES = {f"redcap_v15.7.1/Resources/images/{number}.png": b"\x89PNG" for number in range(4)}
JS = "redcap_v15.7.1/Resources/js"

CASES: dict[str, tuple[dict[str, bytes], dict[str, bytes], list[str]]] = {
    "downgraded": ({}, {LIST: composer(("acme/dates", "1.9.0"))}, ["package-downgraded medium"]),
    "upgraded": ({}, {LIST: composer(("acme/dates", "2.0.1"))}, []),
    "gained-network": (
        {},
        {LIST: composer(("acme/dates", "2.0.1")), f"{VENDOR}/acme/dates/b.php": CALL},
        ["package-gained-capability medium"],
    ),
    "gained-network-in-the-same-version": (
        {},
        {f"{VENDOR}/acme/dates/b.php": CALL},
        ["package-changed-without-version high", "package-gained-capability high"],
    ),
    "stray-file": ({}, {f"{VENDOR}/acme/helper.php": QUIET}, ["file-without-package high"]),
    "stray-package": ({}, {f"{VENDOR}/acme/cache/a.php": QUIET}, ["file-without-package high"]),
    "listed-package": (
        {},
        {LIST: composer(("acme/dates", "2.0.0"), ("acme/cache", "1.0")), f"{VENDOR}/acme/cache/a.php": QUIET},
        [],
    ),
    "composers-own-file": ({}, {f"{VENDOR}/composer/platform_check.php": b"<?php"}, []),
    "code-among-pictures": (PICTURES, {"redcap_v15.7.1/Resources/images/c.php": SHELL}, ["code-among-assets high"]),
    "crowd-among-pictures": (
        PICTURES,
        {f"redcap_v15.7.1/Resources/images/{name}.php": SHELL for name in "abc"},
        ["code-among-assets high"],
    ),
    "index-among-pictures": (PICTURES, {"redcap_v15.7.1/Resources/images/index.php": b"<?php // nothing"}, []),
    "code-among-code": ({}, {"redcap_v15.7.1/other.php": SHELL}, []),
    "library": (
        {f"{JS}/jquery.js": JQUERY},
        {f"{JS}/jquery.js": JQUERY.replace(b"1", b"2")},
        ["library-changed-without-version high"],
    ),
    "parts-of-one-library": (
        {f"{JS}/{name}.js": PART % name.encode() for name in ("Button", "Dialog")} | {f"{JS}/jquery.js": JQUERY},
        {f"{JS}/{name}.js": PART % name.encode() + b"a()" for name in ("Button", "Dialog")}
        | {f"{JS}/jquery.js": JQUERY.replace(b"1", b"2")},
        ["library-changed-without-version high"] * 2,
    ),
    "library-upgraded": (
        {f"{JS}/jquery.js": JQUERY},
        {f"{JS}/jquery.js": JQUERY.replace(b"1", b"2").replace(b"3.6.0", b"3.6.2")},
        [],
    ),
    "library-whose-version-names-its-patches": (
        {f"{JS}/jquery.js": JQUERY.replace(b"3.6.0", b"3.6.0-fix1-CVE_2015_9251fix")},
        {f"{JS}/jquery.js": JQUERY.replace(b"1", b"2").replace(b"3.6.0", b"3.6.0-fix1-CVE_2015_9251fix-CVE_2020fix")},
        [],
    ),
    "library-with-other-line-ends": (
        {f"{JS}/jquery.js": JQUERY},
        {f"{JS}/jquery.js": JQUERY.replace(b"\n", b"\r\n")},
        [],
    ),
    "own-script": ({f"{JS}/own.js": b"/* menu */ a()"}, {f"{JS}/own.js": b"/* menu */ b()"}, []),
    "known-by-composer-lock": (
        {"redcap_v15.7.1/composer.lock": composer(("x/y", "1.0")), "redcap_v15.7.1/vendor/x/y/a.php": QUIET},
        {"redcap_v15.7.1/vendor/x/y/a.php": QUIET + b"\n"},
        ["package-changed-without-version high"],
    ),
    "known-by-installed-php": (
        {LIST: b"[]", f"{VENDOR}/composer/installed.php": installed_php("2.0.0")},
        {f"{VENDOR}/acme/dates/a.php": QUIET + b"\n"},
        ["package-changed-without-version high"],
    ),
    "known-by-npm": (
        {"package-lock.json": npm("1.0.0"), "node_modules/left/a.js": b"1"},
        {"node_modules/left/a.js": b"2"},
        ["package-changed-without-version high"],
    ),
    "known-by-a-constant": (
        {"redcap_v15.7.1/Libraries/Mail/Mail.php": b"<?php class Mail { const VERSION = '6.8.0'; }"},
        {"redcap_v15.7.1/Libraries/Mail/Mail.php": b"<?php class Mail { const VERSION = '6.8.0'; function f() {} }"},
        ["package-changed-without-version high"],
    ),
    "another-constant": (
        {"redcap_v15.7.1/Libraries/Mail/Mail.php": b"<?php class Mail { const VERSION = '6.8.0'; }"},
        {"redcap_v15.7.1/Libraries/Mail/Mail.php": b"<?php class Mail { const VERSION = '6.8.1'; function f() {} }"},
        [],
    ),
    "only-texts-changed": (
        {
            LIST: b"[]",
            f"{VENDOR}/composer/installed.php": installed_php("2.0.0"),
            f"{VENDOR}/acme/dates/README.md": b"1",
        },
        {f"{VENDOR}/acme/dates/README.md": b"2"},
        [],
    ),
    "versions-of-something-else": (
        {"redcap_v15.7.1/Libraries/Psr/R.php": b"<?php function reply($version = '1.1') {}"},
        {"redcap_v15.7.1/Libraries/Psr/R.php": b"<?php function reply($uri, $version = '1.1') {}"},
        [],
    ),
    "oldest-version-of-a-program": (
        {"redcap_v15.7.1/Libraries/Gpg/Gpg.php": b"<?php class Gpg { const MIN_VERSION = '1.0.2'; }"},
        {"redcap_v15.7.1/Libraries/Gpg/Gpg.php": b"<?php class Gpg { const MIN_VERSION = '1.0.2'; function f() {} }"},
        [],
    ),
}


@pytest.fixture(scope="session")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the compiled signatures."""
    return tmp_path_factory.mktemp("bundles")


@pytest.mark.parametrize("name", CASES)
def test_a_package_that_is_not_what_it_says(tmp_path: Path, signatures: Path, name: str) -> None:
    extra, changed, expected = CASES[name]
    sides = [write_tree(tmp_path / "old", BASE | extra), write_tree(tmp_path / "new", BASE | extra | changed)]
    comparison = diff(str(sides[0]), str(sides[1]), ScanOptions(cache=signatures, jobs=0))
    found = [
        f"{change.finding.rule} {change.finding.severity}"
        for change in comparison.changes
        if change.finding.category is Category.INTEGRITY and change.finding.severity.rank <= Severity.MEDIUM.rank
    ]
    assert sorted(found) == expected


def test_every_rule_has_a_case_and_a_page() -> None:
    rules = {item.rule.id for item in bundle_rules()}
    assert rules <= {expected.split()[0] for *_, wanted in CASES.values() for expected in wanted}
    assert rules <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize(("old", "new"), [("1.9.9", "1.10.0"), ("v2.0", "2.0.1"), ("2.0.0-beta1", "2.0.1")])
def test_numbers_of_versions_are_compared(old: str, new: str) -> None:
    assert numbers(old) < numbers(new)


@pytest.mark.parametrize(("text", "stated"), [
    (b"/*! jQuery v3.6.0 | (c)", ("jQuery", "3.6.0")),
    (b"/*!\n * Bootstrap v5.3.2 (https://getbootstrap.com/)", ("Bootstrap", "5.3.2")),
    (b"/**\n * Lodash 4.17.21", ("Lodash", "4.17.21")),
    (b"/* our own menu, since 2010 */", None),
    (b"var a = 1; /*! jQuery v3.6.0 */", None),
])  # fmt: skip
def test_a_banner_names_a_library(text: bytes, stated: tuple[str, str] | None) -> None:
    assert banner(text) == stated


@pytest.mark.parametrize(("name", "severity"), [("js", Severity.HIGH), ("css", Severity.MEDIUM)])
def test_a_library_that_is_another_under_its_version(name: str, severity: Severity, tmp_path: Path) -> None:
    for side, color in (("old", "red"), ("new", "blue")):
        folder = tmp_path / side
        folder.mkdir()
        (folder / f"lib.{name}").write_text(f"/*! Paint v1.2.3 | MIT */\na{{color:{color}}}\n")
        (folder / "index.php").write_text("<?php\necho 1;\n")
    changes = diff(str(tmp_path / "old"), str(tmp_path / "new"), ScanOptions(cache=None, jobs=0)).changes
    found = [item.finding for item in changes if item.finding.rule == "library-changed-without-version"]
    assert [item.severity for item in found] == [severity]
