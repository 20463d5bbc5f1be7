"""What is new in files that are not PHP: severities of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.model.report import BaselineState
from scanner.pipeline import ScanOptions, diff
from tests.pipeline.trees import write_tree

OLD = {
    "index.php": b"<?php\n",
    "own.js": b"fetch('https://known.example/a');",
    "up.sql": b"SELECT 1;",
    "run.sh": b"echo 1",
}


def raised(tmp_path: Path, files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    sides = [str(write_tree(tmp_path / name, tree)) for name, tree in (("old", OLD), ("new", {**OLD, **files}))]
    comparison = diff(sides[0], sides[1], ScanOptions(cache=None, jobs=0))
    return sorted(
        (change.finding.rule, change.finding.severity.value, ",".join(change.finding.destinations))
        for change in comparison.changes
        if change.state in (BaselineState.NEW, BaselineState.UPDATED)
    )


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"b.js": b"fetch('https://known.example/b');"}, [("browser-request", "low", "known.example")]),
        ({"b.js": b"fetch('https://new.example/b');"}, [("browser-request", "medium", "new.example")]),
        ({"b.html": b"<script src='//new.example/b.js'></script>"}, [("browser-request", "high", "new.example")]),
        ({"own.js": b"fetch('https://new.example/a');"}, [("browser-request", "medium", "new.example")]),
        ({"b.js": b"fetch(address);"}, [("browser-request", "info", "unresolved")]),
        (
            {"b.css": b"a{background:url(https://new.example/a.png)}/*# sourceMappingURL=https://map.example/x */"},
            [("browser-request", "medium", "new.example")],
        ),
        ({"run.sh": b"curl https://new.example/"}, [("script-network-command", "medium", "new.example")]),
        ({"examples/run.sh": b"curl https://new.example/"}, [("script-network-command", "low", "new.example")]),
        ({"up.sql": b"GRANT ALL ON *.* TO 'x'@'%';"}, [("privilege-in-sql", "high", "")]),
        ({"up.sql": b"INSERT INTO redcap_crons (cron_name) VALUES ('x');"}, [("privilege-in-sql", "low", "")]),
        (
            {"up.sql": b"UPDATE redcap_config SET value = 'https://new.example' WHERE field_name = 'x';"},
            [("setting-in-sql", "high", "new.example")],
        ),
        ({"composer.json": b'{"scripts":{"post-install-cmd":"@php x.php"}}'}, [("install-time-code", "high", "")]),
        ({".htaccess": b"ProxyPass /x https://new.example/"}, [("server-redirect", "high", "new.example")]),
    ],
)
def test_what_is_new_weighs_more(tmp_path: Path, files: dict[str, bytes], wanted: list[tuple[str, str, str]]) -> None:
    assert raised(tmp_path, files) == wanted


def test_a_host_of_the_browser_is_new_to_the_server(tmp_path: Path) -> None:
    found = raised(tmp_path, {"call.php": b"<?php file_get_contents('https://known.example/');"})
    assert ("url-capable-call", "high", "known.example") in found
