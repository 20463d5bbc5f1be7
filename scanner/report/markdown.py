"""Markdown report: fits a pull-request comment and a job summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from scanner.model.finding import Finding, Severity
from scanner.model.report import BaselineState, Report
from scanner.report import rows
from scanner.report.base import Format, ReportView
from scanner.report.escape import escape_markdown, markdown_block, markdown_code
from scanner.report.grouping import Group, select
from scanner.report.summary import (
    CLOSED_AUTH,
    count,
    coverage_words,
    failing_words,
    file_words,
    is_news,
    release_title,
    triage_words,
    verdict_words,
)

LIMIT = 60_000
"""Characters; a comment on GitHub holds 65,536."""
_WORST = 10
_LISTED = 12
_ROLLED_UP = 60
_EXCERPT_LINES = 8
_TRACE_STEPS = 8
_SIGNS = {"FAIL": "❌ ", "INCOMPLETE": "⚠️ ", "PASS": "✅ "}
_CUT = "\n_This report is cut to fit a comment. The JSON report has everything._\n"

Row = TypeVar("Row")


def render(view: ReportView) -> str:
    """Verdict, coverage, what is new, the ten worst, then lists to unfold. What does not fit is left out whole."""
    text, cut = "", False
    for section in _sections(view):
        if len(text) + len(section) + len(_CUT) > LIMIT:
            cut = True
        else:
            text += section
    return text + (_CUT if cut else "")


def _sections(view: ReportView) -> Iterable[str]:
    found = rows.entries(view)
    selection = select(view, found)
    yield _head(view, rows.verdict(view, found))
    yield _account(view)
    yield _triage(view, found)
    yield _news(view, found) if view.baseline else _inventory(view)
    yield _counts(found, compared=view.baseline is not None)
    if selection.groups:
        yield f"\n### {'Worst ten' if len(selection.groups) > _WORST else 'Findings'}\n\n"
    for group in selection.groups[:_WORST]:
        yield _finding(group, view)
    rest = selection.groups[_WORST:]
    if rest:
        yield _details("Other findings", len(rest), [_short(group) for group in rest])
    decided = [entry for entry in found if entry.decided and entry.state is not BaselineState.UNCHANGED]
    yield _details("Decided", len(decided), [_said(entry) for entry in decided[:_ROLLED_UP]])
    if selection.hidden:
        yield f"\nNot shown: {selection.hidden_words}.\n"
    yield from _roll_ups(view)


def _head(view: ReportView, judged: rows.Verdict) -> str:
    word, sentence = verdict_words(judged, compared=view.baseline is not None)
    title = escape_markdown(release_title(view))
    rules = f"\n{escape_markdown(words, 1000)}\n" if (words := failing_words(judged)) else ""
    return f"## {_SIGNS.get(word, '')}{word}: {title}\n\n{sentence}\n{rules}"


def _account(view: ReportView) -> str:
    lines = []
    for label, report in _sides(view):
        before = view.baseline.coverage if view.baseline and report is view.current else None
        read, unresolved = coverage_words(report.coverage, before)
        mark = "⚠️ **Incomplete.** " if report.coverage.incomplete else ""
        lines.append(f"- {label}{mark}{read}; {unresolved}")
    if words := file_words(view):
        lines.append(f"- {words}")
    return "\n" + "\n".join(lines) + "\n"


def _triage(view: ReportView, found: tuple[rows.Entry, ...]) -> str:
    """What policy and decisions did; alarms stand out."""
    lines = [f"- {escape_markdown(line)}\n" for line in triage_words(view, found)]
    notices = view.triage.notices if view.triage else ()
    lines += [f"- {'🚨 **Alarm.** ' if item.alarm else '⚠️ '}{escape_markdown(item.text, 600)}\n" for item in notices]
    return "".join(lines)


def _said(entry: rows.Entry) -> str:
    finding, why = entry.finding, entry.judgement.why if entry.judgement else ""
    place = markdown_code(f"{finding.path}:{finding.line}")
    return f"**{finding.severity.value}** {markdown_code(finding.rule, 80)} {place}: {escape_markdown(why, 200)}"


def _sides(view: ReportView) -> list[tuple[str, Report]]:
    if view.baseline is None:
        return [("", view.current)]
    return [("current: ", view.current), ("baseline: ", view.baseline)]


def _news(view: ReportView, found: tuple[rows.Entry, ...]) -> str:
    new, absent = BaselineState.NEW, BaselineState.ABSENT
    hosts, used = rows.destinations(view), rows.secrets(view)
    pages, libraries = rows.endpoints(view), rows.packages(view)
    lines = [
        _line("New destinations", [row for row in hosts if row.state is new], _host),
        _line("Gone destinations", [row for row in hosts if row.state is absent], _host),
        _line("Secrets on new ways", rows.new_ways(view, found), _way),
        _line("Newly used secrets", [row for row in used if row.state is new], _secret),
        _line("New open pages", [r for r in pages if r.state is new and r.auth not in CLOSED_AUTH], _page),
        _line("Changed access", [r for r in pages if is_news(r)], _page),
        _line("Packages gaining abilities", [row for row in libraries if row.gained], _package),
        _line("Changed, version kept", [r for r in libraries if r.content_changed_without_version], _package),
    ]
    return "\n### What is new in this release\n\n" + "".join(lines)


def _inventory(view: ReportView) -> str:
    pages = [row for row in rows.endpoints(view) if row.auth not in CLOSED_AUTH]
    lines = [
        _line("Destinations", rows.destinations(view), _host),
        _line("Secrets used", rows.secrets(view), _secret),
        _line("Open pages", pages, _page),
        _line("Bundled packages", rows.packages(view), _package),
    ]
    return "\n### What the release can do\n\n" + "".join(lines)


def _line(label: str, found: Sequence[Row], word: Callable[[Row], str]) -> str:
    if not found:
        return f"- {label}: none\n"
    names = ", ".join(word(row) for row in found[:_LISTED])
    more = f", and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    return f"- **{label} ({len(found):,})**: {names}{more}\n"


def _host(row: rows.DestinationRow) -> str:
    return f"{markdown_code(row.host, 100)} ({row.findings:,})"


def _secret(row: rows.SecretRow) -> str:
    return f"{markdown_code(row.name, 100)} ({row.findings:,})"


def _way(row: rows.Way) -> str:
    return f"{markdown_code(row.secret, 100)} → {markdown_code(row.host, 100)}" + (
        " (possible)" if row.possible else ""
    )


def _page(row: rows.EndpointRow) -> str:
    auth = f"{row.baseline_auth} → {row.auth}" if row.baseline_auth is not None else row.auth
    return f"{markdown_code(row.path, 100)} ({escape_markdown(auth, 24)})"


def _package(row: rows.PackageRow) -> str:
    versions = " → ".join(dict.fromkeys(version or "?" for version in (row.old, row.new) if version is not None))
    abilities = f" gains {escape_markdown(' '.join(row.gained), 60)}" if row.gained else ""
    return f"{markdown_code(row.name, 80)} {escape_markdown(versions, 40)}{abilities}".rstrip()


def _counts(found: tuple[rows.Entry, ...], *, compared: bool) -> str:
    pairs = rows.count_by(found)
    table = ["| | " + " | ".join(Severity) + " |", "|---|" + "---:|" * len(Severity)]
    for state in rows.STATES if compared else (None,):
        numbers = " | ".join(f"{pairs[state, severity]:,}" for severity in Severity)
        table.append(f"| {state.value if state else 'findings'} | {numbers} |")
    return "\n" + "\n".join(table) + "\n"


def _finding(group: Group, view: ReportView) -> str:
    entry = group.first
    finding = entry.finding
    text = f"**{finding.severity.value}** {_title(group)}\n{escape_markdown(finding.message, 400)}\n"
    text += "".join(f"- {line}\n" for line in _evidence(entry))
    if entry.judgement is not None:
        text += f"- decision {escape_markdown(entry.judgement.why)}\n"
    if entry.lowered is not None:
        text += f"- policy lowered it from {entry.lowered.severity.value}: {escape_markdown(entry.lowered.why)}\n"
    if len(group.entries) > 1:
        text += f"- and {count(len(group.entries) - 1, 'more place')}\n"
    if finding.trace and entry.state is not BaselineState.ABSENT:
        text += _trace(finding)
    if view.excerpts and entry.state is not BaselineState.ABSENT:
        text += _code(entry)
    return text + "\n"


def _title(group: Group) -> str:
    finding, state = group.first.finding, group.first.state
    symbol = f" in {markdown_code(finding.symbol, 120)}" if finding.symbol else ""
    moved = group.first.moved_from
    return (
        f"{markdown_code(finding.rule, 80)}{f' **{state.value}**' if state else ''} {finding.confidence.value},"
        f" {markdown_code(f'{finding.path}:{finding.line}')}{symbol}"
        + (f" moved from {markdown_code(moved)}" if moved is not None else "")
        + "  "
    )


def _evidence(entry: rows.Entry) -> list[str]:
    new, old = entry.finding, entry.baseline
    pairs = (
        ("calls", (new.api,) if new.api else (), (old.api,) if old and old.api else ()),
        ("to", new.destinations, old.destinations if old else ()),
        ("secrets", new.secrets, old.secrets if old else ()),
        ("with", _pairs(new), _pairs(old) if old else ()),
    )
    lines = []
    for label, now, before in pairs:
        if old is not None and now != before:
            lines.append(f"{label}: was {_codes(before)}, is {_codes(now)}")
        elif now:
            lines.append(f"{label}: {_codes(now)}")
    return lines


def _pairs(finding: Finding) -> tuple[str, ...]:
    return tuple(f"{name} {value}" for name, value in finding.details)


def _codes(values: Sequence[str]) -> str:
    shown = ", ".join(markdown_code(value, 100) for value in values[:_LISTED])
    more = f", and {len(values) - _LISTED:,} more" if len(values) > _LISTED else ""
    return shown + more or "none"


def _trace(finding: Finding) -> str:
    steps = finding.trace
    left = len(steps) - _TRACE_STEPS
    shown = steps if left <= 0 else (*steps[: _TRACE_STEPS // 2], *steps[-_TRACE_STEPS // 2 :])
    lines = [f"   1. {markdown_code(f'{s.path}:{s.line}', 120)} {escape_markdown(s.text, 160)}\n" for s in shown]
    note = f" ({count(left, 'step')} in the middle left out)" if left > 0 else ""
    return f"- trace{note}:\n" + "".join(lines)


def _code(entry: rows.Entry) -> str:
    new = list(entry.finding.excerpt[:_EXCERPT_LINES])
    old = list(entry.baseline.excerpt[:_EXCERPT_LINES]) if entry.baseline else []
    if not new and not old:
        return ""
    if entry.baseline and old != new:
        block = markdown_block([*(f"-{line}" for line in old), *(f"+{line}" for line in new)], "diff", 160)
    else:
        block = markdown_block(new, "php", 160)
    return f"\n{block}\n"


def _short(group: Group) -> str:
    more = f", and {count(len(group.entries) - 1, 'more place')}" if len(group.entries) > 1 else ""
    finding = group.first.finding
    return f"**{finding.severity.value}** {_title(group).rstrip()}: {escape_markdown(finding.message, 160)}{more}"


def _roll_ups(view: ReportView) -> Iterable[str]:
    for label, report in _sides(view):
        coverage = report.coverage
        noted = [*sorted(coverage.remarks), *sorted(coverage.skipped)]
        problems = [f"{markdown_code(i.path)}: {escape_markdown(i.reason)}" for i in noted]
        problems += [
            f"{markdown_code(i.path)}: limit {escape_markdown(i.limit)} ({i.count:,})"
            for i in sorted(coverage.limits_hit)
        ]
        problems += [
            f"{markdown_code(i.path)}: lines {', '.join(f'{a}-{b}' for a, b in i.lines[:_LISTED])} not understood"
            for i in sorted(coverage.partial)
        ]
        yield _details(f"{label}not analysed whole", len(problems), problems[:_ROLLED_UP])
    for title, found in (
        ("Destinations", [_stated(row.state, _host(row)) for row in rows.destinations(view)]),
        ("Secrets", [_stated(row.state, _secret(row)) for row in rows.secrets(view)]),
        ("Pages", [_stated(row.state, _page(row)) for row in rows.endpoints(view)]),
        ("Bundled packages", [_stated(row.state, _package(row)) for row in rows.packages(view)]),
    ):
        yield _details(title, len(found), found[:_ROLLED_UP])


def _stated(state: BaselineState | None, text: str) -> str:
    return f"{state.value}: {text}" if state else text


def _details(title: str, total: int, lines: Sequence[str]) -> str:
    """A list to unfold; shorter lists say how much they leave out."""
    if not total:
        return ""
    shown = lines[:_ROLLED_UP]
    items = "".join(f"- {line}\n" for line in shown)
    more = f"- and {total - len(shown):,} more\n" if total > len(shown) else ""
    return f"\n<details><summary>{title} ({total:,})</summary>\n\n{items}{more}\n</details>\n"


FORMAT = Format("markdown", "md", "for a pull-request comment or a job summary", render)
