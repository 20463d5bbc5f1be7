"""Decisions from a file that the HTML report saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.commands.review._inputs import Subjects, ask, reviewer_in
from scanner.errors import ExitCode
from scanner.report.escape import escape_terminal
from scanner.report.output import write
from scanner.triage.discovery import control_files, local_rulings
from scanner.triage.download import Choice, read_download
from scanner.triage.session import Decidable, Session


def write_download(path: Path, subjects: Subjects | None, options: dict[str, Any]) -> ExitCode:
    """Show the decisions of a download, ask once, write them. Those about no finding of the report are left out."""
    choices = read_download(path)
    kept = [(found, choice) for choice in choices if (found := _subject(choice, subjects)) is not None]
    for found, choice in kept:
        place = f"{escape_terminal(found.rule, 80)} {escape_terminal(found.path, 200)}"
        click.echo(f"{choice.verdict.value}: {place} {escape_terminal(found.symbol, 100)}".rstrip())
        click.echo(f"    {escape_terminal(choice.reason, 400)}")
    if len(kept) < len(choices):
        click.echo(f"{len(choices) - len(kept):,} left out: no such finding in this report.")
    files = subjects.files if subjects else control_files(Path.cwd(), options["config"], options["decisions"])
    rulings = subjects.rulings if subjects else local_rulings(files, ())
    wanted = bool(kept) and (
        options["yes"] or ask(f"Write {len(kept):,} decisions to {files.decisions}? [y/N] ") == "y"
    )
    if not wanted:
        click.echo("Nothing was written.")
        return ExitCode.FINDINGS if choices else ExitCode.OK
    who = reviewer_in(rulings.policy.reviewers, subjects.release if subjects else "not named", options)
    session = Session(files.decisions, who, write)
    for found, choice in kept:
        session.decide(found, choice.verdict, choice.reason)
    click.echo(f"{len(kept):,} decisions written to {files.decisions}.")
    return ExitCode.OK if len(kept) == len(choices) else ExitCode.FINDINGS


def _subject(choice: Choice, subjects: Subjects | None) -> Decidable | None:
    """The finding of the report that was decided about; without a report the choice speaks for itself."""
    if subjects is None:
        return choice
    key = (choice.identity, choice.evidence)
    return next((item for item in subjects.document.findings if (item.identity, item.evidence) == key), None)
