"""Two releases without version folders have their files under one root."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.pipeline import ScanOptions, diff
from scanner.source import align, open_release
from tests.source.builders import FULL, PHP, Tree, commit, new_repository, write_folder, write_zip

INNER: Tree = {"usr/share/app/index.php": PHP, "usr/share/app/lib/mail.php": PHP}
OUTER: Tree = {**INNER, "etc/app.conf": b"a"}
WRAPPED: Tree = {f"app-2.0/{name}": data for name, data in INNER.items()}


def _aligned(one: Path | str, other: Path | str) -> tuple[set[str], set[str]]:
    with open_release(str(one)) as old, open_release(str(other)) as new:
        align(old, new)
        for side in (old, new):
            assert all(side.read(file) == PHP for file in side.release.files if file.path.endswith(".php"))
        return {file.path for file in old.release.files}, {file.path for file in new.release.files}


def test_a_file_beside_the_folder_of_all_others_moves_none(tmp_path: Path) -> None:
    old, new = _aligned(write_folder(tmp_path / "a", OUTER), write_zip(tmp_path / "b.zip", INNER))
    assert (old, new) == (set(OUTER), set(INNER))
    assert _aligned(tmp_path / "b.zip", tmp_path / "a") == (new, old)


def test_both_lose_the_folders_that_both_have(tmp_path: Path) -> None:
    wide = {**{f"srv/{name}": data for name, data in INNER.items()}, "srv/usr/bin/run.php": PHP}
    narrow = {f"srv/{name}": data for name, data in INNER.items()}
    old, new = _aligned(write_folder(tmp_path / "a", wide), write_folder(tmp_path / "b", narrow))
    assert new == {"share/app/index.php", "share/app/lib/mail.php"}
    assert old == {*new, "bin/run.php"}


@pytest.mark.parametrize("other", [WRAPPED, {"index.php": PHP, "lib/mail.php": PHP}])
def test_folders_with_other_names_stay_taken_away(tmp_path: Path, other: Tree) -> None:
    old, new = _aligned(write_folder(tmp_path / "a", INNER), write_folder(tmp_path / "b", other))
    assert old == new == {"index.php", "lib/mail.php"}


def test_a_version_folder_is_the_root_whatever_lies_around_it(tmp_path: Path) -> None:
    repository = new_repository(tmp_path / "repo")
    commit(repository, {**FULL, "README.md": b"a"})
    with open_release(str(write_folder(tmp_path / "a", FULL))) as old, open_release(f"{repository}@main") as new:
        align(old, new)
        paths = [{file.path for file in side.release.files} for side in (old, new)]
    assert paths[1] - paths[0] == {"@outside/README.md"}
    assert "redcap_v@/Classes/Message.php" in paths[0] & paths[1]


def test_a_comparison_shows_no_file_as_moved(tmp_path: Path) -> None:
    options = ScanOptions(jobs=0, cache=None)
    old, new = write_folder(tmp_path / "a", OUTER), write_folder(tmp_path / "b", INNER)
    found = diff(str(old), str(new), options)
    assert (found.files_added, found.files_removed, found.files_changed) == (0, 1, 0)
