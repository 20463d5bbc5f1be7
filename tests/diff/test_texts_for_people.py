"""Pictures in a text for people contact nobody, and a host that only such a text names is not known to the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.model.report import Comparison
from scanner.pipeline import ScanOptions, diff
from tests.pipeline.trees import write_tree

PICTURE = b"# Read me\n<img src='https://badge.example.net/v.svg'>\n```php\n<?php echo 1; ?>\n```\n"
PAGE = b"<?php\necho 1;\n"
SCRIPT = b"<script src='https://badge.example.net/v.js'></script><?php echo 1; ?>\n"


def compared(tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes]) -> Comparison:
    for side, files in (("old", old), ("new", new)):
        write_tree(tmp_path / side, {"index.php": PAGE, **files})
    return diff(str(tmp_path / "old"), str(tmp_path / "new"), ScanOptions(cache=None, jobs=0))


@pytest.mark.parametrize(
    ("files", "severity", "hosts"),
    [
        ({"README.md": PICTURE}, Severity.INFO, []),
        ({"readme.html": PICTURE}, Severity.MEDIUM, ["badge.example.net"]),
        ({"README.md": PICTURE, "show.php": b"<?php include 'README.md';\n"}, Severity.MEDIUM, ["badge.example.net"]),
    ],
)
def test_a_picture(files: dict[str, bytes], severity: Severity, hosts: list[str], tmp_path: Path) -> None:
    comparison = compared(tmp_path, {}, files)
    found = [item.finding for item in comparison.changes if item.finding.rule == "browser-request"]
    assert [item.severity for item in found] == [severity]
    assert [item.host for item in comparison.destinations] == hosts


def test_a_host_that_a_text_named_before_is_new_in_a_page(tmp_path: Path) -> None:
    comparison = compared(tmp_path, {"README.md": PICTURE}, {"README.md": PICTURE, "page.php": SCRIPT})
    found = {item.finding.path: item.finding.severity for item in comparison.changes if item.finding.destinations}
    assert found == {"README.md": Severity.INFO, "page.php": Severity.HIGH}
    assert [(item.host, item.state) for item in comparison.destinations] == [("badge.example.net", "new")]
