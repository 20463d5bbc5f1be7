"""`redcap-scanner review`: one finding after the other, in the manner of `git add -p`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from scanner.commands._help import GroupedCommand
from scanner.commands._session import today
from scanner.commands.review._inputs import Subjects, ask, read_subjects, reviewer_in, subject_options
from scanner.commands.review.html import write_download
from scanner.errors import ExitCode
from scanner.model.decision import Standing, Verdict
from scanner.model.finding import Severity
from scanner.model.report import Coverage, ReleaseInfo, Report
from scanner.report.base import ReportView
from scanner.report.document import FindingRecord
from scanner.report.escape import escape_terminal
from scanner.report.grouping import Group
from scanner.report.output import write
from scanner.report.reading import entry_of
from scanner.report.rows import COUNTED, Entry
from scanner.report.terminal_findings import blocks
from scanner.triage.apply import judge
from scanner.triage.session import Session, pending

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_VERDICTS: Final = {
    "a": Verdict.ACCEPT,
    "e": Verdict.EXPECTED,
    "f": Verdict.FALSE_POSITIVE,
    "m": Verdict.MUST_FIX,
}
_KEYS: Final = """\
a  accept: it does this, and that is acceptable
e  expected: a feature that we know and want
f  false positive: the code does not do this
m  must fix: it has to go before the release is installed
s  skip: decide later
n  note: text that the next reason begins with
u  undo the last decision
t  trace and code in full
q  quit; what is decided is on disk
?  this list"""
_NOTHING: Final = Report(
    tool_version="",
    release=ReleaseInfo("", None, "plain", 0),
    coverage=Coverage(files=0, php_files=0, parsed=0),
    findings=(),
    rules=(),
)
"""A view needs a content; a single finding is shown without."""
_HELP: Final = """\b
Exit codes:
  0  nothing is left to decide
  1  findings are left, or one must be fixed
  2  usage, configuration or input error
"""


@click.command("walk", cls=GroupedCommand, epilog=_HELP)
@subject_options
@click.option("--html", type=_FILE, help="Write the decisions that the HTML report saved in this file.")
@click.option("--yes", is_flag=True, help="With --html: do not ask.")
@click.option(
    "--least",
    type=click.Choice([severity.value for severity in Severity]),
    help="Least severity to ask about.  [default: fail-on of the policy, else high]",
)
@click.option("--again", is_flag=True, help="Ask about decided findings, too.")
@click.option("--review-by", metavar="DATE", default="", help="Day after which these decisions no longer count.")
@click.option("--reviewer", metavar="NAME", help="Who decides.  [default: user.name and user.email of git]")
def walk(**options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Ask about every finding that is new or changed and not decided, worst first.

    Each decision needs a reason and is written at once; a second run goes on where the first ended. With --html the
    decisions come from a file that the HTML report saved; if releases or a --report are named, each is checked
    against them.
    """
    if options["review_by"] and _DATE.match(options["review_by"]) is None:
        message = f"{options['review_by']!r} is no day such as 2026-01-31"
        raise click.BadParameter(message, param_hint="--review-by")
    if options["review_by"] and options["review_by"] < today():
        message = f"{options['review_by']} has passed: these decisions would never count"
        raise click.BadParameter(message, param_hint="--review-by")
    subjects = read_subjects(options)
    if subjects is None and options["html"] is None:
        message = "name one release, two releases, or a --report"
        raise click.UsageError(message)
    if options["html"] is not None:
        return write_download(options["html"], subjects, options)
    return _Walk(subjects, options).run() if subjects is not None else ExitCode.USAGE


