"""The words of the first screen, the same in every format for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from scanner.model.decision import Standing
from scanner.model.finding import Severity
from scanner.model.report import Comparison, Coverage
from scanner.report.base import ReportView
from scanner.report.rows import Entry, Verdict

CLOSED_AUTH = frozenset({"login", "cli"})
"""Ways to a page that an outsider does not have."""


def is_news(auth: str, old: str | None) -> bool:
    """Whether a changed page is of interest to an outsider: it is open, or was."""
    return auth not in CLOSED_AUTH or (old is not None and old not in CLOSED_AUTH)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2,345 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def verdict_words(judged: Verdict, *, compared: bool) -> tuple[str, str]:
    """One word and one sentence."""
    if judged.fail_on is None:
        word, sentence = "REPORT", "No severity fails this run."
    elif judged.failing:
        counts = [
            f"{number:,} {severity.value}"
            for severity in Severity
            if (number := sum(entry.finding.severity is severity for entry in judged.failing))
        ]
        kind = "new or changed finding" if compared else "finding"
        verb = "fails" if len(judged.failing) == 1 else "fail"
        word, sentence = "FAIL", f"{count(len(judged.failing), kind)} {verb} the run: {', '.join(counts)}."
    else:
        kind = "No new or changed finding" if compared else "No finding"
        undecided = " is undecided" if judged.decided else ""
        word, sentence = "PASS", f"{kind} of severity {judged.fail_on.value} or above{undecided}."
    if judged.decided:
        sentence += f" {judged.decided:,} decided."
    if judged.alarms:
        word = "FAIL"
        sentence += f" {count(len(judged.alarms), 'alarm')} about policy or decisions."
    if not judged.complete:
        word = "INCOMPLETE" if word == "PASS" else word
        sentence += " Part of the code was not analysed: no statement about it."
    return word, sentence


def coverage_words(coverage: Coverage) -> list[str]:
    """The coverage account: what was read, and what could not be resolved."""
    lines = sum(end - start + 1 for item in coverage.partial for start, end in item.lines)
    read = [
        f"{count(coverage.files, 'file')}, {coverage.php_files:,} with PHP: {coverage.parsed:,} analysed whole",
        f"{len(coverage.partial):,} in part" + (f" ({count(lines, 'line')} not understood)" if lines else ""),
        f"{len(coverage.skipped):,} not read",
    ]
    limits = sum(item.count for item in coverage.limits_hit)
    unresolved = (
        f"unresolved: {count(coverage.unresolved_calls, 'call')}, {count(coverage.unresolved_includes, 'include')},"
        f" {count(coverage.unresolved_destinations, 'destination')}; limits hit: {limits:,}"
    )
    return [", ".join(read), unresolved]


def triage_words(view: ReportView, found: Iterable[Entry]) -> list[str]:
    """What policy and decisions did, in lines; empty when there are none."""
    triage = view.triage
    if triage is None:
        return []
    entries = list(found)
    lines = []
    if triage.policy:
        number = sum(entry.lowered is not None for entry in entries)
        lines.append(f"policy {triage.policy}: severity of {count(number, 'finding')} lowered")
    standings = Counter(entry.judgement.standing for entry in entries if entry.judgement)
    if triage.decisions or standings:
        words = [f"{standings[item]:,} {item.value}" for item in Standing if standings[item]]
        stale = [f"{triage.stale:,} about findings that are not in this report"] if triage.stale else []
        lines.append(f"decisions {triage.decisions}: {', '.join([*words, *stale]) or 'none about these findings'}")
    return lines


def release_title(view: ReportView) -> str:
    """`name (version) -> name (version)`, not escaped."""
    sides = [view.baseline, view.current]
    return " → ".join(
        side.release.name + (f" ({side.release.version})" if side.release.version else "") for side in sides if side
    )


def file_words(view: ReportView) -> str:
    """How many files differ; empty for a scan."""
    content = view.content
    if not isinstance(content, Comparison):
        return ""
    text = (
        f"files: {content.files_added:,} added, {content.files_removed:,} removed, {content.files_changed:,} changed,"
        f" {content.files_unchanged:,} unchanged"
    )
    if content.not_in_archive:
        text += (
            f", {content.not_in_archive:,} in one archive only and not compared"
            f" ({count(len(content.not_compared), 'finding')} there)"
        )
    return text
