"""Report for a terminal or a plain text file: the first screen answers what the release can newly do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from scanner.analysis.destinations import UNRESOLVED
from scanner.model.finding import Severity
from scanner.model.report import FLOW_LIMITS, BaselineState, LimitHit, Report
from scanner.report import rows
from scanner.report.base import Format, ReportView
from scanner.report.escape import escape_terminal
from scanner.report.grouping import select
from scanner.report.summary import (
    CLOSED_AUTH,
    count,
    coverage_words,
    failing_words,
    file_words,
    is_less_open,
    is_news,
    release_title,
    triage_words,
    verdict_words,
)
from scanner.report.terminal_findings import SEVERITY_STYLE, STATE_STYLE, blocks

_VERDICT_STYLE = {"FAIL": "bold white on red", "INCOMPLETE": "bold black on yellow", "PASS": "bold black on green"}
_LISTED = 8
"""Names listed in one line of the first screen."""
_PROBLEMS_LISTED = 5
_PARTIAL_LISTED = 3
_DECIDED_LISTED = 20
_OF_FILES = "url-capable-call"
"""Rule about functions that open files, and addresses as well."""

Row = TypeVar("Row")


def render(view: ReportView) -> str:
    """Verdict, coverage account, what is new, counts; then findings worst first."""
    out = StringIO()
    console = Console(
        file=out,
        width=max(40, view.width),
        force_terminal=view.colour,
        color_system="standard" if view.colour else None,
        no_color=not view.colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    for part in _parts(view):
        console.print(part, overflow="fold")
    lines = out.getvalue().splitlines()
    return "\n".join(line if view.colour else line.rstrip() for line in lines) + "\n"


def _parts(view: ReportView) -> Iterable[RenderableType]:
    found = rows.entries(view)
    selection = select(view, found)
    yield from _head(view, rows.verdict(view, found))
    yield from _triage(view, found)
    yield _rule(view, "What the release can do" if view.baseline is None else "What is new in this release")
    yield _news(view, found) if view.baseline else _inventory(view)
    yield from _counts(found, compared=view.baseline is not None)
    if selection.groups:
        yield _rule(view, "Findings, worst first")
    for block in selection.groups:
        yield from blocks(block, view)
    yield from _decided(view, found)
    if selection.hidden:
        yield Text(f"Not shown: {selection.hidden_words}. --all shows them.", style="bold")
    elif not selection.groups:
        yield Text("No findings.")


def _rule(view: ReportView, title: str) -> Text:
    return Text.assemble("\n", (title + " ", "bold"), ("─" * (max(40, view.width) - len(title) - 1), "dim"))


def _head(view: ReportView, judged: rows.Verdict) -> Iterable[Text]:
    word, sentence = verdict_words(judged, compared=view.baseline is not None)
    tool = f"redcap-scanner {view.current.tool_version}"
    yield Text.assemble((escape_terminal(release_title(view)), "bold"), ("   " + escape_terminal(tool), "dim"))
    yield Text.assemble((f" {word} ", _VERDICT_STYLE.get(word, "bold reverse")), " ", (sentence, "bold"))
    if words := failing_words(judged):
        yield Text(escape_terminal(f"  {words}", 1000), style="bold")
    sides = [("", view.current)] + ([("baseline: ", view.baseline)] if view.baseline else [])
    for label, report in sides:
        loud = report.coverage.incomplete
        if label and not loud:
            continue
        before = view.baseline.coverage if view.baseline and not label else None
        read, unresolved = coverage_words(report.coverage, before)
        yield Text(f"{label}{read}\n{label}{unresolved}", style="bold yellow" if loud else "")
        yield from _problems(label, report)
    if words := file_words(view):
        yield Text(words)


def _triage(view: ReportView, found: tuple[rows.Entry, ...]) -> Iterable[Text]:
    """What policy and decisions did, and what is odd about them."""
    for line in triage_words(view, found):
        yield Text(escape_terminal(line))
    for notice in view.triage.notices if view.triage else ():
        style = "bold white on red" if notice.alarm else "yellow"
        yield Text(f"  ! {escape_terminal(notice.text, 600)}", style=style)


def _decided(view: ReportView, found: tuple[rows.Entry, ...]) -> Iterable[Text]:
    """Decided findings that the comparison or the scan would show, one line each."""
    decided = [entry for entry in found if entry.decided and entry.state is not BaselineState.UNCHANGED]
    if not decided or view.show_all:
        return
    yield _rule(view, f"{len(decided):,} decided")
    for entry in decided[:_DECIDED_LISTED]:
        finding, said = entry.finding, entry.judgement.why if entry.judgement else ""
        place = escape_terminal(f"{finding.path}:{finding.line}", 200)
        yield Text.assemble(
            (finding.severity.value, SEVERITY_STYLE[finding.severity]), f" {escape_terminal(finding.rule, 80)} ",
            (place, "cyan"), f"  {escape_terminal(said, 300)}",
        )  # fmt: skip
    if len(decided) > _DECIDED_LISTED:
        yield Text(f"and {len(decided) - _DECIDED_LISTED:,} more: --all shows them", style="dim")


def _problems(label: str, report: Report) -> Iterable[Text]:
    """What makes the scan incomplete, by name; partial files only when there is nothing worse."""
    coverage = report.coverage
    lines = [f"not read: {item.path} ({item.reason})" for item in sorted(coverage.skipped) if item.incomplete]
    lines += [f"{item.path}: {item.reason}" for item in sorted(coverage.remarks)]
    harmless = [item for item in coverage.limits_hit if item.limit in FLOW_LIMITS]
    hit = sorted(item for item in coverage.limits_hit if item not in harmless)
    lines += [f"limit hit: {item.limit} in {item.path or 'the whole release'}" for item in hit]
    for line in lines[:_PROBLEMS_LISTED]:
        yield Text(f"  ! {label}{escape_terminal(line, 160)}", style="yellow")
    if len(lines) > _PROBLEMS_LISTED:
        yield Text(f"  ! {label}and {len(lines) - _PROBLEMS_LISTED:,} more: see the JSON report", style="yellow")
    if harmless:
        yield Text(f"  · {label}{escape_terminal(_folded(harmless), 300)}", style="dim")
    if not lines:
        for item in sorted(coverage.partial)[:_PARTIAL_LISTED]:
            spans = ", ".join(f"{start}-{end}" for start, end in item.lines[:_PARTIAL_LISTED])
            yield Text(f"  · {label}in part: {escape_terminal(item.path, 160)}, not lines {spans}", style="dim")


def _folded(limits: list[LimitHit]) -> str:
    """Limits that leave every call listed and only cut ways short, in one line."""
    counts: Counter[str] = Counter()
    for item in limits:
        counts[item.limit] += item.count
    words = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
    return f"ways cut short in {count(len({item.path for item in limits}), 'file')}, every call is listed: {words}"


def _news(view: ReportView, found: tuple[rows.Entry, ...]) -> Table:
    new, absent, updated = BaselineState.NEW, BaselineState.ABSENT, BaselineState.UPDATED
    hosts, used = rows.destinations(view), rows.secrets(view)
    pages, libraries = rows.endpoints(view), rows.packages(view)
    grid = _grid()
    _line(grid, "new destinations", [r for r in hosts if r.state is new], _host, "bold red")
    _line(
        grid,
        "changed calls to",
        _called([r for r in hosts if r.state is updated], found),
        _host,
        "yellow",
        optional=True,
    )
    _line(grid, "gone destinations", [r for r in hosts if r.state is absent], _host, "green")
    _line(grid, "secrets on new ways", rows.new_ways(view, found), _way, "bold red")
    _line(grid, "newly used secrets", [r for r in used if r.state is new], _secret, "bold red")
    _line(grid, "no longer used", [r for r in used if r.state is absent], _secret, "green", optional=True)
    opened = _open(row for row in pages if row.state is new)
    _line(grid, "new open pages", opened, _page, "bold red")
    _line(grid, "changed access", [r for r in pages if is_news(r)], _page, "yellow", optional=True)
    _line(grid, "less open pages", [r for r in pages if is_less_open(r)], _access, "green", optional=True)
    _line(grid, "packages gaining abilities", [r for r in libraries if r.gained], _gain, "bold red")
    silent = [r for r in libraries if r.content_changed_without_version]
    _line(grid, "changed, version kept", silent, _package, "bold red", optional=True)
    moved = [r for r in libraries if r.state in (new, updated, absent) and not r.gained and r not in silent]
    _line(grid, "other package changes", moved, _package, "", optional=True)
    return grid


def _called(hosts: Iterable[rows.DestinationRow], found: tuple[rows.Entry, ...]) -> list[rows.DestinationRow]:
    """Known hosts first; a setting or variable only where something is called: it names files, too."""
    changed = [entry.finding for entry in found if entry.state in (BaselineState.NEW, BaselineState.UPDATED)]
    called = {name for finding in changed if finding.rule != _OF_FILES for name in finding.destinations}
    named = [row for row in hosts if row.host != UNRESOLVED and (":" not in row.host or row.host in called)]
    return sorted(named, key=lambda row: (":" in row.host, row.host))


def _inventory(view: ReportView) -> Table:
    grid = _grid()
    pages = _open(rows.endpoints(view))
    hosts = sorted(rows.destinations(view), key=lambda row: (-row.findings, row.host))
    used = sorted(rows.secrets(view), key=lambda row: (-row.findings, row.name))
    _line(grid, "destinations", hosts, _host, "bold")
    _line(grid, "secrets used", used, _secret, "bold")
    _line(grid, "open pages", pages, _page, "bold")
    _line(grid, "bundled packages", rows.packages(view), _package, "")
    return grid


def _open(found: Iterable[rows.EndpointRow]) -> list[rows.EndpointRow]:
    """Pages that an outsider reaches, those without any check first."""
    reachable = [row for row in found if row.auth not in CLOSED_AUTH]
    return sorted(reachable, key=lambda row: (row.auth != "none", row.path))


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _line(
    grid: Table, label: str, found: Sequence[Row], word: Callable[[Row], str], style: str, *, optional: bool = False
) -> None:
    """One line: how many, then the first names. Optional lines stand only when there is something to say."""
    if not found:
        if not optional:
            grid.add_row(Text(label), Text("none", style="dim"))
        return
    names = Text(" · ").join(Text(escape_terminal(word(row), 120), style=style) for row in found[:_LISTED])
    if len(found) > _LISTED:
        names.append(f" · and {len(found) - _LISTED:,} more", style="dim")
    grid.add_row(Text(f"{label} ({len(found):,})"), names)


def _host(row: rows.DestinationRow) -> str:
    return f"{row.host} ({row.findings:,})"


def _secret(row: rows.SecretRow) -> str:
    return f"{row.name} ({row.findings:,})"


def _way(row: rows.Way) -> str:
    return f"{row.secret} → {row.host}" + (" (possible)" if row.possible else "")


def _page(row: rows.EndpointRow) -> str:
    kept = " ".join(item for item in row.effects if item not in row.gained)
    gained = " ".join(f"+{item}" for item in row.gained)
    return " ".join(filter(None, (_access(row), gained, kept)))


def _access(row: rows.EndpointRow) -> str:
    auth = row.auth if row.baseline_auth in (None, row.auth) else f"{row.baseline_auth} → {row.auth}"
    return f"{row.path} [{auth}]"


def _package(row: rows.PackageRow) -> str:
    versions = [version or "unknown" for version in (row.old, row.new) if version is not None]
    number = " → ".join(dict.fromkeys(versions))
    state = {BaselineState.NEW: "+", BaselineState.ABSENT: "-"}.get(row.state, "") if row.state else ""
    can = " ".join(row.capabilities) if row.state is None else ""
    return f"{state}{row.name} {number}" + (f" [{can}]" if can else "") + (" verified" if row.verified else "")


def _gain(row: rows.PackageRow) -> str:
    return f"{_package(row)} gains {' '.join(row.gained)}"


def _counts(found: tuple[rows.Entry, ...], *, compared: bool) -> Iterable[RenderableType]:
    pairs = rows.count_by(found)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("findings" if compared else "", min_width=10)
    for severity in Severity:
        table.add_column(severity.value, justify="right", header_style=SEVERITY_STYLE[severity])
    table.add_column("all", justify="right")
    for state in rows.STATES if compared else (None,):
        numbers = [pairs[state, severity] for severity in Severity]
        label = Text(state.value, style=STATE_STYLE[state]) if state else Text("findings")
        table.add_row(label, *[f"{number:,}" if number else "·" for number in numbers], f"{sum(numbers):,}")
    yield Text()
    yield table
    hosts = {name for entry in found for name in entry.finding.destinations}
    yield Text(f"{count(len(found), 'finding')}, {count(len(hosts), 'destination')}", style="dim")


FORMAT = Format("terminal", "txt", "for reading: first screen, then findings worst first", render)
