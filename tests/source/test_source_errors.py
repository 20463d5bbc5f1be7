"""What cannot be opened gives one line that says what to do."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from scanner.errors import SourceError
from tests.source.builders import PHP, commit, new_repository, raw_zip, scan, tar_bytes, tar_of, write_folder, write_zip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither a zip nor a tar archive"),
        (b"hello", "neither a zip nor a tar archive"),
        (b"<?php echo 1;", "neither a zip nor a tar archive"),
        (b"PK\x03\x04 no zip", "damaged or truncated zip"),
        (b"PK\x05\x06", "damaged or truncated zip"),
        (b"Rar!\x1a\x07\x00", "neither a zip nor a tar archive"),
        (gzip.compress(b"only a compressed text, no archive", mtime=0), "no tar archive"),
        (b"\x1f\x8b broken", "damaged or truncated"),
        (tar_bytes(), "holds no files"),
        (gzip.compress(tar_bytes(), mtime=0), "holds no files"),
        (tar_of({"readme.txt": b"text"}), "no PHP"),
    ],
)
def test_files_that_are_no_release(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        scan(path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_an_empty_folder_and_one_without_php(tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    with pytest.raises(SourceError, match="empty holds no files"):
        scan(tmp_path / "empty")
    with pytest.raises(SourceError, match="no PHP in text"):
        scan(write_folder(tmp_path / "text", {"a.txt": b"x"}))
    with pytest.raises(SourceError, match=r"holds no files"):
        scan(write_zip(tmp_path / "z", {}))


def test_php_is_recognised_by_content_too(tmp_path: Path) -> None:
    assert scan(write_folder(tmp_path / "r", {"logo.jpg": b"\xff\xd8<?PHP evil();"}))[0].files


def test_a_release_whose_members_are_all_refused_is_not_called_empty(tmp_path: Path) -> None:
    release, _ = scan(raw_zip(tmp_path / "z", (b"a.php", PHP, {"flags": 1})))
    assert release.files == ()
    assert release.refused[0].incomplete


@pytest.mark.parametrize(
    "spec", ["", "nothing-here", "nothing-here@v1", "no/such/folder", "a\0b", "\x1b[31m", "@", "-"]
)
def test_a_path_that_does_not_exist(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="give a folder, a zip or tar archive, or REPO@REF") as caught:
        scan(spec)
    assert str(caught.value).isprintable()


def test_a_bare_repository_without_a_ref(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r.git")
    commit(repo, {"a.php": PHP})
    with pytest.raises(SourceError, match=r"name a ref, as in r\.git@REF"):
        scan(repo)


def test_a_pipe_and_a_link_to_nowhere(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("pipe", "link"):
        with pytest.raises(SourceError, match="neither a folder nor a regular file"):
            scan(tmp_path / name)
