"""Folders: links, odd files, files that cannot be read or change meanwhile."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from scanner.errors import SourceError
from scanner.source import SourceLimits, open_release, read_file
from tests.source.builders import FULL, PHP, codes, commit, digests, git, incomplete, new_repository, scan, write_folder


def test_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "outside", {"secret.php": PHP})
    root = write_folder(tmp_path / "r", {"a.php": PHP, "lib/b.php": PHP})
    (root / "file.php").symlink_to("lib/b.php")
    (root / "folder").symlink_to("lib")
    (root / "absolute.php").symlink_to(root / "a.php")
    (root / "through.php").symlink_to("folder/b.php")
    (root / "up").symlink_to(tmp_path / "outside")
    (root / "lib" / "self").symlink_to("self")
    (root / "lib" / "root").symlink_to("..")
    (root / "gone").symlink_to("nowhere")
    release, contents = scan(root)
    assert sorted(contents) == ["a.php", "lib/b.php"]
    reasons = {item.path: item.reason for item in release.refused}
    for name in ("file.php", "folder", "absolute.php", "through.php", "lib/root"):
        assert "part of the release" in reasons[name], name
    assert "outside" in reasons["up"]
    assert "circle" in reasons["lib/self"]
    assert "not in the release" in reasons["gone"]
    assert incomplete(release) == set()


def test_devices_pipes_and_sockets_are_not_opened(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", FULL)
    os.mkfifo(root / "pipe.php")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "s"))
    release, _ = scan(root)
    assert codes(release) == {"@outside/pipe.php": "special-file", "@outside/s": "special-file"}


def test_a_large_file_is_refused_and_the_scan_goes_on(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", {"a.php": PHP})
    with (root / "large.php").open("wb") as file:
        file.truncate(200 << 20)
    release, contents = scan(root)
    assert contents == {"a.php": PHP}
    assert codes(release) == {"large.php": "too-large"}
    assert incomplete(release) == {"large.php"}


def test_a_file_over_a_mebibyte_is_read_whole(tmp_path: Path) -> None:
    content = PHP * 200_000
    assert scan(write_folder(tmp_path / "r", {"a.php": content}))[1] == {"a.php": content}


def test_unreadable_vanished_and_changing_files_are_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_folder(tmp_path / "r", {f"{name}.php": PHP for name in ("good", "locked", "gone", "grown", "swapped")})
    real = os.open

    def opened(path: str, flags: int) -> int:
        name = Path(path).name
        if name == "locked.php":
            raise PermissionError(13, "Permission denied")
        if name == "gone.php":
            Path(path).unlink()
        if name == "grown.php":
            Path(path).write_bytes(PHP + b"// more")
        if name == "swapped.php":
            Path(path).unlink()
            Path(path).symlink_to("/etc/passwd")
        return real(path, flags)

    monkeypatch.setattr(os, "open", opened)
    release, _ = scan(root)
    monkeypatch.undo()
    assert list(digests(release)) == ["good.php"]
    assert codes(release) == {
        "locked.php": "unreadable",
        "gone.php": "vanished",
        "grown.php": "changed",
        "swapped.php": "unreadable",
    }
    assert incomplete(release) == codes(release).keys()


def test_a_folder_that_cannot_be_listed_is_refused_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_folder(tmp_path / "r", {"a.php": PHP, "locked/b.php": PHP})
    real = os.scandir

    def listed(path: str) -> object:
        if "locked" in path:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", listed)
    release, _ = scan(root)
    assert list(digests(release)) == ["a.php"]
    assert codes(release) == {"locked": "unreadable"}
    assert incomplete(release) == {"locked"}


def test_a_file_that_changes_after_opening_is_never_read_as_if_it_had_not(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", {"a.php": PHP, "b.php": PHP})
    with open_release(str(root)) as opened:
        first, second = opened.release.files
        (root / "a.php").write_bytes(PHP.upper())
        (root / "b.php").unlink()
        with pytest.raises(SourceError, match=r"a\.php changed during the scan"):
            opened.read(first)
        path = opened.disk_path(first)
        assert path is not None
        with pytest.raises(SourceError, match="changed during the scan"):
            read_file(path, first)
        with pytest.raises(SourceError, match=r"b\.php cannot be read: vanished"):
            opened.read(second)


def test_another_process_reads_what_was_opened(tmp_path: Path) -> None:
    with open_release(str(write_folder(tmp_path / "r", FULL))) as opened:
        for file in opened.release.files:
            path = opened.disk_path(file)
            assert path is not None
            assert read_file(path, file) == opened.read(file)


def test_a_file_of_another_release_is_not_read(tmp_path: Path) -> None:
    one, _ = scan(write_folder(tmp_path / "one", {"x.php": PHP}))
    with (
        open_release(str(write_folder(tmp_path / "two", {"y.php": PHP}))) as opened,
        pytest.raises(SourceError, match=r"x\.php is no file of two"),
    ):
        opened.read(one.files[0])


def test_names_that_are_no_utf8_can_be_read(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe.php")
    release, contents = scan(write_folder(tmp_path / "r", {name: PHP}))
    assert contents == {"\\xff\\xfe.php": PHP}
    with open_release(str(tmp_path / "r")) as opened:
        path = opened.disk_path(release.files[0])
        assert path is not None
        assert Path(path).read_bytes() == PHP


def test_many_nested_folders_are_no_recursion(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 700) + "/a.php"
    assert len(scan(write_folder(tmp_path / "r", {deep: PHP, "b.php": PHP}))[0].files) == 2


def test_git_data_in_a_work_tree_are_no_files_of_the_release_but_a_hidden_file_there_is(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", {"a.php": PHP})
    git(root, "init", "-q", ".")
    git(root, "add", "a.php")
    git(root, "commit", "-q", "-m", "x")
    git(root, "tag", "v1.2.3")
    release, _ = scan(root)
    assert list(digests(release)) == ["a.php"]
    assert codes(release) == {".git": "git-data"}
    assert incomplete(release) == set()
    write_folder(root, {".git/evil.php": PHP, ".git/objects/evil.php": PHP, ".git/refs/x.php": PHP, ".gitignore": b"x"})
    hidden = [".git/evil.php", ".git/objects/evil.php", ".git/refs/x.php", ".gitignore", "a.php"]
    assert list(digests(scan(root)[0])) == hidden


def test_a_folder_and_its_commit_are_the_same(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "repo.git")
    commit(repo, FULL)
    git(tmp_path, "clone", "-q", str(repo), "work")
    assert digests(scan(tmp_path / "work")[0]) == digests(scan(f"{repo}@main")[0])


def test_limits_hold_for_folders(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", {f"{number}.php": PHP for number in range(10)})
    release, contents = scan(root, limits=SourceLimits(max_total=5 * len(PHP)))
    assert len(contents) == 5
    assert set(codes(release).values()) == {"total-limit"}
    with pytest.raises(SourceError, match="more than 9 members"):
        scan(root, limits=SourceLimits(max_members=9))


def test_a_folder_that_is_written_to_meanwhile_never_breaks_the_scan(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "r", {f"{number}.php": PHP * 50 for number in range(200)})
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            path = root / f"{number % 150}.php"
            path.unlink(missing_ok=True)
            path.write_bytes(PHP * (number % 70))
            number += 1

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        for _ in range(5):
            with open_release(str(root)) as opened:
                assert {f"{number}.php" for number in range(150, 200)} <= digests(opened.release).keys()
    finally:
        stop.set()
        writer.join()
