"""One finding, or one group of equal findings, as blocks for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from rich.box import MINIMAL
from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scanner.model.finding import Finding, Severity, TraceStep
from scanner.model.report import BaselineState
from scanner.report.base import ReportView
from scanner.report.escape import escape_terminal, escape_terminal_code
from scanner.report.grouping import Group, places
from scanner.report.rows import Entry
from scanner.report.summary import count

SEVERITY_STYLE = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
STATE_STYLE = {
    BaselineState.NEW: "bold red",
    BaselineState.UPDATED: "bold yellow",
    BaselineState.ABSENT: "green",
    BaselineState.UNCHANGED: "dim",
}
_EXCERPT_LINES = 12
_TRACE_STEPS = 12
_PLACES = 4
_VALUES = 20
_SIDE_BY_SIDE = 100
"""Columns from which old and new stand side by side."""


def blocks(group: Group, view: ReportView) -> Iterable[RenderableType]:
    """Header, place, message, evidence, code, trace, further places, and a blank line."""
    entry = group.first
    yield _header(group)
    yield _indent(_place(entry))
    yield _indent(Text(escape_terminal(entry.finding.message, 600)))
    yield from map(_indent, _rulings(entry))
    if entry.baseline is not None:
        yield _indent(_both_sides(entry.baseline, entry.finding, view))
    elif entry.state is BaselineState.ABSENT:
        yield _indent(_evidence(entry.finding))
    else:
        yield _indent(_evidence(entry.finding))
        yield from map(_indent, _code(entry.finding, view))
    if entry.state is not BaselineState.ABSENT:
        yield from map(_indent, _trace(entry.finding, view))
    yield from map(_indent, _more_places(group, view))
    yield Text()


def _indent(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))


def _header(group: Group) -> Text:
    finding, state = group.first.finding, group.first.state
    line = Text()
    line.append(f" {finding.severity.value.upper()} ", style=SEVERITY_STYLE[finding.severity])
    line.append(" " + escape_terminal(finding.rule, 80), style="bold")
    if state is not None:
        line.append(f"  {state.value}", style=STATE_STYLE[state])
    line.append(f"  {finding.confidence.value}", style="dim")
    if len(group.entries) > 1:
        line.append(f"  {len(group.entries):,} times", style="bold")
    return line


def _place(entry: Entry) -> Text:
    finding = entry.finding
    line = Text(f"{escape_terminal(finding.path, 300)}:{finding.line}", style="cyan")
    if finding.symbol:
        line.append("  " + escape_terminal(finding.symbol, 160), style="default")
    if finding.package:
        line.append("  in " + escape_terminal(finding.package, 80), style="dim")
    if entry.moved_from is not None:
        line.append("  moved from " + escape_terminal(entry.moved_from, 300), style="dim")
    return line


def _rulings(entry: Entry) -> Iterable[Text]:
    """What was decided about the finding, and what the policy made of it."""
    if entry.judgement is not None:
        style = "green" if entry.decided else "bold yellow"
        yield Text(f"decision {escape_terminal(entry.judgement.why, 600)}", style=style)
    if entry.lowered is not None:
        was = entry.lowered.severity.value
        yield Text(f"policy lowered it from {was}: {escape_terminal(entry.lowered.why, 600)}", style="green")


def _evidence(finding: Finding, other: Finding | None = None) -> RenderableType:
    """Labelled lines; what the other side does not have stands out."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=7, style="dim")
    grid.add_column(overflow="fold")
    lines = (
        ("api", _api(finding), _api(other), "default"),
        ("to", finding.destinations, other.destinations if other else None, "magenta"),
        ("secrets", finding.secrets, other.secrets if other else None, "red"),
        ("with", _details(finding), _details(other), "default"),
    )
    for label, values, old, style in lines:
        if values:
            grid.add_row(label, _values(values, old, style))
    return grid


