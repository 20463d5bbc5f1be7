"""What `make noise` counted, as text: the page docs/noise.md and the lines on the page of each rule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from scanner.model.finding import Category, Rule

Counts = Mapping[str, Mapping[str, int]]
"""Rule -> severity -> findings."""

_LEVELS = ("critical", "high", "medium", "low", "info")
_LOUD = _LEVELS[:3]
_COUNTED = frozenset({Category.CONCEALMENT, Category.WEAKENING, Category.INTEGRITY, Category.PAYLOAD})
"""Categories of which honest code can look like what they name."""

_HEAD = """# Noise

What honest upgrades of well-known applications raise, counted by `make noise`: each finding is one that a reviewer
reads. Releases are those of Debian's suites. Of one upgrade every [new destination](new-destinations-wordpress.md) was
checked by hand.

## Upgrades

New and updated findings. The last column counts medium and above.

| upgrade | files changed | critical | high | medium | low | per 1,000 files |
|---|---:|---:|---:|---:|---:|---:|"""
_RULES = """
## Rules

Findings of all releases, and new and updated ones of all upgrades. Rules that list what a program does (calls, secrets,
pages) are left out.
"""


class Noise(NamedTuple):
    """What was counted."""

    releases: Mapping[str, Counts]
    """Name of a release -> its findings."""
    upgrades: Mapping[str, tuple[int, Counts]]
    """Name of an upgrade -> changed files, and new and updated findings."""


def load(path: Path) -> Noise | None:
    """What `benchmarks/noise.py --write` kept; None where it never ran."""
    if not path.is_file():
        return None
    kept = json.loads(path.read_text("utf-8"))
    upgrades = {name: (int(item["files"]), cast("Counts", item["found"])) for name, item in kept["upgrades"].items()}
    return Noise(kept["releases"], upgrades)


def _sum(counts: Iterable[Counts], rule: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for level, count in one.get(rule, {}).items():
            found[level] = found.get(level, 0) + count
    return found


def _shown(levels: Mapping[str, int]) -> str:
    """`0`, or `7 (2 high, 5 low)`."""
    parts = ", ".join(f"{levels[level]} {level}" for level in _LEVELS if levels.get(level))
    return f"{sum(levels.values())} ({parts})" if parts else "0"


def section(rule: Rule, noise: Noise | None) -> str:
    """How often a rule finds something in honest code; nothing for rules that list what a program does."""
    if noise is None or rule.category not in _COUNTED:
        return ""
    upgrades = _shown(_sum((counts for _files, counts in noise.upgrades.values()), rule.id))
    lines = [f"- {len(noise.upgrades)} upgrades, new or updated: {upgrades}"]
    if rule.category is not Category.WEAKENING:  # those are found by comparing
        lines.insert(0, f"- {len(noise.releases)} releases: {_shown(_sum(noise.releases.values(), rule.id))}")
    return (
        "\n## How often\n\nFindings in released versions of well-known applications, by severity; see "
        "[noise](../noise.md):\n\n" + "\n".join(lines) + "\n"
    )


def page(rules: Iterable[Rule], noise: Noise | None) -> str:
    """The page with all counts."""
    if noise is None:
        return "# Noise\n\nNot measured yet: run `make noise`.\n"
    parts = [_HEAD]
    for name, (files, counts) in sorted(noise.upgrades.items()):
        totals = {level: sum(of_rule.get(level, 0) for of_rule in counts.values()) for level in _LEVELS}
        loud = 1000 * sum(totals[level] for level in _LOUD) / max(files, 1)
        cells = " | ".join(str(totals[level]) for level in _LEVELS[:4])
        parts.append(f"| {name} | {files:,} | {cells} | {loud:.1f} |")
    parts.append(_RULES)
    parts.append(
        f"| rule | category | {len(noise.releases)} releases | {len(noise.upgrades)} upgrades |\n|---|---|---|---|"
    )
    for rule in rules:
        if rule.category in _COUNTED:
            released = _shown(_sum(noise.releases.values(), rule.id))
            raised = _shown(_sum((counts for _files, counts in noise.upgrades.values()), rule.id))
            parts.append(f"| [{rule.id}](rules/{rule.id}.md) | {rule.category.value} | {released} | {raised} |")
    return "\n".join(parts) + "\n"
