"""New files that can be opened without a login: one of a package that does nothing, and those that do something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.pipeline import ScanOptions, diff
from tests.pipeline.trees import write_tree

PAIR = Path(__file__).resolve().parents[2] / "fixtures" / "pairs" / "trigger"
IDLE = b"<?php class Consts { static function init() { self::$all = [1]; } }\nConsts::init();"
SENDS = b"<?php class Consts { static function init() { fopen('https://a.example/', 'r'); } }\nConsts::init();"
CASES = {
    "of a package, does nothing": ("vendor/acme/wiki/Consts.php", IDLE, Severity.MEDIUM),
    "of a package, connects": ("vendor/acme/wiki/Consts.php", SENDS, Severity.HIGH),
    "of Composer, does nothing": ("vendor/autoload.php", IDLE, Severity.MEDIUM),
    "of Composer, connects": ("vendor/composer/autoload_real.php", SENDS, Severity.HIGH),
    "beside Composer's": ("vendor/autoload.more.php", IDLE, Severity.HIGH),
    "of the product, does nothing": ("surveys/consts.php", IDLE, Severity.HIGH),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_runs_by_itself(tmp_path: Path, name: str) -> None:
    path, code, expected = CASES[name]
    old, new = (shutil.copytree(PAIR / "baseline", tmp_path / side) for side in ("old", "new"))
    write_tree(new, {path: code})
    found = [
        change.finding.severity
        for change in diff(str(old), str(new), ScanOptions(cache=None, jobs=0)).changes
        if change.finding.rule == "open-page" and change.finding.path.endswith(path)
    ]
    assert found == [expected]
