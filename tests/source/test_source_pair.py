"""The two releases that one argument stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import SourceError
from scanner.source import resolve_pair
from tests.source.builders import PHP, commit, git, new_repository, scan, write_folder, write_zip


def release(version: str) -> dict[str, bytes]:
    return {f"redcap/redcap_v{version}/a.php": PHP, "redcap/index.php": PHP}


def names(pair: tuple[str, str]) -> list[str | None]:
    return [scan(spec)[0].version for spec in pair]


def test_the_last_two_versions_on_a_branch(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r")
    for version in ("15.7.4", "15.7.5", "15.7.5", "15.10.0"):
        commit(repo, release(version))
    commit(repo, {**release("15.10.0"), "redcap/database.php": PHP})
    assert names(resolve_pair(str(repo))) == ["15.7.5", "15.10.0"]


def test_a_version_tag_gives_the_name(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r")
    for version in ("1.0.0", "1.0.1"):
        commit(repo, release(version))
        git(repo, "tag", f"v{version}", "main")
    assert resolve_pair(str(repo)) == (f"{repo}@v1.0.0", f"{repo}@v1.0.1")


def test_a_merged_branch_does_not_add_releases(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r")
    for version in ("1.0.0", "1.1.0"):
        commit(repo, release(version))
    side = commit(repo, release("9.9.9"), branch="side")
    tree = git(repo, "rev-parse", "main^{tree}")
    merge = git(repo, "commit-tree", tree, "-p", "main", "-p", side, "-m", "merge")
    git(repo, "update-ref", "refs/heads/main", merge)
    assert names(resolve_pair(str(repo))) == ["1.0.0", "1.1.0"]


def test_without_version_folders_tags_count_then_commits(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r")
    oids = [commit(repo, {"a.php": PHP + b"%d" % number}) for number in range(4)]
    assert resolve_pair(str(repo)) == (f"{repo}@{oids[2][:12]}", f"{repo}@{oids[3][:12]}")
    git(repo, "tag", "first", oids[0])
    git(repo, "tag", "-a", "-m", "x", "third", oids[2])
    assert resolve_pair(str(repo)) == (f"{repo}@{oids[0][:12]}", f"{repo}@{oids[2][:12]}")
    git(repo, "tag", "v1.0", oids[1])
    git(repo, "tag", "-a", "-m", "x", "release-2.0", oids[3])
    assert resolve_pair(str(repo)) == (f"{repo}@v1.0", f"{repo}@release-2.0")


def test_a_single_release_is_no_pair(tmp_path: Path) -> None:
    repo = new_repository(tmp_path / "r")
    with pytest.raises(SourceError, match="no commits"):
        resolve_pair(str(repo))
    commit(repo, release("1.0.0"))
    commit(repo, release("1.0.0"))
    with pytest.raises(SourceError, match="only one release on the current branch"):
        resolve_pair(str(repo))


def test_a_folder_of_archives(tmp_path: Path) -> None:
    for name in ("redcap15.7.6", "redcap15.7.6_upgrade", "redcap15.7.5_upgrade", "redcap15.10.0", "redcap9.0.0"):
        write_zip(tmp_path / f"{name}.zip", release(name.removeprefix("redcap").removesuffix("_upgrade")))
    (tmp_path / "notes-99.0.0.txt").write_text("no archive")
    older, newer = resolve_pair(str(tmp_path))
    assert (Path(older).name, Path(newer).name) == ("redcap15.7.6.zip", "redcap15.10.0.zip")
    (tmp_path / "redcap15.10.0.zip").unlink()
    older, newer = resolve_pair(str(tmp_path))
    assert (Path(older).name, Path(newer).name) == ("redcap15.7.5_upgrade.zip", "redcap15.7.6.zip")


def test_a_server_folder_with_two_version_folders(tmp_path: Path) -> None:
    write_folder(tmp_path, {"redcap_v1.0.9/a.php": PHP, "redcap_v1.0.10/a.php": PHP, "index.php": PHP})
    assert names(resolve_pair(str(tmp_path))) == ["1.0.9", "1.0.10"]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_releases_are_one_error(tmp_path: Path, count: int) -> None:
    for number in range(count):
        write_zip(tmp_path / f"app-1.0.{number}.zip", {"a.php": PHP})
    with pytest.raises(SourceError, match=f"holds {count} releases"):
        resolve_pair(str(tmp_path))


def test_what_is_no_folder_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        resolve_pair(str(tmp_path / "nothing"))
    with pytest.raises(SourceError, match="is one release"):
        resolve_pair(str(write_zip(tmp_path / "z.zip", {"a.php": PHP})))
