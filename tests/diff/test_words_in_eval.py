"""A value that is run as code and may be a word of the program: the word is no code, and another one no news."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.model.report import BaselineState
from scanner.pipeline import ScanOptions, diff

CODE = """<?php
function run($known) {
  $value = '%s';
  if ($known) { $value = $known->value(); }
  return eval($value);
}
"""


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ("class", "bullets", BaselineState.UNCHANGED),
        ("class", "$f($_POST[1]);", BaselineState.UPDATED),
        ("f(1);", "f(2);", BaselineState.UPDATED),
    ],
)
def test_what_is_evaluated(old: str, new: str, state: BaselineState, tmp_path: Path) -> None:
    for side, text in (("old", old), ("new", new)):
        (tmp_path / side).mkdir()
        (tmp_path / side / "run.php").write_text(CODE % text)
    changes = diff(str(tmp_path / "old"), str(tmp_path / "new"), ScanOptions(cache=None, jobs=0)).changes
    found = [item for item in changes if item.finding.rule == "dynamic-code"]
    assert [(item.state, item.finding.severity.rank <= Severity.HIGH.rank) for item in found][:1] == [(state, True)]
