"""What a request decides weighs more where it is new: what is run, and where a call goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.pipeline import ScanOptions, diff

OPTIONS = ScanOptions(cache=None, jobs=1)
PAGE = "<?php\nfunction page() { %s }\n"
LOUD = {
    "include": "include 'parts/' . $_GET['part'] . '/index.php';",
    "variables": "foreach ($_GET as $k => $v) { $GLOBALS[$k] = $v; }",
    "object": "return unserialize($_COOKIE['o']);",
    "address": "$c = curl_init($_GET['u']); return curl_exec($c);",
    "file": "readfile($_GET['f']);",
    "statement": "db_query(decrypt($_POST['q']));",
}
QUIET = {
    "redirect": "header('Location: ' . $_GET['u']);",
    "value": "db_query(\"select name from notes where id = '\" . db_escape($_GET['id']) . \"'\");",
}


def severities(tmp_path: Path, before: str, after: str) -> list[Severity]:
    for name, code in (("a", before), ("b", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.php").write_text(PAGE % code, "utf-8")
    changes = diff(str(tmp_path / "a"), str(tmp_path / "b"), OPTIONS).changes
    return [change.finding.severity for change in changes]


@pytest.mark.parametrize("name", sorted(LOUD))
def test_new_code_that_a_request_steers_is_high(name: str, tmp_path: Path) -> None:
    assert Severity.HIGH in severities(tmp_path, "return 1;", LOUD[name])


@pytest.mark.parametrize("name", sorted(QUIET))
def test_what_every_application_does_is_not(name: str, tmp_path: Path) -> None:
    found = severities(tmp_path, "return 1;", QUIET[name])
    assert all(severity.rank > Severity.HIGH.rank for severity in found)


def test_what_was_there_before_is_not(tmp_path: Path) -> None:
    found = severities(tmp_path, LOUD["address"], LOUD["address"] + " exit;")
    assert all(severity.rank > Severity.HIGH.rank for severity in found)
