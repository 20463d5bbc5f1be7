"""`redcap-scanner history`: the last releases, one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from scanner.commands._help import GroupedCommand
from scanner.commands._session import plain_settings, print_text, scan_options, show_progress
from scanner.errors import ExitCode, SourceError
from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Comparison, Report
from scanner.report.encode import json_text
from scanner.report.escape import escape_terminal
from scanner.report.summary import CLOSED_AUTH
from scanner.source import list_releases

_NEW, _GONE = BaselineState.NEW, BaselineState.ABSENT
_NAMED = 6


@click.command("history", cls=GroupedCommand)
@click.argument("place", metavar="REPOSITORY|FOLDER")
@click.option("--last", type=click.IntRange(min=1, max=1000), default=10, show_default=True, help="How many releases.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@scan_options
def COMMAND(place: str, last: int, form: str, **options: Any) -> ExitCode:  # noqa: ANN401, N802  by click; looked for
    """Show what each of the last releases began and ceased to do, one line each, the newest last.

    The releases are the version tags, or the commits with a new version folder, of a git repository's current branch,
    or the archives of a folder. Each is compared with the one before it; a release scanned before comes from the cache.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    releases = list_releases(place)[-last - 1 :]
    if not releases:
        message = f"no release in {place}: give a git repository or a folder of archives"
        raise SourceError(message)
    with show_progress(quiet=False) as progress:
        lines = [_line(content) for content in pipeline.history(releases, plain_settings(options), progress)]
    shown = lines[-last:]
    print_text(json_text({"schema": "redcap-scanner/history-1", "releases": shown}) if form == "json" else _text(shown))
    incomplete = any(not line["complete"] for line in shown)
    return ExitCode.INCOMPLETE if incomplete else ExitCode.OK


def _line(content: Report | Comparison) -> dict[str, Any]:
    """What one release is in the history; the first is an inventory, every other one a comparison."""
    report = content.current if isinstance(content, Comparison) else content
    changed = isinstance(content, Comparison)
    found = _findings(content)
    severities = Counter(severity.value for severity in found)
    pages = content.endpoints
    open_pages = [p.path for p in pages if p.auth not in CLOSED_AUTH and (not changed or _state(p) is _NEW)]
    return {
        "release": report.release.name,
        "version": report.release.version,
        "compared": changed,
        "findings": {severity.value: severities[severity.value] for severity in Severity},
        "new_destinations": [d.host for d in content.destinations if not changed or _state(d) is _NEW],
        "gone_destinations": [d.host for d in content.destinations if _state(d) is _GONE],
        "new_secrets": [s.name for s in content.secrets if not changed or _state(s) is _NEW],
        "gone_secrets": [s.name for s in content.secrets if _state(s) is _GONE],
        "new_open_pages": open_pages,
        "complete": not report.coverage.incomplete,
    }


def _state(row: object) -> BaselineState | None:
    return getattr(row, "state", None)


def _findings(content: Report | Comparison) -> list[Severity]:
    """Severities of all findings, in a comparison of those that are new or changed."""
    if isinstance(content, Report):
        return [finding.severity for finding in content.findings]
    states = (BaselineState.NEW, BaselineState.UPDATED)
    return [change.finding.severity for change in content.changes if change.state in states]


def _text(lines: Sequence[dict[str, Any]]) -> str:
    """One line for each release, with the names of what is new."""
    width = max(len(_name(line)) for line in lines)
    return "".join(_row(line, width) for line in lines)


def _name(line: dict[str, Any]) -> str:
    return escape_terminal(str(line["version"] or line["release"]), 60)


def _row(line: dict[str, Any], width: int) -> str:
    counts = " ".join(f"{number} {name}" for name, number in line["findings"].items() if number and name != "info")
    head = f"{_name(line):<{width}}  {counts or 'nothing above info'}"
    if not line["compared"]:
        head += (
            f"; {len(line['new_destinations'])} destinations, {len(line['new_secrets'])} secrets,"
            f" {len(line['new_open_pages'])} open pages (first release here)"
        )
    else:
        for sign, key in (("+", "new_destinations"), ("-", "gone_destinations")):
            head += _named(sign, "destination", line[key])
        for sign, key in (("+", "new_secrets"), ("-", "gone_secrets")):
            head += _named(sign, "secret", line[key])
        head += _named("+", "open page", line["new_open_pages"])
    return head + ("" if line["complete"] else "; incomplete") + "\n"


def _named(sign: str, noun: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(escape_terminal(name, 60) for name in names[:_NAMED])
    more = f", {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"; {sign}{len(names)} {noun}{'s' if len(names) > 1 else ''} ({shown}{more})"
