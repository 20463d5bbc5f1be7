"""A secret that leaves for a place that nobody names: low from far in a scan, high where it is new."""

from __future__ import annotations

from pathlib import Path

from scanner.model.finding import Finding, Severity
from scanner.model.report import BaselineState, Comparison
from scanner.pipeline import ScanOptions, diff, scan

OPTIONS = ScanOptions(cache=None, jobs=1)
RULE = "secret-to-network"
FAR = """<?php
function first($to, $data) { $c = curl_init($to); curl_setopt($c, CURLOPT_POSTFIELDS, $data); curl_exec($c); }
function second($data) { first(endpoint(), $data); }
function third($data) { second($data); }
"""
CALLER = "<?php\nrequire 'far.php';\n"
LEAK = CALLER + "function report() { global $redcap_updates_password; third($redcap_updates_password); }\n"
VISITOR = CALLER + "function report() { third($_POST['password']); }\n"


def write(folder: Path, **files: str) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.php").write_text(text, "utf-8")
    return str(folder)


def leaks(comparison: Comparison) -> list[Finding]:
    return [item.finding for item in comparison.changes if item.finding.rule == RULE and item.finding.secrets]


def test_it_is_low_in_a_scan_and_high_where_it_is_new(tmp_path: Path) -> None:
    old, new = write(tmp_path / "a", far=FAR, page=CALLER), write(tmp_path / "b", far=FAR, page=LEAK)
    assert [item.severity for item in scan(new, OPTIONS).findings if item.rule == RULE] == [Severity.LOW]
    comparison = diff(old, new, OPTIONS)
    assert [(item.severity, item.secrets) for item in leaks(comparison)] == [
        (Severity.HIGH, ("config.redcap_updates_password",))
    ]


def test_it_stays_low_where_it_was_there_before(tmp_path: Path) -> None:
    old = write(tmp_path / "a", far=FAR, page=LEAK)
    new = write(tmp_path / "b", far=FAR, page=LEAK, other="<?php echo 1;\n")
    found = [item for item in diff(old, new, OPTIONS).changes if item.finding.rule == RULE]
    assert [(item.state, item.finding.severity) for item in found] == [(BaselineState.UNCHANGED, Severity.LOW)]


def test_what_a_visitor_typed_is_none_of_the_sites_secrets(tmp_path: Path) -> None:
    old, new = write(tmp_path / "a", far=FAR, page=CALLER), write(tmp_path / "b", far=FAR, page=VISITOR)
    assert all(item.severity.rank > Severity.HIGH.rank for item in leaks(diff(old, new, OPTIONS)))
