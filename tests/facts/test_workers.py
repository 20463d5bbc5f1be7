"""Worker processes: results, order, death, time limits, and that none is left behind."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.facts.extract import Job, Outcome, decode
from scanner.facts.workers import Workers
from scanner.model.facts import FileFacts
from scanner.model.source import SourceFile
from scanner.php import Vocabulary, extract
from scanner.source.entries import digest_of

VOCABULARY = Vocabulary()


def job(number: int, content: bytes = b"<?php f();") -> Job:
    file = SourceFile(f"p{number}.php", f"p{number}.php", len(content), digest_of(content))
    return Job(f"key{number}", file, None, content)


def run(jobs: list[Job], count: int, seconds: float = 60) -> dict[str, Outcome]:
    with Workers(VOCABULARY, count, seconds) as workers:
        outcomes = list(workers.run(jobs, 1))
    assert len(outcomes) == len({item.key for item in outcomes})
    return {item.key: item for item in outcomes}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_job_has_one_outcome(count: int) -> None:
    found = run([job(number, b"<?php f%d();" % number) for number in range(200)], count)
    assert found.keys() == {f"key{number}" for number in range(200)}
    assert decode(found["key7"].facts or b"").functions[0].called == ("f7",)


@pytest.mark.parametrize("count", [0, 2])
def test_workers_serve_several_releases(count: int) -> None:
    with Workers(VOCABULARY, count) as workers:
        for _ in range(3):
            assert {item.key for item in workers.run([job(1), job(2)])} == {"key1", "key2"}


@pytest.mark.parametrize("count", [0, 2])
def test_a_file_that_takes_too_long_is_given_up(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch, lambda: [None for _ in iter(lambda: time.sleep(0.01), 1)])
    found = run([job(1), job(2, b"<?php slow();"), job(3)], count, 0.2)
    assert found["key2"][1:] == (None, "timeout: more than 0.2 seconds", False)
    assert all(found[key].facts for key in ("key1", "key3"))


def test_a_worker_that_hangs_in_native_code_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang() -> None:
        while True:
            with contextlib.suppress(Exception):  # as native code that never looks at signals
                time.sleep(60)

    slow_down(monkeypatch, hang)
    found = run([job(1), job(2, b"<?php slow();"), job(3)], 1, 0.4)
    assert found["key2"].problem == "timeout: more than 0.4 seconds"
    assert all(found[key].facts for key in ("key1", "key3"))


def slow_down(monkeypatch: pytest.MonkeyPatch, wait: Callable[[], object]) -> None:
    def slow(content: bytes, vocabulary: Vocabulary) -> FileFacts:
        if b"slow" in content:
            wait()
        return extract(content, vocabulary)

    monkeypatch.setattr("scanner.facts.extract.extract", slow)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, ValueError])
def test_an_error_in_one_file_is_its_problem(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    slow_down(monkeypatch, fail)
    found = run([job(1), job(2, b"<?php slow();")], 2)
    assert error.__name__ in found["key2"].problem
    assert found["key1"].facts


def test_many_deaths_cost_only_the_files_that_cause_them(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_down(monkeypatch, lambda: os._exit(7))
    jobs = [job(number, b"<?php slow();" if number % 10 == 0 else b"<?php f();") for number in range(60)]
    found = run(jobs, 2)
    assert {key for key, item in found.items() if item.facts is None} == {f"key{n}" for n in range(0, 60, 10)}
    assert found["key10"].problem == "crash: the worker process died (exit code 7)"


def test_jobs_are_taken_only_as_they_are_done() -> None:
    taken = 0

    def jobs() -> Iterator[Job]:
        nonlocal taken
        for number in range(40):
            taken += 1
            yield job(number, b"<?php " + b" " * 50_000)

    with Workers(VOCABULARY, 2) as workers:
        outcomes = workers.run(jobs(), 1)
        next(outcomes)
        assert taken < 20


def test_a_run_that_is_given_up_leaves_no_process() -> None:
    def own_children() -> set[str]:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    before = own_children()
    with Workers(VOCABULARY, 2) as workers:
        outcomes = workers.run([job(number, b"<?php " + b"f();" * 2_000) for number in range(50)], 1)
        next(outcomes)
        assert own_children() > before
    assert own_children() <= before


def test_a_path_that_is_no_file_any_more_is_a_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "folder", "link", "absent"):
        found = run([job(1)._replace(disk=str(tmp_path / name), content=None)], 1)
        assert found["key1"].facts is None
        assert found["key1"].unread