def _api(finding: Finding | None) -> tuple[str, ...] | None:
    return None if finding is None else (finding.api,) if finding.api else ()


def _details(finding: Finding | None) -> tuple[str, ...] | None:
    return None if finding is None else tuple(f"{name} {value}" for name, value in finding.details)


def _values(values: tuple[str, ...], other: tuple[str, ...] | None, style: str) -> Text:
    shown = values[:_VALUES]
    parts = [
        Text(escape_terminal(value, 200), style="bold reverse" if other is not None and value not in other else style)
        for value in shown
    ]
    line = Text(", ").join(parts)
    if len(values) > len(shown):
        line.append(f", and {len(values) - len(shown):,} more", style="dim")
    return line


def _code(finding: Finding, view: ReportView) -> Iterable[RenderableType]:
    if not view.excerpts or not finding.excerpt:
        return
    before, after = (finding.before, finding.after) if view.context else ((), ())
    own = finding.excerpt[:_EXCERPT_LINES]
    shown = (*before, *own, *(after if len(own) == len(finding.excerpt) else ()))
    mark = range(len(before), len(before) + len(own)) if view.context else range(0)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim")
    grid.add_column(width=1, style="dim")
    grid.add_column(overflow="fold")
    for at, source in enumerate(dedent("\n".join(shown).expandtabs(4)).split("\n")):
        number = str(finding.line - len(before) + at)
        grid.add_row(number, "┃" if at in mark else "│", Text(escape_terminal_code(source)))
    if len(finding.excerpt) > len(own):
        grid.add_row("", "│", Text(count(len(finding.excerpt) - len(own), "more line"), style="dim"))
    yield grid


def _both_sides(old: Finding, new: Finding, view: ReportView) -> RenderableType:
    """Old and new, side by side when the terminal is wide enough."""
    left = _side("was", "green", old, new, view)
    right = _side("is", "red", new, old, view)
    if view.width < _SIDE_BY_SIDE:
        return Stack(left, right)
    table = Table(box=MINIMAL, show_header=False, show_edge=False, expand=True, border_style="dim", pad_edge=False)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    table.add_row(left, right)
    return table


def _side(word: str, style: str, finding: Finding, other: Finding, view: ReportView) -> Stack:
    head = Text(word, style=f"bold {style}")
    head.append(f"  line {finding.line}", style="dim")
    if finding.severity is not other.severity:
        head.append(f"  {finding.severity.value}", style=SEVERITY_STYLE[finding.severity])
    parts: list[RenderableType] = [head, _evidence(finding, other), *_code(finding, view)]
    if finding.message != other.message:
        parts.insert(1, Text(escape_terminal(finding.message, 300)))
    return Stack(*parts)


def _trace(finding: Finding, view: ReportView) -> Iterable[RenderableType]:
    steps = list(enumerate(finding.trace, 1))
    if not steps:
        return
    left = 0 if view.show_all else max(0, len(steps) - _TRACE_STEPS)
    half = len(steps) if not left else _TRACE_STEPS // 2
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", width=7)
    grid.add_column(overflow="fold")
    for number, step in steps[:half]:
        grid.add_row(f"trace {number}" if number == 1 else str(number), _step(step))
    if left:  # source and sink tell most: the middle goes
        grid.add_row("…", Text(f"{count(left, 'step')} between", style="dim"))
        for number, step in steps[-half:]:
            grid.add_row(str(number), _step(step))
    yield grid


def _step(step: TraceStep) -> Text:
    place = f"{escape_terminal(step.path, 200)}:{step.line}"
    return Text.assemble((place, "cyan"), "  ", escape_terminal(step.text, 200))


def _more_places(group: Group, view: ReportView) -> Iterable[Text]:
    shown, rest = places(group.entries[1:], None if view.show_all else _PLACES)
    for entry in shown:
        line = Text("also ", style="dim")
        line.append_text(_place(entry))
        yield line
    if rest:
        yield Text(f"{rest} (--all lists them)", style="dim")
