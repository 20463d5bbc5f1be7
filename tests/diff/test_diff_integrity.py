"""Packages that change under their old version, and severities that a change brings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.model.finding import Category, Severity
from scanner.model.report import BaselineState, Comparison
from scanner.pipeline import ScanOptions, all_rules, diff
from tests.pipeline.trees import CALL, write_tree

VENDOR = "redcap_v15.7.1/Libraries/vendor"
RULE = "package-changed-without-version"
QUIET = b"<?php class Guzzle { }"


def tree(version: str, content: dict[str, bytes]) -> dict[str, bytes]:
    listed = {"packages": [{"name": "guzzlehttp/guzzle", "version": version}]}
    return {
        "index.php": b"<?php",
        f"{VENDOR}/composer/installed.json": json.dumps(listed).encode(),
        f"{VENDOR}/guzzlehttp/guzzle/README.md": b"text",
        **{f"{VENDOR}/guzzlehttp/guzzle/{name}": text for name, text in content.items()},
    }


def compared(tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes]) -> Comparison:
    sides = [str(write_tree(tmp_path / name, files)) for name, files in (("old", old), ("new", new))]
    return diff(sides[0], sides[1], ScanOptions(cache=None, jobs=0))


def tampered(comparison: Comparison) -> list[tuple[BaselineState, Severity, str]]:
    return [
        (change.state, change.finding.severity, change.finding.path)
        for change in comparison.changes
        if change.finding.rule == RULE
    ]


@pytest.mark.parametrize(("old", "new", "place"), [
    ({"a.php": QUIET}, {"a.php": CALL}, "a.php"),
    ({"a.php": QUIET}, {"a.php": QUIET, "b.php": CALL}, "b.php"),
    ({"a.php": QUIET, "b.php": CALL}, {"a.php": QUIET}, "b.php"),
    ({"a.php": QUIET, "b.js": b"1"}, {"a.php": QUIET, "b.js": b"2"}, "b.js"),
])  # fmt: skip
def test_a_package_that_changed_under_its_version_is_found(
    tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes], place: str
) -> None:
    comparison = compared(tmp_path, tree("7.9.2", old), tree("7.9.2", new))
    path = f"redcap_v@/Libraries/vendor/guzzlehttp/guzzle/{place}"
    assert tampered(comparison) == [(BaselineState.NEW, Severity.HIGH, path)]
    finding = next(change.finding for change in comparison.changes if change.finding.rule == RULE)
    assert finding.package == "guzzlehttp/guzzle"
    assert place in finding.message
    assert finding.category is Category.INTEGRITY
    assert "" not in {finding.identity, finding.evidence}


def test_a_package_with_a_new_version_may_change(tmp_path: Path) -> None:
    comparison = compared(tmp_path, tree("7.9.2", {"a.php": QUIET}), tree("7.9.3", {"a.php": CALL}))
    assert tampered(comparison) == []


def test_a_package_that_did_not_change_is_quiet(tmp_path: Path) -> None:
    assert tampered(compared(tmp_path, tree("7.9.2", {"a.php": QUIET}), tree("7.9.2", {"a.php": QUIET}))) == []


def test_another_change_is_other_evidence_for_the_same_finding(tmp_path: Path) -> None:
    old = tree("7.9.2", {"a.php": QUIET})
    found = [
        next(change.finding for change in compared(tmp_path / name, old, new).changes if change.finding.rule == RULE)
        for name, new in (("1", tree("7.9.2", {"a.php": CALL})), ("2", tree("7.9.2", {"a.php": CALL + b"\n"})))
    ]
    assert found[0].identity == found[1].identity
    assert found[0].evidence != found[1].evidence


def test_the_rule_is_listed_even_when_it_finds_nothing(tmp_path: Path) -> None:
    comparison = compared(tmp_path, {"a.php": CALL}, {"a.php": CALL})
    assert RULE in {rule.id for rule in comparison.current.rules}
    without = [rule.id for rule in all_rules() if rule.id != "package-differs-from-upstream"]  # asked for by an option
    assert [rule.id for rule in comparison.current.rules] == without
    assert all(rule.help.startswith(f"# {rule.id}") for rule in all_rules())


def test_what_a_tampered_package_begins_to_do_is_high(tmp_path: Path) -> None:
    known = {"own.php": CALL}
    comparison = compared(tmp_path, tree("7.9.2", {"a.php": QUIET}) | known, tree("7.9.2", {"a.php": CALL}) | known)
    calls = [change.finding.severity for change in comparison.changes if change.state is BaselineState.NEW]
    assert set(calls) == {Severity.HIGH}
    assert {item.state for item in comparison.destinations} == {BaselineState.UPDATED}


def call(url: str, extra: str = "") -> bytes:
    return f"<?php function f($x) {{ $ch = curl_init({url}); {extra} return curl_exec($ch); }}".encode()


UNCHECKED = "curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, false);"
BEFORE = {"a.php": call("'https://one.example.net/'"), "b.php": call("'https://two.example.net/'")}


@pytest.mark.parametrize(("after", "severity"), [
    ({"a.php": call("'https://three.example.net/'")}, Severity.HIGH),
    ({"a.php": call("'https://two.example.net/'")}, Severity.MEDIUM),
    ({"a.php": call("strrev(date('r'))")}, Severity.MEDIUM),
    ({"c.php": call("strrev(date('r'))")}, Severity.MEDIUM),
    ({"a.php": call("'https://one.example.net/'", UNCHECKED)}, Severity.MEDIUM),
])  # fmt: skip
def test_a_changed_call_weighs_by_where_it_goes(tmp_path: Path, after: dict[str, bytes], severity: Severity) -> None:
    comparison = compared(tmp_path, BEFORE, BEFORE | after)
    changed = [
        change.finding.severity
        for change in comparison.changes
        if change.state in (BaselineState.NEW, BaselineState.UPDATED) and change.finding.category is Category.EGRESS
    ]
    assert changed == [severity]


def test_what_did_not_change_is_not_raised(tmp_path: Path) -> None:
    comparison = compared(tmp_path, BEFORE, BEFORE)
    same = [(change.baseline, change.current) for change in comparison.changes]
    assert same
    assert all(old == new for old, new in same)
