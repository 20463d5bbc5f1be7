"""What the commands of `review` work on: the findings of releases or of a report, and the files of decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from scanner.commands._session import Command, releases_of, scan_options, scan_settings, show_progress, today
from scanner.errors import ConfigurationError
from scanner.model.finding import Finding
from scanner.model.report import Comparison, Report
from scanner.report.base import ReportView
from scanner.report.document import Document, document
from scanner.report.reading import read_document
from scanner.source.git_history import configured_person
from scanner.triage.apply import Rulings, apply
from scanner.triage.discovery import Files, control_files, local_rulings
from scanner.triage.session import Reviewer


class Subjects(NamedTuple):
    """Findings, and the rulings about them."""

    document: Document
    rulings: Rulings
    files: Files
    whole: Mapping[tuple[str, str], Finding] = {}
    """By identity and evidence: the findings of releases that were scanned, with the code around them."""

    @property
    def release(self) -> str:
        """The current release, as a decision names it."""
        return self.document.current.version or self.document.current.name


def subject_options(command: Command) -> Command:
    """Arguments and options that name releases or a report."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("releases", nargs=-1, metavar="[BASELINE] [CURRENT]"),
        click.option(
            "--report", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON report to go on from."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return scan_options(command)


def read_subjects(options: dict[str, Any]) -> Subjects | None:
    """Findings of what the user named; None when nothing was named.

    Raises: ScannerError.
    """
    releases: Sequence[str] = options["releases"]
    files = control_files(Path.cwd(), options["config"], options["decisions"])
    if len(releases) > 2 or (options["report"] is not None and releases):  # noqa: PLR2004  baseline and current
        message = "name one release, two releases, or a --report"
        raise click.UsageError(message)
    if options["report"] is not None:
        return Subjects(read_document(options["report"]), local_rulings(files, ()), files)
    if not releases:
        return None
    named = releases if len(releases) == 1 else releases_of(releases[0], releases[1])
    rulings = local_rulings(files, named)
    triaged = apply(_scanned(releases, options, rulings), rulings, today())
    content = triaged.content
    found = [item.current for item in content.changes] if isinstance(content, Comparison) else content.findings
    whole = {(item.identity, item.evidence): item for item in found if item is not None}
    return Subjects(document(ReportView(content=content, triage=triaged.triage)), rulings, files, whole)


def reviewer_in(reviewers: int, release: str, options: dict[str, Any]) -> Reviewer:
    """Who reviews. Raises: ConfigurationError when nobody says so."""
    name = options["reviewer"] or configured_person(str(Path.cwd()))
    if not name:
        message = "who reviews? set `git config user.name` and `user.email`, or give --reviewer 'NAME <ADDRESS>'"
        raise ConfigurationError(message)
    return Reviewer(" ".join(str(name).split()), today(), release, options["review_by"], reviewers > 1)


def ask(question: str, *, keep_case: bool = False) -> str | None:
    """A line from the reviewer; None at the end of the input."""
    try:
        answer = input(question).strip()
    except EOFError:
        click.echo()
        return None
    return answer if keep_case else answer.lower()


def _scanned(releases: Sequence[str], options: dict[str, Any], rulings: Rulings) -> Report | Comparison:
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    settings = scan_settings(options, rulings)
    with show_progress(quiet=False) as progress:
        if len(releases) == 1:
            return pipeline.scan(releases[0], settings, progress)
        return pipeline.diff(releases[0], releases[1], settings, progress)
