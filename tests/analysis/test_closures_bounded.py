"""Closures that call closures: following each of them again wherever it is called doubles with every one."""

from __future__ import annotations

from pathlib import Path

from scanner.pipeline import ScanOptions, scan


def _chain(length: int) -> str:
    lines = ["<?php", '$f0 = fn($x) => file_get_contents("https://chain.example/" . $x);']
    lines += [
        f"$f{i} = function ($x) use (&$f{i - 1}, $f0) {{ return $f{i - 1}(fn($y) => $f{i - 1}($x . $y)); }};"
        for i in range(1, length)
    ]
    return "\n".join([*lines, f'$f{length - 1}("x");'])


def test_a_chain_of_closures_is_cut_and_counted(tmp_path: Path) -> None:
    (tmp_path / "chain.php").write_text(_chain(40))
    report = scan(str(tmp_path), ScanOptions(cache=None, jobs=1))
    assert "closures-per-function" in {item.limit for item in report.coverage.limits_hit}
    assert any("chain.example" in finding.destinations for finding in report.findings)


def test_a_short_chain_is_followed_whole(tmp_path: Path) -> None:
    (tmp_path / "chain.php").write_text(_chain(4))
    report = scan(str(tmp_path), ScanOptions(cache=None, jobs=1))
    assert not report.coverage.limits_hit
