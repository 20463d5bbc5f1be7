"""Git refs: every way to name one, and repositories made to run something or to lie."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from scanner.errors import SourceError
from scanner.source import SourceLimits, open_release
from tests.source.builders import (
    FULL,
    PHP,
    codes,
    commit,
    digests,
    git,
    incomplete,
    new_repository,
    scan,
    write_folder,
)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A bare repository with the release tagged v1 and one more commit on main."""
    path = new_repository(tmp_path / "redcap.git")
    commit(path, FULL)
    git(path, "tag", "v1", "main")
    git(path, "tag", "-a", "-m", "x", "annotated", "main")
    commit(path, {"redcap/redcap_v15.7.7/a.php": PHP, "redcap/index.php": PHP})
    return path


def loose(repo: Path, oid: str) -> Path:
    return repo / "objects" / oid[:2] / oid[2:]


def test_every_way_to_name_a_commit(repo: Path) -> None:
    oid = git(repo, "rev-parse", "v1^{commit}")
    expected = digests(scan(f"{repo}@v1")[0])
    for ref in ("refs/tags/v1", "annotated", oid, oid[:10], "main~1", "v1:", "main^"):
        assert digests(scan(f"{repo}@{ref}")[0]) == expected, ref
    assert scan(f"{repo}@main")[0].version == "15.7.7"
    assert scan(f"{repo}@HEAD")[0].name == "redcap.git@HEAD"


def test_a_folder_of_a_commit(repo: Path) -> None:
    for ref in ("v1:redcap", "v1:redcap/"):
        release, _ = scan(f"{repo}@{ref}")
        assert sorted(digests(release)) == sorted(digests(scan(f"{repo}@v1")[0]))
    with pytest.raises(SourceError, match="is no folder"):
        scan(f"{repo}@v1:redcap/index.php")


