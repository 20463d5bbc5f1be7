"""The cache: what goes in comes out, several users at once, and nothing wrong ever comes out."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts import cache as module
from scanner.facts.cache import SCHEMA, Cache, default_folder

ENTRIES = {"a": b"one", "b": b"", "c": b"\0" * 100_000}


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.binary(), max_size=20))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("cache")
    with Cache(folder) as first:
        first.write(entries)
        assert first.read([*entries, "absent key"]) == entries
    with Cache(folder) as second:
        assert second.read(entries) == entries
        assert second.problem == ""


def test_more_keys_than_one_statement_may_hold(tmp_path: Path) -> None:
    entries = {f"key{number}": b"%d" % number for number in range(2_000)}
    with Cache(tmp_path) as cache:
        cache.write(entries)
        assert cache.read(entries) == entries


def test_without_a_folder_nothing_is_kept_and_nothing_fails() -> None:
    with Cache(None) as cache:
        cache.write(ENTRIES)
        assert cache.read(ENTRIES) == {}
        assert cache.problem == ""


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    with Cache(tmp_path / "own") as cache:
        cache.write(ENTRIES)
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


def test_a_cache_that_another_scan_holds_is_left_alone(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        cache.write(ENTRIES)
    holder = sqlite3.connect(tmp_path / f"facts-{SCHEMA}.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Cache(tmp_path, seconds=0.1) as waiting:
        assert waiting.read(ENTRIES) == ENTRIES
        waiting.write({"d": b"four"})
        assert waiting.problem == "cache not used: database is locked"
    holder.execute("ROLLBACK")
    holder.close()
    with Cache(tmp_path) as later:
        assert later.read([*ENTRIES, "d"]) == ENTRIES


def test_many_scans_make_one_new_cache_at_the_same_instant(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    for number in range(8):
        barrier = context.Barrier(4)
        users = [context.Process(target=use, args=(tmp_path / str(number), barrier, results)) for _ in range(4)]
        for user in users:
            user.start()
        assert [results.get(timeout=60) for _ in users] == [("", ENTRIES)] * 4
        for user in users:
            user.join()


def use(folder: Path, barrier: Barrier, results: Queue[tuple[str, dict[str, bytes]]]) -> None:
    barrier.wait()
    with Cache(folder) as cache:
        cache.write(ENTRIES)
        results.put((cache.problem, cache.read(ENTRIES)))


@pytest.mark.parametrize("statement", [
    "UPDATE entry SET value = 'text'",
    "UPDATE entry SET value = x'00'",
    "UPDATE entry SET value = zeroblob(60)",
    "UPDATE entry SET value = (SELECT value FROM entry WHERE key = 'b') WHERE key != 'b'",
    "UPDATE entry SET key = 'x' || key",
])  # fmt: skip
def test_an_entry_that_was_changed_is_not_given(tmp_path: Path, statement: str) -> None:
    with Cache(tmp_path) as cache:
        cache.write(ENTRIES)
    connection = sqlite3.connect(tmp_path / f"facts-{SCHEMA}.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with Cache(tmp_path) as again:
        assert again.read(["a", "c", "xa"]) == {}
        again.write(ENTRIES)
        assert again.read(ENTRIES) == ENTRIES


def test_a_cache_that_grew_too_large_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cache(tmp_path) as cache:
        cache.write(ENTRIES)
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with Cache(tmp_path) as emptied:
        assert emptied.read(ENTRIES) == {}
        emptied.write(ENTRIES)
        assert emptied.read(ENTRIES) == ENTRIES


def test_the_default_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_folder() == tmp_path / ".cache" / "redcap-scanner"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_folder() == tmp_path / "xdg" / "redcap-scanner"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == tmp_path / ".cache" / "redcap-scanner"
