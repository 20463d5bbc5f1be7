"""Plant generated exfiltrations into real code and report how many the scanner finds, by factor."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scanner.pipeline import ScanOptions  # noqa: E402  run as a program: the path is set first
from tests.mutation.measure import Measurement, by_factor, measure  # noqa: E402


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path, help="folders of PHP applications")
    parser.add_argument("--plants", type=int, default=250, help="planted per tree")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--cache", type=Path, default=None, help="keep facts here: the original is scanned only once")
    parser.add_argument("--misses", action="store_true", help="show the code of every plant that was not found")
    parser.add_argument("--all-factors", action="store_true", help="also values of which every plant was found")
    options = parser.parse_args()
    for tree in options.trees:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            scan_options = ScanOptions(cache=options.cache or work / "cache", jobs=options.jobs)
            result = measure(tree, work, options.plants, options.seed, scan_options)
        print(f"# {tree.name}, {options.plants} plants, seed {options.seed}")
        show(result, misses=options.misses, every=options.all_factors)


def show(result: Measurement, *, misses: bool, every: bool) -> None:
    """Print a measurement."""
    print(f"recall {result.recall:.3f}, located {result.located:.3f}")
    for factor, rows in by_factor(result.outcomes).items():
        for value, (planted, found, located) in rows.items():
            if every or found < planted:
                print(f"  {factor:8} {value:36} {found:3}/{planted:<3} located {located}")
    for item in result.outcomes if misses else ():
        if not item.found:
            print(f"\n## {item.plant.number} {item.plant.factors()} labels {sorted(item.plant.labels)}")
            print("\n".join(item.nearest) or "nothing there")
            print(item.plant.text)


if __name__ == "__main__":
    main()
