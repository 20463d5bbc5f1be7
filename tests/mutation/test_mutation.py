"""A seeded sample of planted exfiltrations and of neutral changes, in a small tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.pipeline import ScanOptions
from tests.mutation.measure import measure, measure_each, measure_neutral

FILES = 12
PLANTS = 40
FEWEST_FOUND = 0.85
FEWEST_EACH = 0.93
CLASS = """<?php
{namespace}
class Item{n} {{
    private $name = 'x';
    public function name{n}() {{
        $shown = strtoupper($this->name);
        return $shown . '!';
    }}
    public function rename{n}($value) {{
        $clean = trim($value);
        $this->name = $clean;
        return $this;
    }}
}}

function list{n}($all) {{
    $found = array();
    foreach ($all as $one) {{
        $found[] = (string) $one;
    }}
    return file_get_contents('https://items{n}.example/?' . implode(', ', $found));
}}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for number in range(FILES):
        path = root / f"lib{number}" / f"Item{number}.php"
        path.parent.mkdir(parents=True)
        namespace = f"namespace App\\N{number};\n" if number % 3 == 0 else ""
        path.write_text(CLASS.format(n=number, namespace=namespace), "utf-8")
    return root


def options(tmp_path: Path) -> ScanOptions:
    return ScanOptions(cache=tmp_path / "cache", jobs=1)


def test_planted_exfiltrations_are_found(tree: Path, tmp_path: Path) -> None:
    result = measure(tree, tmp_path / "work", PLANTS, 7, options(tmp_path))
    missed = [(item.plant.factors(), item.nearest) for item in result.outcomes if not item.found]
    assert result.recall >= FEWEST_FOUND, missed


def test_every_construct_by_itself_is_found(tree: Path, tmp_path: Path) -> None:
    result = measure_each(tree, tmp_path / "work", 7, options(tmp_path))
    missed = [(item.plant.factors(), item.nearest) for item in result.outcomes if not item.found]
    assert result.recall >= FEWEST_EACH, missed


def test_neutral_changes_bring_nothing_new(tree: Path, tmp_path: Path) -> None:
    noise = measure_neutral(tree, tmp_path / "work", FILES, 7, options(tmp_path))
    assert sum(noise.made.values()) >= FILES - 2
    assert noise.findings == ()
