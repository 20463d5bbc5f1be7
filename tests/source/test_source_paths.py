"""Canonical paths: version folders, wrapping folders, names that try to pass for others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.errors import SourceError
from scanner.model.source import Release
from tests.source.builders import (
    FULL,
    PHP,
    codes,
    commit,
    digests,
    incomplete,
    new_repository,
    raw_zip,
    scan,
    write_folder,
    write_zip,
)


def release_of(tmp_path: Path, *names: str, version: str | None = None) -> Release:
    tree = {name: f"<?php // {name.encode('utf-8', 'replace')!r}".encode() for name in names}
    return scan(write_zip(tmp_path / "r.zip", tree), version=version)[0]


def paths(release: Release) -> list[str]:
    return [file.path for file in release.files]


@pytest.mark.parametrize(
    ("names", "expected", "layout"),
    [
        (["redcap/redcap_v15.7.6/a.php", "redcap/cron.php"], ["cron.php", "redcap_v@/a.php"], "full"),
        (["x/y/redcap/redcap_v1.2.3/a.php", "x/y/redcap/b.php"], ["b.php", "redcap_v@/a.php"], "full"),
        (["redcap_v15.7.6/a.php"], ["redcap_v@/a.php"], "upgrade"),
        (["redcap/redcap_v15.7.6/a.php", "redcap/readme.txt"], ["readme.txt", "redcap_v@/a.php"], "upgrade"),
        (["phpmyadmin-5.2.1/index.php", "phpmyadmin-5.2.1/lib/a.php"], ["index.php", "lib/a.php"], "plain"),
        (["index.php", "lib/a.php"], ["index.php", "lib/a.php"], "plain"),
        (["redcap_v15.7.6", "a.php"], ["a.php", "redcap_v15.7.6"], "plain"),
        (["redcap_version/a.php", "b.php"], ["b.php", "redcap_version/a.php"], "plain"),
        (["REDCAP_V15.7.6/a.php"], ["redcap_v@/a.php"], "upgrade"),
        (["redcap_v15.7.6/x/redcap_v9.9.9/a.php"], ["redcap_v@/x/redcap_v9.9.9/a.php"], "upgrade"),
        (
            ["redcap/redcap_v1.0.0/a.php", "redcap/i.php", "__MACOSX/redcap/._i.php"],
            ["@outside/__MACOSX/redcap/._i.php", "i.php", "redcap_v@/a.php"],
            "full",
        ),
        (
            ["redcap/redcap_v1.0.0/a.php", "redcap/i.php", "readme.txt"],
            ["@outside/readme.txt", "i.php", "redcap_v@/a.php"],
            "full",
        ),
        (
            ["a.php", "b.php", "c.php", "tests/fixture/redcap_v1.0.0/x.php"],
            ["a.php", "b.php", "c.php", "tests/fixture/redcap_v1.0.0/x.php"],
            "plain",
        ),
    ],
)
def test_where_the_release_lies(tmp_path: Path, names: list[str], expected: list[str], layout: str) -> None:
    release = release_of(tmp_path, *names)
    assert paths(release) == expected
    assert release.layout == layout


def test_a_release_under_two_folder_names_is_the_same(tmp_path: Path) -> None:
    old, _ = scan(write_folder(tmp_path / "a", FULL))
    renamed = {name.replace("15.7.6", "15.7.7"): data for name, data in FULL.items()}
    new, _ = scan(write_folder(tmp_path / "b", renamed))
    assert digests(old) == digests(new)
    assert (old.version, new.version) == ("15.7.6", "15.7.7")


def test_the_opened_folder_may_itself_be_the_version_folder(tmp_path: Path) -> None:
    write_folder(tmp_path, {"redcap_v15.7.6/Classes/a.php": PHP})
    repo = new_repository(tmp_path / "repo")
    commit(repo, FULL)
    release, _ = scan(tmp_path / "redcap_v15.7.6")
    assert (paths(release), release.version, release.layout) == (["redcap_v@/Classes/a.php"], "15.7.6", "upgrade")
    part, _ = scan(f"{repo}@main:redcap/redcap_v15.7.6")
    assert "redcap_v@/Classes/Message.php" in paths(part)


@pytest.mark.parametrize(
    ("versions", "highest"),
    [(["15.7.6", "15.10.0"], "15.10.0"), (["9.9.9", "10.0.0"], "10.0.0"), (["15.7", "15.7.6"], "15.7.6")],
)
def test_the_highest_version_is_the_release_by_number(tmp_path: Path, versions: list[str], highest: str) -> None:
    names = [f"redcap_v{version}/a.php" for version in versions]
    release = release_of(tmp_path, "index.php", *names)
    assert release.version == highest
    assert paths(release) == ["index.php", "redcap_v@/a.php"]
    (other,) = [version for version in versions if version != highest]
    assert codes(release) == {f"redcap_v{other}/a.php": "other-version"}
    assert incomplete(release) == set()


def test_a_version_can_be_named(tmp_path: Path) -> None:
    names = ("index.php", "redcap_v15.7.5/a.php", "redcap_v15.7.6/b.php")
    release = release_of(tmp_path, *names, version="15.7.5")
    assert paths(release) == ["index.php", "redcap_v@/a.php"]
    assert codes(release) == {"redcap_v15.7.6/b.php": "other-version"}
    with pytest.raises(SourceError, match=r"no version 1\.0\.0 in the release: it holds 15\.7\.5, 15\.7\.6"):
        release_of(tmp_path, *names, version="1.0.0")
    with pytest.raises(SourceError, match="is no version"):
        release_of(tmp_path, *names, version="newest")
    with pytest.raises(SourceError, match="no version folder"):
        release_of(tmp_path, "a.php", version="1.0.0")


def test_equal_versions_in_two_spellings_are_both_scanned(tmp_path: Path) -> None:
    release = release_of(tmp_path, "redcap_v15.7.6/a.php", "redcap_v15.7.06/a.php", "i.php")
    assert paths(release) == ["i.php", "redcap_v15.7.06/a.php", "redcap_v@/a.php"]


def test_no_name_passes_for_the_version_folder(tmp_path: Path) -> None:
    release = release_of(tmp_path, "redcap_v15.7.6/a.php", "redcap_v@/a.php", "redcap_v@/b.php", "@outside/a.php")
    assert paths(release) == ["\\x40outside/a.php", "redcap_v@/a.php", "redcap_v\\x40/a.php", "redcap_v\\x40/b.php"]
    assert codes(release)["redcap_v\\x40/a.php"] == "reserved-name"


def test_huge_version_numbers_are_no_version(tmp_path: Path) -> None:
    release = release_of(tmp_path, f"redcap_v{'9' * 5000}.1.1/a.php"[:4000] + "/a.php", "b.php")
    assert release.version is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[31m.php", "a\\x1b[31m.php"),
        ("a\n.php", "a\\x0a.php"),
        ("a\u202egnp.php", "a\\u202egnp.php"),
        ("\udce9t\udce9.php", "\\xe9t\\xe9.php"),
        ("été.php", "été.php"),
        ("a\u0085.php", "a\\u0085.php"),
    ],
)
def test_names_are_printable_and_nothing_is_lost(tmp_path: Path, name: str, shown: str) -> None:
    release = release_of(tmp_path, name, "z.php")
    file = next(file for file in release.files if file.path != "z.php")
    assert file.path == shown
    file.origin.encode()
    if "\udce9" not in name:
        assert file.origin == name


def test_composed_and_decomposed_letters_stay_apart(tmp_path: Path) -> None:
    assert len(release_of(tmp_path, "\u00e9.php", "e\u0301.php").files) == 2


def test_a_written_escape_does_not_collide_with_an_escaped_name(tmp_path: Path) -> None:
    release, contents = scan(write_folder(tmp_path / "r", {"a\x1b.php": PHP + b"1", "a\\x1b.php": PHP + b"2"}))
    assert contents == {"a\\x1b.php": PHP + b"1", "a\\\\x1b.php": PHP + b"2"}
    assert release.refused == ()


def test_names_that_differ_only_in_case_are_kept_and_reported(tmp_path: Path) -> None:
    release = release_of(tmp_path, "a.php", "A.php")
    assert paths(release) == ["A.php", "a.php"]
    assert codes(release) == {"a.php": "case-collision"}
    assert incomplete(release) == set()


def test_members_of_one_name_are_all_scanned(tmp_path: Path) -> None:
    path = raw_zip(
        tmp_path / "z", (b"a.php", b"<?php 1;", {}), (b"./a.php", b"<?php 2;", {}), (b"a.php", b"<?php 3;", {})
    )
    release, contents = scan(path)
    assert contents["a.php"] == b"<?php 3;"
    assert sorted(contents.values()) == [b"<?php 1;", b"<?php 2;", b"<?php 3;"]
    assert set(codes(release).values()) == {"duplicate-name"}
    assert all(name.endswith(".php") for name in contents)


def test_a_latin1_name_is_the_same_on_disk_and_in_a_zip(tmp_path: Path) -> None:
    tree = {os.fsdecode(b"caf\xe9.php"): PHP}
    folder, _ = scan(write_folder(tmp_path / "r", tree))
    archive, _ = scan(write_zip(tmp_path / "z", tree))
    assert digests(folder) == digests(archive) == {"caf\\xe9.php": folder.files[0].digest}
