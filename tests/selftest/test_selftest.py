"""Tricks planted into a small release: where they stand, which are found, and what the command says."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.cli import run
from scanner.errors import ExitCode, SourceError
from scanner.model.finding import Severity
from scanner.pipeline import ScanOptions, diff_planted
from scanner.selftest.outcome import by_kind, outcomes, shows
from scanner.selftest.plant import Garden, plant
from scanner.selftest.tricks import load_tricks
from scanner.source import open_release
from tests.pipeline.trees import write_tree

TRICKS = load_tricks()
BODY = "\n".join(f"    $a{number} = strlen($text) + {number};" for number in range(12))


@cache
def release(base: Path) -> Path:
    code = f"{{\n  function f($text) {{\n{BODY}\n  }}\n}}\n"
    files = {f"lib/part{number}/file{number}.php": f"<?php\nclass Part{number}\n{code}" for number in range(70)}
    return write_tree(base / "release", {name: text.encode() for name, text in files.items()})


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(tmp_path_factory.mktemp("selftest"))


def test_there_are_enough_tricks_of_enough_kinds_and_all_are_harmless() -> None:
    assert len(TRICKS) >= 40
    assert len({trick.kind for trick in TRICKS}) >= 7
    assert len({trick.id for trick in TRICKS}) == len(TRICKS)
    hosts = {host for trick in TRICKS for host in re.findall(r"//([\w.-]+\.\w+)", trick.text + trick.baseline)}
    assert all(re.search(r"(?:^|\.)example\.(?:net|org)$", host) for host in hosts)
    assert {trick.where for trick in TRICKS} == {"append", "file"}


def test_the_seed_decides_where(tree: Path) -> None:
    with open_release(str(tree)) as opened:
        first, again, other = (plant(opened, TRICKS, seed) for seed in (1, 1, 2))
    assert first.planted == again.planted
    assert [item.path for item in first.planted] != [item.path for item in other.planted]
    assert len({item.path for item in first.planted}) == len(first.planted)


def test_planted_text_stands_where_it_is_said_to(tree: Path) -> None:
    with open_release(str(tree)) as opened:
        garden = plant(opened, TRICKS, 0)
        files = {file.path: file for file in garden.current.release.files}
        for item in garden.planted:
            lines = garden.current.read(files[item.path]).split(b"\n")
            assert item.trick.text.encode()[-9:].strip() in b"\n".join(lines[item.line - 1 :])
            assert garden.current.disk_path(files[item.path]) is None


def test_a_release_without_code_is_an_error(tmp_path: Path) -> None:
    with (
        open_release(str(write_tree(tmp_path, {"a.php": b"<?php"}))) as opened,
        pytest.raises(SourceError, match="few"),
    ):
        plant(opened, TRICKS, 0)


def test_what_is_planted_is_found_and_a_miss_is_listed(tree: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    wanted = ("curl", "salt-to-server", "host-in-base64", "eval-of-base64", "check-removed")
    harmless = msgspec.structs.replace(TRICKS[0], id="harmless", text="$planted = 1;\n")
    tricks = (*(trick for trick in TRICKS if trick.id in wanted), harmless)
    gardens: list[Garden] = []

    def planted(opened: Any) -> tuple[Any, Any]:  # noqa: ANN401  both sides of a comparison
        gardens.append(plant(opened, tricks, 0))
        return gardens[0].baseline, gardens[0].current

    comparison = diff_planted(str(tree), planted, ScanOptions(cache=tmp_path, jobs=0))
    found = outcomes(comparison, gardens[0].planted)
    assert [item.planted.trick.id for item in found if item.finding is None] == ["harmless"]
    assert by_kind(found)["channel"] == (1, 2)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_a_finding_counts_only_with_its_place_its_severity_and_its_names(tree: Path, tmp_path: Path) -> None:
    gardens: list[Garden] = []

    def planted(opened: Any) -> tuple[Any, Any]:  # noqa: ANN401  both sides of a comparison
        gardens.append(plant(opened, TRICKS[:1], 0))
        return gardens[0].baseline, gardens[0].current

    comparison = diff_planted(str(tree), planted, ScanOptions(cache=tmp_path, jobs=0))
    (item,) = gardens[0].planted
    (finding,) = [change.finding for change in comparison.changes if shows(change.finding, item)]
    for name, value in (("line", 1), ("severity", Severity.LOW), ("destinations", ()), ("category", "secret-use")):
        blank = {"details": (), "message": ""} if name == "destinations" else {}
        assert not shows(msgspec.structs.replace(finding, **{name: value}, **blank), item)


def test_the_command_prints_the_share_by_kind(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["selftest", str(tree), "--seed", "3", "--jobs", "1", "--cache", str(tmp_path)]
    code = run(arguments)
    text = capsys.readouterr().out
    assert re.match(r"\d+ of \d+ tricks found \(\d\.\d\d\), planted with seed 3\n", text)
    assert run([*arguments, "--format", "json"]) == code
    document = json.loads(capsys.readouterr().out)
    missed = [item["id"] for item in document["tricks"] if item["rule"] is None]
    assert code == (ExitCode.FINDINGS if missed else ExitCode.OK)
    assert all(f"  {name} (" in text for name in missed)
    assert document["share"] >= 0.8
