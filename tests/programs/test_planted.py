"""Whole comparisons: a fixture release against a copy of it into which one change was planted.

What is planted, and what a finding must name, stands in `fixtures/pairs/planted.yaml`. Each change is written as who
hides something in a release would write it: among other code of the class, in its style, sent to a reserved name.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from scanner.model.finding import Finding, Severity
from scanner.model.report import BaselineState
from scanner.pipeline import ScanOptions, diff

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
VERSION = "15.7.1"
PLANTED: list[dict[str, Any]] = yaml.safe_load((FIXTURES / "pairs/planted.yaml").read_text("utf-8"))
LOUD = (Severity.CRITICAL, Severity.HIGH)
CHANGED = (BaselineState.NEW, BaselineState.UPDATED)
FEWEST = 100


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as it is, unpacked; beside it a cache that all comparisons share."""
    folder = tmp_path_factory.mktemp("planted")
    with zipfile.ZipFile(FIXTURES / f"releases/redcap{VERSION}.zip") as archive:
        archive.extractall(folder / "old")
    return folder / "old"


def planted(baseline: Path, change: dict[str, Any], where: Path) -> Path:
    """A copy of the release with the change in it."""
    shutil.copytree(baseline, where)
    file = where / change["path"].replace("@", VERSION)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text("utf-8") if file.exists() else ""
    mark = change.get("instead_of") or change.get("behind") or ""
    assert mark in text, f"{change['path']} has no {mark!r}"
    if "instead_of" in change:
        text = text.replace(mark, change["code"], 1)
    elif mark:
        text = text.replace(mark, f"{mark}\n{change['code']}", 1)
    else:
        text += change["code"]
    file.write_text(text, "utf-8")
    return where


def names(finding: Finding, change: dict[str, Any]) -> bool:
    """Whether a finding names the host and the secret of a change, as far as it has them."""
    host = any(change.get("host", "") in name for name in [*finding.destinations, finding.message])
    return host and (not change.get("secret") or any(change["secret"] in name for name in finding.secrets))


def test_there_are_enough_of_them() -> None:
    assert len(PLANTED) >= FEWEST
    assert len({change["name"] for change in PLANTED}) == len(PLANTED)


@pytest.mark.parametrize("change", PLANTED, ids=lambda change: change["name"])
def test_a_planted_change_is_loud_and_named(change: dict[str, Any], baseline: Path, tmp_path: Path) -> None:
    current = planted(baseline, change, tmp_path / "new")
    compared = diff(str(baseline), str(current), ScanOptions(cache=baseline.parent / "cache", jobs=1))
    loud = [item.finding for item in compared.changes if item.state in CHANGED and item.finding.severity in LOUD]
    assert any(names(finding, change) for finding in loud), [finding.message for finding in loud]
