"""What is no release: one line on standard error that says what to do, and exit code 2."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.cli import run
from tests.pipeline.trees import RELEASE, commit_tree, write_tree


def absent(tmp_path: Path) -> str:
    return str(tmp_path / "absent")


def empty_folder(tmp_path: Path) -> str:
    return str(tmp_path)


def no_zip(tmp_path: Path) -> str:
    (tmp_path / "release.zip").write_bytes(b"this is not an archive")
    return str(tmp_path / "release.zip")


def cut_zip(tmp_path: Path) -> str:
    (tmp_path / "release.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    return str(tmp_path / "release.zip")


def empty_file(tmp_path: Path) -> str:
    (tmp_path / "release.tar").touch()
    return str(tmp_path / "release.tar")


def no_ref(tmp_path: Path) -> str:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    return f"{tmp_path / 'bare.git'}@v1"


def bare_without_ref(tmp_path: Path) -> str:
    return no_ref(tmp_path).removesuffix("@v1")


def unknown_ref(tmp_path: Path) -> str:
    return f"{commit_tree(write_tree(tmp_path / 'repo', RELEASE))}@v2"


def pipe(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "release.zip")
    return str(tmp_path / "release.zip")


def no_php(tmp_path: Path) -> str:
    return str(write_tree(tmp_path / "texts", {"a.txt": b"text"}))


INPUTS = [absent, empty_folder, no_zip, cut_zip, empty_file, no_ref, bare_without_ref, unknown_ref, pipe, no_php]


def one_line(text: str) -> bool:
    return text.startswith("redcap-scanner: ") and text.count("\n") == 1 and len(text) < 300


@pytest.mark.parametrize("make", INPUTS, ids=lambda make: str(make.__name__))
def test_it_is_one_clear_error(make: Callable[[Path], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = make(tmp_path)
    assert run(["scan", source, "--no-cache"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert one_line(captured.err)
    assert str(tmp_path.parent) not in captured.err or make is absent


@pytest.mark.parametrize("make", [absent, no_zip, no_ref], ids=lambda make: str(make.__name__))
def test_either_side_of_a_comparison(
    make: Callable[[Path], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = str(write_tree(tmp_path / "good", RELEASE))
    bad = make(tmp_path)
    for pair in ([good, bad], [bad, good]):
        assert run(["diff", *pair, "--no-cache"]) == 2
        assert one_line(capsys.readouterr().err)


def test_a_version_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(write_tree(tmp_path / "good", RELEASE))
    assert run(["scan", good, "--no-cache", "--release-version", "1.2.3"]) == 2
    assert one_line(capsys.readouterr().err)


def test_a_typo_in_a_signature_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(write_tree(tmp_path / "good", RELEASE))
    own = write_tree(tmp_path / "own", {"mine.yaml": b"signatures:\n  - idd: x\n"})
    assert run(["scan", good, "--no-cache", "--signatures", str(own)]) == 2
    error = capsys.readouterr().err
    assert one_line(error)
    assert "own/mine.yaml:2:" in error


def test_signatures_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(write_tree(tmp_path / "good", RELEASE))
    assert run(["scan", good, "--no-cache", "--signatures", str(tmp_path / "absent")]) == 2
    assert "--signatures" in capsys.readouterr().err
