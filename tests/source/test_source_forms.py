"""The same tree gives the same release, whatever form it comes in."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.source import open_release
from tests.source.builders import (
    COMPRESSORS,
    FULL,
    PHP,
    Tree,
    commit,
    digests,
    new_repository,
    scan,
    tar_of,
    write_folder,
    write_zip,
    zip_with_library,
)

NAMES = st.one_of(
    st.sampled_from(["redcap", "redcap_v15.7.6", "redcap_v15.10.0", "redcap_v@", "@outside", "a.php", "A.php", "lib"]),
    st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
        lambda name: name.strip(".") != "" and name.lower() != ".git"
    ),
    st.binary(min_size=1, max_size=4)
    .filter(lambda raw: not set(raw) & set(b"/\\\0:.") and raw.lower() != b".git")
    .map(lambda raw: raw.decode("utf-8", "surrogateescape")),
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def without_clashes(tree: dict[str, bytes]) -> Tree:
    """Drop names that are also the folder of another: a file system holds only one of the two."""
    folders = {name[:end] for name in tree for end in range(len(name)) if name[end] == "/"}
    return {name: content for name, content in tree.items() if name not in folders}


TREES = st.dictionaries(PATHS, st.binary(max_size=30), max_size=8).map(
    lambda tree: without_clashes({**tree, "i.php": PHP})
)


def all_forms(where: Path, tree: Tree) -> dict[str, Path | str]:
    forms: dict[str, Path | str] = {
        "folder": write_folder(where / "tree", tree),
        "zip": write_zip(where / "release.bin", tree),
    }
    for name, compress in COMPRESSORS.items():
        forms[name] = where / f"{name}.bin"
        (where / f"{name}.bin").write_bytes(compress(tar_of(tree)))
    forms["pax"] = where / "pax.bin"
    (where / "pax.bin").write_bytes(tar_of(tree, tarfile.PAX_FORMAT))
    repo = new_repository(where / "repo")
    commit(repo, tree)
    forms["git"] = f"{repo}@main"
    return forms


@settings(max_examples=25, deadline=None)
@given(TREES)
def test_every_form_of_a_tree_gives_the_same_paths_and_digests(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as place:
        seen = {name: scan(form) for name, form in all_forms(Path(place), tree).items()}
    release, contents = seen["folder"]
    for name, (other, other_contents) in seen.items():
        assert digests(other) == digests(release), name
        assert other_contents == contents, name
        assert (other.version, other.layout) == (release.version, release.layout), name
        assert [file.origin for file in other.files] == [file.origin for file in release.files], name
        assert other.refused == release.refused, name


@settings(max_examples=60, deadline=None)
@given(TREES, st.sampled_from(["redcap", "app-1.2", "deep/wrapping/folder"]))
def test_a_wrapping_folder_changes_nothing(tree: Tree, wrapper: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        bare, _ = scan(write_zip(Path(place) / "bare", tree))
        wrapped, _ = scan(
            write_zip(Path(place) / "wrapped", {f"{wrapper}/{name}": data for name, data in tree.items()})
        )
    assert digests(wrapped) == digests(bare)


def test_nothing_of_a_tree_is_lost(tmp_path: Path) -> None:
    release, contents = scan(write_folder(tmp_path / "r", FULL))
    assert contents == {
        "index.php": PHP,
        "cron.php": b"<?php // cron\n",
        "redcap_v@/Classes/Message.php": b"<?php class Message {}\n",
        "redcap_v@/Resources/logo.png": b"\x89PNG\r\n",
    }
    assert (release.version, release.layout, release.refused) == ("15.7.6", "full", ())
    assert [file.size for file in release.files] == [len(contents[file.path]) for file in release.files]


def test_the_form_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = zip_with_library(tmp_path / "release.tar.gz", FULL)
    assert scan(path)[0].version == "15.7.6"


def test_only_a_folder_has_paths_for_other_processes(tmp_path: Path) -> None:
    with open_release(str(write_folder(tmp_path / "r", FULL))) as opened:
        for file in opened.release.files:
            path = opened.disk_path(file)
            assert path is not None
            assert Path(path).is_absolute()
            assert Path(path).read_bytes() == opened.read(file)
    with open_release(str(write_zip(tmp_path / "z", FULL))) as opened:
        assert opened.disk_path(opened.release.files[0]) is None


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_the_name_of_a_release_is_no_path(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"redcap15.7.6.{kind}"
    path.write_bytes(COMPRESSORS[kind](tar_of(FULL)))
    assert scan(path)[0].name == path.name


def test_a_stream_of_several_compressed_parts_is_read_whole(tmp_path: Path) -> None:
    data = tar_of(FULL)
    for kind in ("gz", "bz2", "xz", "zst"):
        path = tmp_path / kind
        path.write_bytes(COMPRESSORS[kind](data[:700]) + COMPRESSORS[kind](data[700:]))
        assert len(scan(path)[0].files) == len(FULL), kind
