"""What an upgrade weakened: pairs of programs from `fixtures/pairs/weakening.yaml`, all in one comparison."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scanner.diff.weakenings import comparers
from scanner.model.finding import Category, Finding, Severity
from scanner.model.report import BaselineState, Comparison
from scanner.pipeline import ScanOptions, all_rules, diff
from tests.pipeline.trees import write_tree

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "fixtures" / "pairs" / "weakening.yaml").read_text("utf-8")
)
SHOWN = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)


@cache
def compared(base: Path) -> Comparison:
    for side in ("old", "new"):
        write_tree(base / side, {f"{case['name']}.php": f"<?php\n{case[side]}\n".encode() for case in CASES})
    return diff(str(base / "old"), str(base / "new"), ScanOptions(cache=base / "cache", jobs=0))


@pytest.fixture(scope="session")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compared(tmp_path_factory.mktemp("weakenings"))


def weakenings(comparison: Comparison, path: str = "") -> list[Finding]:
    return [
        change.finding
        for change in comparison.changes
        if change.finding.category is Category.WEAKENING and change.finding.path.startswith(path)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_weakening_is_found_and_its_look_alike_is_not(comparison: Comparison, case: dict[str, Any]) -> None:
    found = weakenings(comparison, f"{case['name']}.php")
    assert sorted(f"{item.rule} {item.severity}" for item in found if item.severity in SHOWN) == case["expect"]


def test_old_and_new_are_shown(comparison: Comparison) -> None:
    (found,) = weakenings(comparison, "proxy.php")
    assert dict(found.details) == {"old": "not set", "new": "proxy.example.net:3128"}
    assert "proxy.example.net:3128" in found.excerpt[0]
    assert found.identity


def test_every_rule_has_a_case_and_a_page(comparison: Comparison) -> None:
    rules = {item.rule.id for item in comparers()}
    assert rules == {expected.split()[0] for case in CASES for expected in case["expect"]}
    assert rules <= {rule.id for rule in all_rules()}
    assert rules <= {rule.id for rule in comparison.current.rules}


def test_the_same_comparison_from_the_cache(tmp_path: Path) -> None:
    once, again = compared(tmp_path), None
    compared.cache_clear()
    again = compared(tmp_path)
    assert weakenings(once) == weakenings(again)
    assert {change.state for change in again.changes if change.finding.category is Category.WEAKENING} == {
        BaselineState.NEW
    }


def test_code_that_did_not_change_is_not_compared(tmp_path: Path) -> None:
    insecure = b"<?php function f($h) { curl_setopt($h, CURLOPT_SSL_VERIFYPEER, false); return curl_exec($h); }"
    other = b"<?php\n\nfunction f($h) { curl_setopt($h, CURLOPT_SSL_VERIFYPEER,\n false); return curl_exec($h); } g();"
    old, new = (write_tree(tmp_path / name, {"a.php": text}) for name, text in (("old", insecure), ("new", other)))
    assert weakenings(diff(str(old), str(new), ScanOptions(cache=None, jobs=0))) == []
