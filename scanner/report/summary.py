"""The words of the first screen, the same in every format for people."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from scanner.model.decision import Standing
from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Comparison, Coverage
from scanner.report.base import ReportView
from scanner.report.rows import EndpointRow, Entry, Verdict

CLOSED_AUTH = frozenset({"login", "cli"})
"""Ways to a page that an outsider does not have."""


_REASONS = 4
"""Reasons that are named."""


def is_news(page: EndpointRow) -> bool:
    """Whether a changed page gives an outsider something: it is open in another way than it was, or can do more."""
    if page.state is not BaselineState.UPDATED or page.auth in CLOSED_AUTH or is_less_open(page):
        return False
    return page.auth != page.baseline_auth or bool(page.gained)


def is_less_open(page: EndpointRow) -> bool:
    """Whether a changed page asks for more than it did, and can do nothing new."""
    if page.state is not BaselineState.UPDATED or page.baseline_auth is None:
        return False
    closed, was_closed = page.auth in CLOSED_AUTH, page.baseline_auth in CLOSED_AUTH
    asks = page.baseline_auth == "none" and page.auth != "none"
    return (closed and not was_closed) or (asks and not page.gained)


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


def failing_words(judged: Verdict) -> str:
    """Which rules fail the run, each once, the worst first: `leak 4 critical 1 high, open-page 2 high`, or nothing."""
    by_rule: dict[str, Counter[Severity]] = defaultdict(Counter)
    for entry in judged.failing:
        by_rule[entry.finding.rule][entry.finding.severity] += 1
    levels = tuple(Severity)
    ordered = sorted(by_rule.items(), key=lambda item: ([-item[1][level] for level in levels], item[0]))
    return ", ".join(
        " ".join([rule, *(f"{counts[level]:,} {level.value}" for level in levels if counts[level])])
        for rule, counts in ordered
    )


def coverage_words(coverage: Coverage, before: Coverage | None = None) -> list[str]:
    """The coverage account: what was read, and what could not be resolved; `before`: by the scan of the baseline."""
    lines = sum(end - start + 1 for item in coverage.partial for start, end in item.lines)
    read = [
        f"{count(coverage.files, 'file')}, {coverage.php_files:,} with PHP: {coverage.parsed:,} analysed whole",
        f"{len(coverage.partial):,} in part" + (f" ({count(lines, 'line')} not understood)" if lines else ""),
        f"{len(coverage.skipped):,} not read" + _reasons(coverage),
    ]
    limits = [sum(item.count for item in side.limits_hit) for side in (coverage, before) if side is not None]
    sides = [side for side in (coverage, before) if side is not None]
    unresolved = ", ".join(
        (
            _both("call", [side.unresolved_calls for side in sides]),
            _both("include", [side.unresolved_includes for side in sides]),
            _both("destination", [side.unresolved_destinations for side in sides]),
        )
    )
    return [", ".join(read), f"unresolved: {unresolved}; limits hit: {limits[0]:,}{_old(limits)}"]


def _reasons(coverage: Coverage) -> str:
    """Why files were not read, where none of it makes the scan incomplete: ` (11 symlink)`."""
    codes = Counter(_code(item.reason) for item in coverage.skipped)
    if not codes or coverage.incomplete:
        return ""
    ordered = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    return f" ({', '.join(f'{number:,} {code}' for code, number in ordered[:_REASONS])})"


def _code(reason: str) -> str:
    """`symlink` of `symlink: points outside`; the rest may hold names from the release, which are not escaped here."""
    code = reason.partition(":")[0]
    return code if re.fullmatch(r"[a-z][a-z-]{0,40}", code) else "other"


def _both(noun: str, numbers: list[int]) -> str:
    return count(numbers[0], noun) + _old(numbers)


def _old(numbers: list[int]) -> str:
    """What the number was in the baseline, where it was another."""
    return f" (was {numbers[1]:,})" if len(numbers) > 1 and numbers[0] != numbers[1] else ""


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