def test_work_trees_git_folders_and_linked_work_trees(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repo), "work")
    git(tmp_path / "work", "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    for place in ("work", "work/.git", "linked"):
        release, _ = scan(f"{tmp_path / place}@v1")
        assert digests(release) == digests(scan(f"{repo}@v1")[0])
        assert release.name == f"{place.removesuffix('/.git')}@v1"


def test_a_bare_ref_inside_a_repository(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "-q", str(repo), "work")
    inside = tmp_path / "work" / "redcap"
    monkeypatch.chdir(inside)
    assert scan("v1")[0].version == "15.7.6"
    write_folder(inside / "v1", {"a.php": PHP})
    assert list(digests(scan("v1")[0])) == ["a.php"]
    with pytest.raises(SourceError, match="nothing found at 'v2'"):
        scan("v2")


def test_an_existing_path_wins_over_a_ref(repo: Path, tmp_path: Path) -> None:
    place = write_folder(tmp_path / "redcap.git@v1", {"a.php": PHP})
    assert list(digests(scan(place)[0])) == ["a.php"]
    nested = new_repository(tmp_path / "a@b" / "c.git")
    commit(nested, {"a.php": PHP})
    assert list(digests(scan(f"{nested}@main")[0])) == ["a.php"]
    assert repo.exists()


@pytest.mark.parametrize("ref", ["v2", "", "--help", "-h", "--upload-pack=touch x", ":", ":/x", "a\nb", "v1 v1", "^v1"])
def test_a_ref_that_is_none_is_one_error(repo: Path, ref: str) -> None:
    with pytest.raises(SourceError) as caught:
        scan(f"{repo}@{ref}")
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_repository_is_one_error(tmp_path: Path) -> None:
    write_folder(tmp_path / "r", FULL)
    with pytest.raises(SourceError, match="is no git repository"):
        scan(f"{tmp_path / 'r'}@v1")


def test_links_submodules_and_lfs_pointers(repo: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"
    tree = {"a.php": PHP, "big.bin": pointer, "trick.php": pointer + b"<?php evil();"}
    commit(repo, tree, links={"in": "a.php", "out": "../x", "gone": "b"})
    tip = git(repo, "rev-parse", "main")
    listing = git(repo, "ls-tree", "main") + f"\n160000 commit {tip}\tsub\n"
    root = git(repo, "mktree", "--missing", stdin=listing.encode())
    release, contents = scan(f"{repo}@{root}")
    assert sorted(contents) == ["a.php", "trick.php"]
    assert codes(release) == {
        "in": "symlink",
        "out": "symlink",
        "gone": "symlink",
        "sub": "submodule",
        "big.bin": "git-lfs pointer",
    }
    assert incomplete(release) == {"sub", "big.bin"}
    reasons = {item.path: item.reason for item in release.refused}
    assert reasons["big.bin"] == "git-lfs pointer: content is not in the repository"
    assert "part of the release" in reasons["in"]
    assert "outside" in reasons["out"]


def test_an_unchanged_blob_is_read_once_for_two_refs(repo: Path) -> None:
    commit(repo, {**FULL, "redcap/new.php": PHP + b"new"})
    with open_release(f"{repo}@v1") as opened:
        known = digests(opened.release)
    blobs = git(repo, "ls-tree", "-r", "--format=%(objectname)", "v1").splitlines()
    for oid in blobs:
        loose(repo, oid).unlink()
    with open_release(f"{repo}@main") as opened:
        release = opened.release
    assert known.items() <= digests(release).items()
    assert release.refused == ()


def test_missing_and_damaged_objects_are_refused_alone(repo: Path) -> None:
    tree = {f"{number}.php": PHP + b"%d" % number for number in range(1000)}
    commit(repo, tree)
    numbers = (7, 500, 501, 502)
    gone, broken, lying, forged = (git(repo, "rev-parse", f"main:{number}.php") for number in numbers)
    loose(repo, gone).unlink()
    evil = zlib.compress(b"blob 15\0<?php harmless;")
    for oid, raw in ((broken, b"garbage"), (lying, zlib.compress(b"blob 999999\0x")), (forged, evil)):
        loose(repo, oid).chmod(0o644)
        loose(repo, oid).write_bytes(raw)
    release, contents = scan(f"{repo}@main")
    assert codes(release) == {f"{number}.php": "missing" for number in numbers}
    assert incomplete(release) == codes(release).keys()
    assert contents == {name: tree[name] for name in tree.keys() - codes(release).keys()}


def test_nothing_of_the_repository_is_run(repo: Path, tmp_path: Path) -> None:
    """Filters, hooks, monitors, and the transport that a partial clone names for its missing objects."""
    trace = tmp_path / "executed"
    run = f"touch {trace}"
    attributes = {**FULL, "redcap/.gitattributes": b"* filter=evil diff=evil\n"}
    commit(repo, attributes)
    for key, value in {
        "core.fsmonitor": run,
        "core.sshCommand": run,
        "core.pager": run,
        "core.editor": run,
        "core.gitProxy": run,
        "core.alternateRefsCommand": run,
        "filter.evil.smudge": run,
        "filter.evil.process": run,
        "diff.evil.textconv": run,
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::sh -c {run.replace(' ', '% ')}",
        "remote.origin.uploadpack": run,
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "core.repositoryformatversion": "1",
        "gpg.program": run,
    }.items():
        git(repo, "config", key, value)
    (repo / "hooks").mkdir(exist_ok=True)
    for hook in ("post-checkout", "pre-auto-gc", "reference-transaction"):
        (repo / "hooks" / hook).write_text(f"#!/bin/sh\n{run}\n")
        (repo / "hooks" / hook).chmod(0o755)
    blob = git(repo, "rev-parse", "main:redcap/cron.php")
    loose(repo, blob).unlink()
    release, _ = scan(f"{repo}@main")
    assert not trace.exists()
    assert codes(release) == {"cron.php": "missing"}


def test_replacement_objects_and_the_environment_do_not_change_what_is_read(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digests(scan(f"{repo}@v1")[0])
    git(repo, "replace", git(repo, "rev-parse", "v1:redcap/index.php"), git(repo, "rev-parse", "v1:redcap/cron.php"))
    other = new_repository(tmp_path / "other.git")
    commit(other, {"x.php": PHP})
    monkeypatch.setenv("GIT_DIR", str(other))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / "objects"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=banana'")
    assert digests(scan(f"{repo}@v1")[0]) == expected


def test_hostile_names_in_a_tree_stay_inside(repo: Path) -> None:
    blob = git(repo, "rev-parse", "v1:redcap/index.php")
    raw = bytes.fromhex(blob)
    tree = b"".join(
        b"100644 " + name + b"\0" + raw for name in (b"..", b".git", b"/abs.php", b"a.php", b"a.php", b"x/../y.php")
    )
    oid = git(repo, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=tree)
    release, contents = scan(f"{repo}@{oid}")
    assert sorted(contents) == [".git", "a (duplicate 1).php", "a.php"]
    refused = {item.path for item in release.refused if item.incomplete}
    assert refused == {"..", "/abs.php", "x/../y.php"}


def test_a_tree_bomb_is_one_error(repo: Path) -> None:
    blob = git(repo, "rev-parse", "v1:redcap/index.php")
    oid = git(repo, "mktree", stdin=f"100644 blob {blob}\ta.php\n".encode())
    for _ in range(12):
        listing = "".join(f"040000 tree {oid}\t{name}\n" for name in "abcdefgh")
        oid = git(repo, "mktree", stdin=listing.encode())
    with pytest.raises(SourceError, match="more than 10000 members"):
        scan(f"{repo}@{oid}", limits=SourceLimits(max_members=10_000))


def test_limits_hold_for_blobs(repo: Path) -> None:
    commit(repo, {"a.php": PHP, "large.php": PHP * 1000})
    release, contents = scan(f"{repo}@main", limits=SourceLimits(max_file=1000))
    assert contents == {"a.php": PHP}
    assert codes(release) == {"large.php": "too-large"}


def test_a_machine_without_git_gets_one_clear_error(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(repo))
    with pytest.raises(SourceError, match="git is not installed"):
        scan(f"{repo}@v1")
