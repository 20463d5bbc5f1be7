"""Count what honest upgrades of real applications raise: the noise that a reviewer has to read.

Every new or updated finding of severity medium or above, per upgrade and rule, and per 1,000 changed files (added,
removed or different). The releases come from `make corpus`; a cache makes the second run cheap. With `--list` every
finding of severity high or above follows, to be read beside the code; with `--destinations` every place that names a
host which the baseline never named. `--suites` compares two suites alone. `--write` keeps the counts of what ran in
`noise.json`, from which `make docs` makes docs/noise.md and the count on the page of each rule.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from scanner.model.finding import Finding, Severity
from scanner.model.report import BaselineState, Comparison, FindingChange
from scanner.pipeline import DEFAULT_CACHE, ScanOptions, diff

CORPUS = Path(__file__).resolve().parent.parent / ".corpus"
KEPT = Path(__file__).resolve().parent / "noise.json"
APPLICATIONS = ("phpmyadmin", "roundcube-core", "wordpress", "mediawiki")
PAIRS = (("bullseye", "bookworm"), ("bookworm", "trixie"))
LOUD = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
CHANGED = (BaselineState.NEW, BaselineState.UPDATED)

Counts = dict[str, dict[str, int]]
"""Rule -> severity -> findings."""


def upgrades(applications: list[str], pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Application and the two suites of each upgrade."""
    for application in applications:
        for old, new in pairs:
            yield application, old, new


def changed(comparison: Comparison) -> list[FindingChange]:
    """New and updated findings."""
    return [change for change in comparison.changes if change.state in CHANGED]


def files_of(comparison: Comparison) -> int:
    """Files that were added, removed or are different."""
    return comparison.files_added + comparison.files_removed + comparison.files_changed


def show(name: str, comparison: Comparison, *, listed: bool) -> None:
    """The table of one upgrade."""
    changes = [change for change in changed(comparison) if change.finding.severity in LOUD]
    files = files_of(comparison)
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


def show_destinations(comparison: Comparison) -> None:
    """Every destination of the current release that the baseline never named, and where it is named."""
    for row in comparison.destinations:
        if row.state is BaselineState.NEW:
            print(f"  {row.host}")
            for change in changed(comparison):
                finding = change.finding
                if row.host in finding.destinations:
                    where = f"{finding.path}:{finding.line}"
                    print(
                        f"      {finding.severity.value} {finding.rule} {where} {finding.api} {finding.symbol}".rstrip()
                    )


def counted(findings: Iterable[Finding]) -> Counts:
    """Findings by rule and severity."""
    found: Counts = {}
    for finding in findings:
        of_rule = found.setdefault(finding.rule, {})
        of_rule[finding.severity.value] = of_rule.get(finding.severity.value, 0) + 1
    return found


def keep(application: str, old: str, new: str, comparison: Comparison) -> None:
    """Put the counts of one upgrade, and of its two releases, into the file that is kept."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.is_file() else {"releases": {}, "upgrades": {}}
    for suite, report in ((old, comparison.baseline), (new, comparison.current)):
        kept["releases"][f"{application} {suite}"] = counted(report.findings)
    kept["upgrades"][f"{application} {old} -> {new}"] = {
        "files": files_of(comparison),
        "found": counted(change.finding for change in changed(comparison)),
    }
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")


def main() -> int:
    """Compare each pair and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("applications", nargs="*", default=APPLICATIONS)
    parser.add_argument("--list", action="store_true", help="print every finding of severity high or above")
    parser.add_argument("--destinations", action="store_true", help="print every new destination and where it is named")
    parser.add_argument("--suites", nargs=2, metavar=("OLD", "NEW"), help="compare these two suites alone")
    parser.add_argument("--write", action="store_true", help="keep the counts in noise.json")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--jobs", type=int)
    options = parser.parse_args()
    settings = ScanOptions(cache=options.cache, jobs=options.jobs)
    pairs = (tuple(options.suites),) if options.suites else PAIRS
    for application, old, new in upgrades(list(options.applications), pairs):
        sides = [CORPUS / f"{application}-{suite}" for suite in (old, new)]
        if not all(side.is_dir() for side in sides):
            print(f"{application} {old} -> {new}: not there, run `make corpus`", file=sys.stderr)
            return 2
        comparison = diff(str(sides[0]), str(sides[1]), settings)
        show(f"{application} {old} -> {new}", comparison, listed=options.list)
        if options.destinations:
            show_destinations(comparison)
        if options.write:
            keep(application, old, new, comparison)
    return 0


if __name__ == "__main__":
    sys.exit(main())
