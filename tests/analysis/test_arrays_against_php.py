"""What the analysis says of functions on arrays, against what PHP says: the same, one of several, or not known."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner.pipeline import ScanOptions, scan

PROGRAMS = Path(__file__).resolve().parents[2] / "fixtures" / "arrays_against_php.txt"
EXACT = 190
"""Programs of which the analysis knows the one value that PHP gives: fewer would be a loss."""


class Program(NamedTuple):
    declarations: str
    statements: str
    value: str
    text: str
    """What PHP makes of the value."""


def _programs() -> list[Program]:
    lines = [line for line in PROGRAMS.read_text().splitlines() if not line.startswith("# ")]
    return [
        Program(*(part.strip().replace("#N", str(number)) for part in line.split(";;")))
        for number, line in enumerate(lines)
    ]


def _by_php(programs: list[Program], folder: Path) -> list[str]:
    """The value of each program, all in one process."""
    code = ["<?php error_reporting(0); $all = [];"]
    for number, one in enumerate(programs):
        code.append(f"{one.declarations} function p{number}() {{ {one.statements} return (string) ({one.value}); }}")
        code.append(f"$all[] = p{number}();")
    script = folder / "all.php"
    script.write_text("\n".join([*code, "echo json_encode($all);"]))
    run = subprocess.run(["php", str(script)], capture_output=True, check=True, timeout=20)
    found: list[str] = json.loads(run.stdout)
    return found


def _by_analysis(programs: list[Program], folder: Path) -> list[set[str]]:
    """Hosts that are made of the value of each program."""
    code = ["<?php"]
    for number, one in enumerate(programs):
        url = f"'https://x-' . {one.value} . '.example.org/?' . $GLOBALS['salt']"
        code.append(f"{one.declarations} function p{number}() {{ {one.statements} file_get_contents({url}); }}")
    (folder / "all.php").write_text("\n".join(code))
    report = scan(str(folder), ScanOptions(cache=None, jobs=0))
    hosts: list[set[str]] = [set() for _program in programs]
    for finding in report.findings:
        if finding.secrets and 1 < finding.line <= len(programs) + 1:
            hosts[finding.line - 2].update(finding.destinations)
    return hosts


def _verdict(wanted: str, hosts: set[str]) -> str:
    host = f"x-{wanted}.example.org".lower()
    if host in hosts:
        return "exact" if len(hosts) == 1 else "joined"
    return "unknown" if any("*" in one or "unresolved" in one for one in hosts) else "different"


def test_no_value_is_another_than_that_of_php(tmp_path: Path) -> None:
    programs = _programs()
    found = _by_analysis(programs, tmp_path)
    verdicts = [_verdict(one.text, hosts) for one, hosts in zip(programs, found, strict=True)]
    different = [
        (one, sorted(hosts))
        for one, hosts, verdict in zip(programs, found, verdicts, strict=True)
        if verdict == "different"
    ]
    assert not different
    assert Counter(verdicts)["exact"] >= EXACT


@pytest.mark.servers
def test_php_says_so(tmp_path: Path) -> None:
    programs = _programs()
    assert _by_php(programs, tmp_path) == [one.text for one in programs]
