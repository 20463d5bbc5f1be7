"""Count what honest upgrades of real applications raise: the noise that a reviewer has to read.

Every new or updated finding of severity medium or above, per upgrade and rule, and per 1,000 changed files (added,
removed or different). The releases come from `make corpus`; a cache makes the second run cheap. With `--list` every
finding of severity high or above follows, to be read beside the code.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Comparison, FindingChange
from scanner.pipeline import DEFAULT_CACHE, ScanOptions, diff

CORPUS = Path(__file__).resolve().parent.parent / ".corpus"
APPLICATIONS = ("phpmyadmin", "roundcube-core", "wordpress", "mediawiki")
PAIRS = (("bullseye", "bookworm"), ("bookworm", "trixie"))
LOUD = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
CHANGED = (BaselineState.NEW, BaselineState.UPDATED)


def upgrades(applications: list[str]) -> Iterator[tuple[str, str, str]]:
    """Application and the two suites of each upgrade."""
    for application in applications:
        for old, new in PAIRS:
            yield application, old, new


def loud(comparison: Comparison) -> list[FindingChange]:
    """New and updated findings of severity medium or above."""
    return [change for change in comparison.changes if change.state in CHANGED and change.finding.severity in LOUD]


def show(name: str, comparison: Comparison, *, listed: bool) -> None:
    """The table of one upgrade."""
    changes = loud(comparison)
    files = comparison.files_added + comparison.files_removed + comparison.files_changed
    severities = Counter(change.finding.severity for change in changes)
    counts = "  ".join(f"{level.value} {severities[level]}" for level in LOUD)
    print(f"\n{name}: {files:,} files changed; {counts}; {1000 * len(changes) / max(files, 1):.1f} per 1,000 files")
    rules = Counter((change.finding.severity.rank, change.finding.rule) for change in changes)
    for (rank, rule), count in sorted(rules.items()):
        print(f"  {count:5}  {LOUD[rank].value:<8}  {rule}")
    for change in changes if listed else ():
        if change.finding.severity is not Severity.MEDIUM:
            finding = change.finding
            print(f"  {finding.severity.value} {change.state.value} {finding.rule} {finding.path}:{finding.line}")
            print(f"      {finding.message[:200]}")


def main() -> int:
    """Compare each pair and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("applications", nargs="*", default=APPLICATIONS)
    parser.add_argument("--list", action="store_true", help="print every finding of severity high or above")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    settings = ScanOptions(cache=options.cache, jobs=options.jobs)
    for application, old, new in upgrades(list(options.applications)):
        sides = [CORPUS / f"{application}-{suite}" for suite in (old, new)]
        if not all(side.is_dir() for side in sides):
            print(f"{application} {old} -> {new}: not there, run `make corpus`", file=sys.stderr)
            return 2
        comparison = diff(str(sides[0]), str(sides[1]), settings)
        show(f"{application} {old} -> {new}", comparison, listed=options.list)
    return 0


if __name__ == "__main__":
    sys.exit(main())
