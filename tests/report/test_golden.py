"""Reports of a fixed scan and a fixed comparison, byte by byte. `make golden` rewrites them: review the diff."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scanner.report.base import ReportView, formats
from scanner.report.document import schema
from tests.report.sample import COMPARISON, CURRENT

HERE = Path(__file__).parent
VIEWS = {
    "scan": ReportView(content=CURRENT),
    "diff": ReportView(content=COMPARISON),
    "diff-all": ReportView(content=COMPARISON, show_all=True),
    "diff-narrow": ReportView(content=COMPARISON, width=72),
    "diff-shared": ReportView(content=COMPARISON, excerpts=False),
    "diff-colour": ReportView(content=COMPARISON, colour=True),
}
CASES = [
    (view, name)
    for view in VIEWS
    for name in ("json", "markdown", "sarif", "terminal")
    if name == "terminal" or view in {"scan", "diff"}
]


def check(path: Path, text: str) -> None:
    """Compare with the file, or write it when asked to."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes()


@pytest.mark.parametrize(("view", "name"), CASES, ids="-".join)
def test_report_is_as_agreed(view: str, name: str) -> None:
    form = formats()[name]
    check(HERE / "golden" / f"{view}.{form.extension}", form.render(VIEWS[view]))


def test_the_published_schema_is_that_of_the_records() -> None:
    check(HERE.parent.parent / "schema" / "report-1.json", json.dumps(schema(), indent=2) + "\n")


def test_the_first_screen_of_a_diff_fits_a_screen() -> None:
    text = formats()["terminal"].render(VIEWS["diff"])
    assert len(text[: text.index("Findings, worst first")].splitlines()) <= 32


def test_plain_text_has_no_trailing_blanks_and_no_escape_sequences() -> None:
    lines = formats()["terminal"].render(VIEWS["diff"]).splitlines()
    assert [line for line in lines if line != line.rstrip() or "\x1b" in line] == []


def test_a_repeated_finding_is_shown_once_with_its_number_and_all_its_places_on_request() -> None:
    short = formats()["terminal"].render(VIEWS["diff"])
    assert "dynamic-call  new  possible  6 times" in short
    assert "and 1 more place (--all lists them)" in short
    assert "Not shown: 2 unchanged findings. --all shows them." in short
    full = formats()["terminal"].render(VIEWS["diff-all"])
    assert full.count("/Bus") == 8  # seven places, one of them with its old path
    assert "Not shown" not in full


def test_old_and_new_side_of_an_update_stand_side_by_side_or_one_below_the_other() -> None:
    wide = formats()["terminal"].render(VIEWS["diff"]).splitlines()
    assert any("updates.example.org" in line and "cdn.example.net" in line and "│" in line for line in wide)
    narrow = formats()["terminal"].render(VIEWS["diff-narrow"]).splitlines()
    was = next(at for at, line in enumerate(narrow) if line.startswith("  was"))
    now = next(at for at, line in enumerate(narrow) if line.startswith("  is"))
    assert now > was
