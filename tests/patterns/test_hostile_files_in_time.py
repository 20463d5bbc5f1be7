"""Files of nothing but one short text again and again end in time, whatever their kind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from scanner.facts.extract import all_facts
from scanner.php import Vocabulary
from scanner.pipeline import ScanOptions, scan
from tests.patterns.stopwatch import limit

_ENTRIES = (("javascript", "fetch", 0), ("javascript", "new WebSocket", 0), ("html", "img[src]", -1))
_VOCABULARY = Vocabulary(browser=_ENTRIES)
_BYTES = 150_000
SECONDS = 15.0
"""For all units of one kind: all together take some; a single one that is quadratic takes minutes."""
UNITS = (
    "{{", "{{--", "{!!", "@php", "@if(", "@a(", "{php}", "{include_php file=a", "/*", "/* ", "'", "'\\'", '"\\', "`",
    "(", "[", " ", "\n", " \n", "<?", "a.", "=", "${", "data:", "//", "<!--", "1,", "a=", "_", "-- ", "#", "|", "https",
    "url(", "\xff",
)  # fmt: skip
FILES = (
    "a.js", "a.html", "a.css", "a.sql", "a.sh", ".htaccess", "a.ini", "a.yml", "a.json", "a.md", "a.tpl", "a.twig",
    "a.blade.php", "nginx.conf", "web.config", "composer.json", ".github/workflows/a.yml",
)  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_a_file_of_one_unit_ends_in_time(path: str) -> None:
    took: dict[str, float] = {}
    for unit in UNITS:
        started = time.process_time()
        with limit(SECONDS):
            all_facts((unit * (_BYTES // len(unit))).encode("latin-1"), path, _VOCABULARY)
        took[unit] = time.process_time() - started
    assert sum(took.values()) < SECONDS, sorted(took.items(), key=lambda item: -item[1])[:3]


def test_php_of_open_comments_ends_in_time() -> None:
    with limit(SECONDS):
        all_facts(b"<?php f(1); " + b"/* " * 60_000, "a.php", _VOCABULARY)


def test_a_command_of_many_dots_ends_in_time(tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text(
        f'<?php shell_exec("curl {"a." * 60} 1"); shell_exec("curl {"a." * 60}@ " . $_GET["a"]);\n', "utf-8"
    )
    with limit(SECONDS):
        report = scan(str(tmp_path), ScanOptions(jobs=1))
    assert {finding.rule for finding in report.findings} >= {"process-execution"}
