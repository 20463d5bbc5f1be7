"""Plant generated exfiltrations into real code and report how many the scanner finds, by factor."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scanner.pipeline import ScanOptions  # noqa: E402  run as a program: the path is set first
from tests.mutation.measure import Measurement, Noise, by_factor, measure, measure_each, measure_neutral  # noqa: E402


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
    parser.add_argument("--neutral", type=int, default=0, help="instead: so many changes that mean nothing")
    parser.add_argument("--each", action="store_true", help="instead: every source, carrier and channel by itself")
    options = parser.parse_args()
    for tree in options.trees:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            scan_options = ScanOptions(cache=options.cache or work / "cache", jobs=options.jobs)
            if options.neutral:
                show_noise(tree, measure_neutral(tree, work, options.neutral, options.seed, scan_options))
                continue
            result = (
                measure_each(tree, work, options.seed, scan_options)
                if options.each
                else measure(tree, work, options.plants, options.seed, scan_options)
            )
        print(f"# {tree.name}, {len(result.outcomes)} plants, seed {options.seed}")
        show(result, misses=options.misses, every=options.all_factors)


def show_noise(tree: Path, noise: Noise) -> None:
    """Print what neutral changes brought."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in noise.made.items())
    print(f"# {tree.name}: {len(noise.findings)} false new findings after {kinds}")
    for item in noise.findings:
        print(f"  {item.severity.value} {item.rule} {item.path}:{item.line} {item.message}")


def show(result: Measurement, *, misses: bool, every: bool) -> None:
    """Print a measurement."""
    print(f"recall {result.recall:.3f}, with its host {result.named:.3f}, located {result.located:.3f}")
    for factor, rows in by_factor(result.outcomes).items():
        for value, (planted, found, named, located) in rows.items():
            if every or named < planted:
                print(f"  {factor:8} {value:36} {found:3}/{planted:<3} with its host {named}, located {located}")
    for item in result.outcomes if misses else ():
        if not item.named:
            print(f"\n## {item.plant.number} {item.plant.factors()} labels {sorted(item.plant.labels)}")
            print("\n".join(item.nearest) or "nothing there")
            print(item.plant.text)


if __name__ == "__main__":
    main()
