"""A page that shows the key of the database: new, it is as bad as a call that sends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.model.report import BaselineState
from scanner.pipeline import ScanOptions, diff


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ('print "<!-- " . base64_encode($GLOBALS["password"]) . " -->";', Severity.HIGH),
        ('header("ETag: " . bin2hex($GLOBALS["salt"]));', Severity.HIGH),
        ('print "Server: " . $GLOBALS["hostname"];', Severity.MEDIUM),
        ('print "Key: " . $GLOBALS["openai_api_key"];', Severity.MEDIUM),
    ],
)
def test_what_a_page_shows_anew(tmp_path: Path, code: str, severity: Severity) -> None:
    for name, text in (("baseline", ""), ("current", code)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.php").write_text(f"<?php\nprint 'x';\n{text}\n")
    changes = diff(str(tmp_path / "baseline"), str(tmp_path / "current"), ScanOptions(cache=None, jobs=0)).changes
    shown = [
        item.current.severity
        for item in changes
        if item.state is BaselineState.NEW and item.current is not None and item.current.rule.startswith("secret-in-")
    ]
    assert shown == [severity]
