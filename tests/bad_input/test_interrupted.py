"""Full disks, shared and broken caches, killed scans and killed workers: the report is the same as without them."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scanner.cli import run
from scanner.facts.cache import SCHEMA
from scanner.model.facts import FileFacts
from scanner.php import Vocabulary, extract
from tests.pipeline.trees import RELEASE, accounted, scan_json, write_tree

ROOT = Path(__file__).resolve().parent.parent.parent
SENDER = RELEASE["redcap_v15.7.1/Classes/Sender.php"]
MANY = {f"redcap_v15.7.1/Pages/p{n}.php": SENDER.replace(b"v1", b"v%d" % n) for n in range(150)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scanner", *arguments]


def without_cached(report: dict[str, Any]) -> dict[str, Any]:
    report["coverage"].pop("cached")
    return report


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tree(tmp_path_factory.mktemp("interrupted") / "release", RELEASE | MANY))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, release: str) -> dict[str, Any]:
    code, report = scan_json(tmp_path_factory.mktemp("expected"), "scan", release, "--no-cache")
    assert code == 0
    assert accounted(report["coverage"])
    assert len(report["findings"]) > len(MANY)
    return without_cached(report)


def test_a_full_disk_costs_only_the_cache(tmp_path: Path, release: str, expected: dict[str, Any]) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        command("scan", release, "--cache", str(tmp_path / "cache"), "--quiet", "--format", "json"),
        cwd=ROOT,
        capture_output=True,
        preexec_fn=no_room,
        check=False,
    )
    assert done.returncode == 0
    assert without_cached(json.loads(done.stdout)) == expected
    assert done.stderr.decode().startswith("cache not used: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("place", ["file", "below-a-file", "device"])
def test_a_cache_that_cannot_be_made(place: str, tmp_path: Path, release: str, expected: dict[str, Any],
                                     caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    (tmp_path / "file").write_bytes(b"in the way")
    folder = {
        "file": tmp_path / "file" / "cache",
        "below-a-file": tmp_path / "file" / "a" / "b",
        "device": "/dev/null/x",
    }
    with caplog.at_level(logging.WARNING):
        code, report = scan_json(tmp_path, "scan", release, "--cache", str(folder[place]))
    assert code == 0
    assert without_cached(report) == expected
    assert [record.getMessage()[:16] for record in caplog.records] == ["cache not used: "]


def test_two_scans_share_one_cache(tmp_path: Path, release: str, expected: dict[str, Any]) -> None:
    cache = str(tmp_path / "cache")
    running = [
        subprocess.Popen(
            command("scan", release, "--cache", cache, "--quiet", "--format", "json"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in running:
        out, error = process.communicate(timeout=120)
        assert (process.returncode, error) == (0, b"")
        assert without_cached(json.loads(out)) == expected
    code, report = scan_json(tmp_path, "scan", release, "--cache", cache)
    assert code == 0
    assert report["coverage"]["cached"] == report["coverage"]["files"]


@pytest.mark.parametrize("seconds", [0.3, 0.9, 1.2])
def test_a_killed_scan_harms_no_later_one(
    tmp_path: Path, release: str, expected: dict[str, Any], seconds: float
) -> None:
    cache = str(tmp_path / "cache")
    process = subprocess.Popen(command("scan", release, "--cache", cache, "--quiet"), cwd=ROOT, start_new_session=True)
    time.sleep(seconds)
    process.kill()
    process.wait()
    assert wait_until(lambda: not members(process.pid)), "workers outlive the scan"
    code, report = scan_json(tmp_path, "scan", release, "--cache", cache)
    assert code == 0
    assert without_cached(report) == expected


def members(session: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, own = folder.joinpath("stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if own == str(session) and state != "Z":
            found.append(int(folder.name))
    return found


def wait_until(condition: Any, seconds: float = 20) -> bool:  # noqa: ANN401  any call that answers yes or no
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("damage", ["text", "cut", "other-database", "flipped", "empty", "other-layout"])
def test_a_damaged_cache_is_replaced(tmp_path: Path, release: str, expected: dict[str, Any], damage: str) -> None:
    folder = tmp_path / "cache"
    path = folder / f"facts-{SCHEMA}.sqlite"
    assert run(["scan", release, "--cache", str(folder), "--quiet"]) == 0
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    break_file(path, damage)
    for _ in range(2):
        code, report = scan_json(tmp_path, "scan", release, "--cache", str(folder))
        assert code == 0
        assert without_cached(report) == expected


def break_file(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "text":
        path.write_bytes(b"no database " * 1000)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        for position in range(5_000, len(content), 997):
            content[position] ^= 0x55
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        statement = "UPDATE entry SET value = zeroblob(40)" if damage == "other-database" else "DROP TABLE entry"
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()


def test_an_entry_that_was_exchanged_is_not_believed(tmp_path: Path, release: str, expected: dict[str, Any]) -> None:
    folder = tmp_path / "cache"
    assert run(["scan", release, "--cache", str(folder), "--quiet"]) == 0
    connection = sqlite3.connect(folder / f"facts-{SCHEMA}.sqlite")
    connection.execute("UPDATE entry SET value = (SELECT value FROM entry ORDER BY length(value) LIMIT 1)")
    connection.commit()
    connection.close()
    code, report = scan_json(tmp_path, "scan", release, "--cache", str(folder))
    assert code == 0
    assert without_cached(report) == expected


def test_a_file_that_kills_its_worker_costs_that_file_alone(
    tmp_path: Path, release: str, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:

    def deadly(content: bytes, vocabulary: Vocabulary) -> FileFacts:
        if b"/v77" in content:
            os.kill(os.getpid(), signal.SIGKILL)
        return extract(content, vocabulary)

    monkeypatch.setattr("scanner.facts.extract.extract", deadly)
    code, report = scan_json(tmp_path, "scan", release, "--no-cache", "--jobs", "2")
    assert code == 3
    assert accounted(report["coverage"])
    assert report["coverage"]["skipped"] == [
        {"path": "redcap_v@/Pages/p77.php", "reason": "crash: the worker process died (signal 9)", "incomplete": True}
    ]
    assert [item for item in expected["findings"] if "p77" not in item["path"]] == report["findings"]


def test_a_worker_that_is_killed_once_costs_nothing(
    tmp_path: Path, release: str, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "killed"

    def deadly_once(content: bytes, vocabulary: Vocabulary) -> FileFacts:
        if b"/v77" in content and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return extract(content, vocabulary)

    monkeypatch.setattr("scanner.facts.extract.extract", deadly_once)
    code, report = scan_json(tmp_path, "scan", release, "--no-cache", "--jobs", "2")
    assert mark.exists()
    assert code == 0
    assert without_cached(report) == expected
