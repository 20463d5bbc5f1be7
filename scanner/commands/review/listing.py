"""`review list` and `review prune`: decisions and what has become of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from scanner.commands._help import GroupedCommand
from scanner.commands._session import today
from scanner.commands.review._inputs import Subjects, read_subjects, subject_options
from scanner.errors import ExitCode
from scanner.model.decision import Decision, Standing
from scanner.model.report import BaselineState
from scanner.report.escape import escape_terminal
from scanner.report.output import write
from scanner.triage.apply import absent, judge
from scanner.triage.discovery import control_files
from scanner.triage.ledger import load_ledger, without


@click.command("list", cls=GroupedCommand)
@subject_options
@click.option("--stale", is_flag=True, help="Those about findings that the release does not have, or has otherwise.")
@click.option("--expired", is_flag=True, help="Those whose day of review has passed.")
@click.option("--all", "everything", is_flag=True, help="All of them.  [default]")
def list_command(**options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """List decisions; with releases or a --report, what each has become there."""
    subjects = read_subjects(options)
    if options["stale"] and subjects is None:
        message = "--stale needs one release, two releases, or a --report"
        raise click.UsageError(message)
    decisions = load_ledger(control_files(Path.cwd(), options["config"], options["decisions"]).decisions).decisions
    gone = set(_stale(decisions, subjects)) if subjects else set()
    standing = _standings(subjects)
    listed = 0
    for decision in decisions:
        late = bool(decision.review_by) and decision.review_by < today()
        state = "stale" if decision in gone else standing.get(decision) or ("expired" if late else "")
        narrowed = (options["stale"] or options["expired"]) and not options["everything"]
        is_stale = options["stale"] and state in ("stale", Standing.LAPSED.value)
        if narrowed and not is_stale and not (options["expired"] and late):
            continue
        listed += 1
        click.echo(_line(decision, state))
    click.echo(f"{listed:,} of {len(decisions):,} decisions", err=True)
    return ExitCode.OK


@click.command("prune", cls=GroupedCommand)
@subject_options
@click.option("--dry-run", is_flag=True, help="Only name what would go.")
def prune_command(dry_run: bool, **options: Any) -> ExitCode:  # noqa: ANN401, FBT001  click's options by name
    """Remove decisions about findings that the release no longer has.

    Only a complete scan can tell that a finding is gone. Decisions that lapsed stay: `review` asks about them.
    """
    subjects = read_subjects(options)
    if subjects is None:
        message = "prune needs one release, two releases, or a --report"
        raise click.UsageError(message)
    if not subjects.document.coverage.complete:
        click.echo("The scan is incomplete: what it does not show may still be there. Nothing was removed.", err=True)
        return ExitCode.INCOMPLETE
    ledger = load_ledger(subjects.files.decisions)
    gone = _stale(ledger.decisions, subjects)
    for decision in gone:
        click.echo(_line(decision, "stale"))
    if gone and not dry_run:
        write(subjects.files.decisions, without(ledger, gone).text)
    click.echo(f"{len(gone):,} {'would be ' if dry_run else ''}removed", err=True)
    return ExitCode.OK


def _stale(decisions: Iterable[Decision], subjects: Subjects) -> tuple[Decision, ...]:
    """Decisions about findings that the current release does not have."""
    document = subjects.document
    known = {item.identity for item in document.findings if item.state is not BaselineState.ABSENT}
    known |= {item.identity for item in document.not_compared}
    return absent(decisions, known, upgrade=document.current.layout == "upgrade")


def _standings(subjects: Subjects | None) -> dict[Decision, str]:
    """What the decisions of a report come to in it."""
    if subjects is None:
        return {}
    present = [item for item in subjects.document.findings if item.state is not BaselineState.ABSENT]
    judged = judge(present, subjects.rulings, today()).values()
    return {item.decision: item.standing.value for item in judged}


def _line(decision: Decision, state: str) -> str:
    place = f"{escape_terminal(decision.path, 160)} {escape_terminal(decision.symbol, 80)}".rstrip()
    until = f", until {decision.review_by}" if decision.review_by else ""
    second = f" and {escape_terminal(decision.second_reviewer, 80)}" if decision.second_reviewer else ""
    head = f"{decision.identity[:12]}  {decision.verdict.value:<14}  {state or '-':<9}"
    who = f"{escape_terminal(decision.reviewer, 80)}{second}, {decision.date}"
    about = f"{escape_terminal(decision.rule, 60)} in {place}"
    said = f"{escape_terminal(decision.reason, 300)} ({who}, {escape_terminal(decision.release, 40)}{until})"
    return f"{head}  {about}\n    {said}"
