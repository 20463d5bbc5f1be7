"""What a report may not depend on: workers, cache, hash seed, form and name of the release, order of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.facts.extract import Job, Outcome, work
from scanner.model.report import BaselineState, Comparison, Report
from scanner.php import Vocabulary
from scanner.pipeline import ScanOptions, diff, scan
from scanner.report.base import ReportView, formats
from tests.pipeline.trees import commit_tree, tar_tree, write_tree, zip_tree

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASES = ROOT / "fixtures" / "releases"
OLD, NEW = RELEASES / "redcap15.7.1.zip", RELEASES / "redcap15.8.0.zip"


def members(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


def document(report: Report, *, name: str = "x") -> bytes:
    """The JSON report without what may differ: the number of cached files, and the release's name."""
    coverage = msgspec.structs.replace(report.coverage, cached=0)
    release = msgspec.structs.replace(report.release, name=name)
    view = ReportView(content=msgspec.structs.replace(report, coverage=coverage, release=release), show_all=True)
    return formats()["json"].render(view).encode()


@cache
def expected() -> bytes:
    return document(scan(str(NEW), ScanOptions(cache=None, jobs=0)))


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_workers_do_not_matter(jobs: int) -> None:
    assert document(scan(str(NEW), ScanOptions(cache=None, jobs=jobs))) == expected()


def test_a_cache_cold_warm_or_half_warm_does_not_matter(tmp_path: Path) -> None:
    options = ScanOptions(cache=tmp_path, jobs=2)
    cold, warm = scan(str(NEW), options), scan(str(NEW), options)
    scan(str(OLD), ScanOptions(cache=tmp_path / "half", jobs=2))
    half = scan(str(NEW), ScanOptions(cache=tmp_path / "half", jobs=2))
    assert {document(cold), document(warm), document(half)} == {expected()}
    assert (cold.coverage.cached, warm.coverage.cached) == (0, warm.coverage.files)
    assert 0 < half.coverage.cached < half.coverage.files


@pytest.mark.parametrize("seed", ["1", "2", "4711"])
def test_the_hash_seed_does_not_matter(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "scan", str(NEW), "--no-cache", "--quiet", "--all", "--format", "json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    found, wanted = json.loads(done.stdout), json.loads(expected())
    found["current"]["name"] = "x"
    assert found == wanted
    assert list(found) == list(wanted)


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    files = members(NEW)
    backwards = dict(sorted(files.items(), reverse=True))
    archive = zip_tree(tmp_path / "a.zip", backwards)
    folder = write_tree(tmp_path / "tree", backwards)
    for form in (archive, folder):
        assert document(scan(str(form), ScanOptions(cache=None, jobs=2))) == expected()


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One release as a zip, a folder, a tar archive, a git tag, and under other folder names."""
    base = tmp_path_factory.mktemp("forms")
    files = members(NEW)
    folder = write_tree(base / "folder", files)
    renamed = {name.replace("redcap_v15.8.0", "redcap_v99.0.1"): content for name, content in files.items()}
    flat = {name.partition("/")[2]: content for name, content in files.items()}
    return {
        "zip": str(NEW),
        "folder": str(folder),
        "tar": str(tar_tree(base / "release.tgz", folder)),
        "git": f"{commit_tree(write_tree(base / 'repository', flat))}@v1",
        "renamed": str(write_tree(base / "renamed", renamed)),
    }


@pytest.mark.parametrize("pair", list(permutations(["zip", "folder", "tar", "git", "renamed"], 2)), ids="-".join)
def test_one_release_in_two_forms_has_no_difference(
    pair: tuple[str, str], forms: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = tmp_path_factory.getbasetemp() / "forms-cache"
    comparison = diff(forms[pair[0]], forms[pair[1]], ScanOptions(cache=shared, jobs=2))
    assert {change.state for change in comparison.changes} == {BaselineState.UNCHANGED}
    assert [item for item in comparison.destinations if item.state != BaselineState.UNCHANGED] == []
    assert [item for item in comparison.endpoints if item.state != BaselineState.UNCHANGED] == []
    assert [item for item in comparison.packages if item.state != BaselineState.UNCHANGED] == []
    counts = (comparison.files_added, comparison.files_removed, comparison.files_changed, comparison.not_in_archive)
    assert counts == (0, 0, 0, 0)


def both_ways() -> tuple[Comparison, Comparison]:
    options = ScanOptions(cache=None, jobs=2)
    return diff(str(OLD), str(NEW), options), diff(str(NEW), str(OLD), options)


def test_a_comparison_mirrors_its_reverse() -> None:
    """Severity is left out: it depends on which side is the new one; so is what is said about the pair."""
    forward, back = both_ways()
    mirror = {
        BaselineState.NEW: BaselineState.ABSENT,
        BaselineState.ABSENT: BaselineState.NEW,
        BaselineState.UPDATED: BaselineState.UPDATED,
        BaselineState.UNCHANGED: BaselineState.UNCHANGED,
    }
    there = sorted(key(c.state, c.baseline, c.current) for c in forward.changes if c.finding.category != "integrity")
    again = sorted(
        key(mirror[c.state], c.current, c.baseline) for c in back.changes if c.finding.category != "integrity"
    )
    assert there == again
    assert (forward.files_added, forward.files_changed) == (back.files_removed, back.files_changed)
    hosts = {(item.host, item.state) for item in forward.destinations}
    assert hosts == {(item.host, mirror[item.state]) for item in back.destinations}


def key(state: BaselineState, *sides: Any) -> tuple[str, ...]:  # noqa: ANN401  findings or None
    hashes = (part for side in sides for part in ((side.identity, side.evidence) if side else ("", "")))
    return (str(state), *hashes)


def test_what_two_releases_share_is_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counted(job: Job, vocabulary: Vocabulary, seconds: float) -> Outcome:
        seen.append(job.key)
        return work(job, vocabulary, seconds)

    monkeypatch.setattr("scanner.facts.workers.work", counted)
    comparison = diff(str(OLD), str(NEW), ScanOptions(cache=None, jobs=0))
    assert len(seen) == len(set(seen))
    assert comparison.current.coverage.cached > 100


def test_the_hash_seed_does_not_matter_where_a_value_has_too_many_texts(tmp_path: Path) -> None:
    """What is kept of a set beyond its bound must be chosen by value, not by the order of a set."""
    hosts = "".join(f'if ($n == {n}) {{ $u = "https://h{n}.example.net/$p"; }}\n' for n in range(20))
    paths = "".join(f'if ($n == {n}) {{ $p = "path-{n}"; }}\n' for n in range(5))
    code = f"""<?php
function address($p, $n) {{ $u = 'https://own.example.net/'; {hosts} return $u; }}
function send($n) {{ $p = ''; {paths} file_get_contents(address($p, $n)); }}
"""
    write_tree(tmp_path, {"page.php": code.encode()})
    found = {
        subprocess.run(
            [sys.executable, "-m", "scanner", "scan", str(tmp_path), "--no-cache", "--quiet", "--format", "json"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=False,
        ).stdout
        for seed in range(1, 5)
    }
    assert len(found) == 1
    assert b".example.net" in found.pop()
