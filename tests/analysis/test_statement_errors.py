"""An error of the analyser in one statement: the rest of the function and of the release is analysed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.analysis.evaluator import Evaluator
from scanner.pipeline import ScanOptions, scan

PROGRAM = """<?php
function broken() {
    if (time()) { $x = strrev("abc") . $undefined; }
    file_get_contents("https://after.example/");
}
"""


def test_what_follows_a_statement_that_breaks_is_analysed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.php").write_text(PROGRAM)

    def break_down(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Evaluator, "concatenated", break_down)
    report = scan(str(tmp_path), ScanOptions(cache=None, jobs=1))
    assert [item.destinations for item in report.findings if item.api == "file_get_contents"] == [("after.example",)]
    assert [item.limit for item in report.coverage.limits_hit] == ["analysis-error"]
    assert report.coverage.incomplete