class _Walk:
    """The questions and answers of one run."""

    def __init__(self, subjects: Subjects, options: dict[str, Any]) -> None:
        self._who = reviewer_in(subjects.rulings.policy.reviewers, subjects.release, options)
        self._subjects = subjects
        self._session = Session(subjects.files.decisions, self._who, write)
        least = options["least"] or subjects.rulings.policy.fail_on or "high"
        self._least = Severity.INFO if least == "never" else Severity(least)
        self._records = _worst_first([item for item in subjects.document.findings if item.state in COUNTED])
        self._judgements = judge(self._records, subjects.rulings, self._who.today)
        self._queue = self._open(again=options["again"])
        self._decided: list[int] = []
        """Positions in the queue, in the order of the decisions of this run."""
        self._must_fix = sum(item.standing is Standing.MUST_FIX for item in self._judgements.values())
        self._note = ""

    def run(self) -> ExitCode:
        """Ask until the queue ends or the reviewer does."""
        at, left = 0, len(self._queue)
        click.echo(f"{left:,} findings to decide; decisions go to {self._session.path}. ? explains the keys.")
        shown = -1
        while at < len(self._queue):
            record = self._records[self._queue[at]]
            if shown != at:
                self._show(record, f"\n({at + 1}/{len(self._queue)}) ")
                shown = at
            answer = ask("Decide [a,e,f,m,s,n,u,t,q,?]: ")
            if answer is None or answer == "q":
                break
            at, shown = self._answer(answer, record, at, shown)
        open_ = len(self._queue) - len(set(self._decided))
        click.echo(f"{len(set(self._decided)):,} decided, {open_:,} left.")
        return ExitCode.FINDINGS if open_ or self._must_fix else ExitCode.OK

    def _answer(self, answer: str, record: FindingRecord, at: int, shown: int) -> tuple[int, int]:
        """Position of the next question, and of the finding that is on the screen."""
        if answer in _VERDICTS:
            return (at + 1, shown) if self._decide(record, _VERDICTS[answer], at) else (at, shown)
        if answer == "s":
            return at + 1, shown
        if answer == "u":
            return self._undo(at), -1
        if answer == "n":
            self._note = ask("Note: ", keep_case=True) or self._note
        elif answer == "t":
            self._show(record, "\n", whole=True)
        else:
            click.echo(_KEYS)
        return at, shown

    def _decide(self, record: FindingRecord, verdict: Verdict, at: int) -> bool:
        note = f" [{escape_terminal(self._note, 60)}]" if self._note else ""
        reason = ask(f"Reason{note}: ", keep_case=True)
        reason = " ".join(part for part in (self._note, reason or "") if part.strip())
        if not reason:
            click.echo("A decision needs a reason.")
            return False
        decision = self._session.decide(record, verdict, reason)
        self._decided.append(at)
        self._must_fix += verdict is Verdict.MUST_FIX
        self._note = ""
        if self._who.two and not decision.second_reviewer:
            click.echo("Written. It counts when a second reviewer has said the same.")
        return True

    def _undo(self, at: int) -> int:
        undone = self._session.undo()
        if undone is None:
            click.echo("Nothing to undo.")
            return at
        self._must_fix -= undone.verdict is Verdict.MUST_FIX
        click.echo(f"Undone: {undone.verdict.value}.")
        return self._decided.pop()

    def _open(self, *, again: bool) -> list[int]:
        if again:
            return [at for at, item in enumerate(self._records) if item.severity.rank <= self._least.rank]
        return pending(self._records, self._judgements, self._least, self._who.name)

    def _show(self, record: FindingRecord, head: str, *, whole: bool = False) -> None:
        """The finding as the terminal report shows it."""
        entry = entry_of(record)
        known = self._judgements.get((record.identity, record.evidence))
        finding = (
            self._subjects.whole.get((record.identity, record.evidence), entry.finding) if whole else entry.finding
        )
        entry = Entry(entry.state, finding, entry.baseline, entry.moved_from, known)
        click.echo(head, nl=False)
        width = min(160, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 110
        console = Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)
        view = ReportView(content=_NOTHING, show_all=whole, context=whole, width=width)
        for part in blocks(Group((entry,)), view):
            console.print(part, overflow="fold")


def _worst_first(records: list[FindingRecord]) -> list[FindingRecord]:
    return sorted(records, key=lambda item: (item.severity.rank, item.path, item.line, item.rule, item.identity))
