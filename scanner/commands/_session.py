"""Options, run and output of the commands that scan: shared by `scan`, `diff`, `demo`, `ci` and `review`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from rich.console import Console

from scanner.commands._help import GroupedOption
from scanner.errors import ConfigurationError, ExitCode, SourceError
from scanner.model.finding import Severity
from scanner.model.policy import Policy
from scanner.model.report import Comparison, Report
from scanner.report.base import Format, ReportView, formats
from scanner.report.output import write
from scanner.report.progress import ProgressBars
from scanner.report.rows import entries, verdict
from scanner.source import resolve_pair
from scanner.triage.apply import Rulings, Triaged, apply
from scanner.triage.discovery import control_files, local_rulings
from scanner.triage.ledger import DECISIONS_FILE
from scanner.triage.policy import POLICY_FILE, load_policy

if TYPE_CHECKING:
    from scanner.pipeline import ScanOptions

_PLAIN_WIDTH = 110
_WIDEST = 160
EXIT_CODES = """\b
Exit codes:
  0  nothing at or above --fail-on (default high; in diff only new and updated findings count)
  1  findings at or above --fail-on
  2  usage, configuration or input error
  3  the scan is incomplete and --allow-incomplete was not given; findings win over 3
"""
STANDARD_OUTPUT = Path("-")
Command = TypeVar("Command", bound=Callable[..., Any])


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the options shared by `scan` and `diff` say."""

    outputs: Mapping[Path, Format]
    """Where each report goes; `-` is standard output."""
    fail_on: Severity | None
    show_all: bool
    excerpts: bool
    allow_incomplete: bool
    quiet: bool
    color: bool | None
    """None: as the terminal allows."""


def shared(command: Command) -> Command:
    """Options of every command that scans and reports."""
    for option in reversed((*_report_options(), *_verdict_options(), *_scan_options())):
        command = option(command)
    return command


def scan_options(command: Command) -> Command:
    """Options of a command that scans and writes no report."""
    chosen = [option for name, option in zip(("", "", "config", "decisions"), _verdict_options(), strict=True) if name]
    for option in reversed((*chosen, *_scan_options())):
        command = option(command)
    return command


def _option(group: str, *names: str, **attributes: Any) -> Callable[[Command], Command]:  # noqa: ANN401  passed to click
    return click.option(*names, cls=GroupedOption, group=group, **attributes)


def _report_options() -> tuple[Callable[[Command], Command], ...]:
    names = ", ".join(formats())
    return (
        _option(
            "Report",
            "--format",
            "formats_",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help=f"Format of the report: {names}. Repeatable; with =FILE into a file.  [default: terminal]",
        ),
        _option("Report", "--output", type=click.Path(path_type=Path), help="Write the report to this file."),
        _option("Report", "--all", "show_all", is_flag=True, help="Show low, info and unchanged findings too."),
        _option("Report", "--no-excerpts", is_flag=True, help="Leave source code out of the reports."),
        _option("Report", "--quiet", is_flag=True, help="No progress, and no report but those that --format asks for."),
        _option(
            "Report", "--color/--no-color", default=None, help="Colour.  [default: on a terminal without NO_COLOR]"
        ),
    )


def _verdict_options() -> tuple[Callable[[Command], Command], ...]:
    return (
        _option(
            "Verdict",
            "--fail-on",
            type=click.Choice([*(severity.value for severity in Severity), "never"]),
            help="Least severity that gives exit code 1.  [default: that of the policy, else high]",
        ),
        _option("Verdict", "--allow-incomplete", is_flag=True, help="Exit code 0, not 3, for an incomplete scan."),
        _option(
            "Verdict",
            "--config",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"Policy.  [default: {POLICY_FILE} here or at the root of the git work tree]",
        ),
        _option(
            "Verdict",
            "--decisions",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"Decisions.  [default: {DECISIONS_FILE} beside the policy]",
        ),
    )


def _scan_options() -> tuple[Callable[[Command], Command], ...]:
    return (
        _option("Scan", "--release-version", metavar="VERSION", help="Version folder to scan.  [default: the highest]"),
        _option("Scan", "--baseline-version", metavar="VERSION", help="The same for the baseline of a comparison."),
        _option(
            "Scan",
            "--signatures",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder with signatures of your own. Repeatable.",
        ),
        _option(
            "Scan",
            "--verify-with",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder with unpacked upstream copies of bundled packages to compare with. Repeatable.",
        ),
        _option("Scan", "--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]"),
        _option("Scan", "--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached facts."),
        _option("Scan", "--no-cache", is_flag=True, help="Neither read nor write cached facts."),
    )


def run_session(
    options: dict[str, Any],
    releases: Sequence[str],
    work: Callable[[ScanOptions, ProgressBars | None], Report | Comparison],
    rulings: Rulings | None = None,
    locate: Callable[[Report | Comparison], Mapping[str, str]] | None = None,
) -> tuple[ExitCode, ReportView]:
    """Scan or compare, apply policy and decisions, write the reports. Gives the exit code and what was reported.

    `releases` are what the user named, the current one last. Without `rulings` those of the folder apply. `locate`
    says where the files of a result are in a repository.
    """
    if rulings is None:
        files = control_files(Path.cwd(), options["config"], options["decisions"])
        rulings = local_rulings(files, releases)
    request = _request(options, rulings.policy)
    settings = scan_settings(options, rulings)
    with show_progress(quiet=request.quiet) as progress:
        content = work(settings, progress)
    triaged = apply(content, rulings, today())
    view = _view(triaged, request, on_terminal=False)
    if locate is not None:
        view = msgspec.structs.replace(view, located=locate(triaged.content))
    for path, form in request.outputs.items():
        if path != STANDARD_OUTPUT:
            write(path, form.render(view))
    if form_here := request.outputs.get(STANDARD_OUTPUT):
        print_text(form_here.render(_view(triaged, request, on_terminal=sys.stdout.isatty())))
    return verdict(view, entries(view)).exit_code(allow_incomplete=request.allow_incomplete), view


def releases_of(baseline: str, current: str | None) -> tuple[str, ...]:
    """What a comparison compares, the current release last."""
    if current is not None:
        return (baseline, current)
    try:
        return resolve_pair(baseline)
    except SourceError:
        return (baseline,)  # the comparison itself says what is wrong


def today() -> str:
    """Today, or the day of SOURCE_DATE_EPOCH, in UTC: decides which decisions have expired."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.date().isoformat()


def _request(options: dict[str, Any], policy: Policy) -> Request:
    fail_on = options["fail_on"] or policy.fail_on or Severity.HIGH.value
    return Request(
        outputs=_outputs(options["formats_"], options["output"], quiet=options["quiet"]),
        fail_on=None if fail_on == "never" else Severity(fail_on),
        show_all=options["show_all"],
        excerpts=not options["no_excerpts"],
        allow_incomplete=options["allow_incomplete"] or policy.allow_incomplete,
        quiet=options["quiet"],
        color=options["color"],
    )


def _outputs(wanted: Sequence[str], output: Path | None, *, quiet: bool) -> dict[Path, Format]:
    """Target of each report. Without a report for standard output the terminal one goes there, unless quiet."""
    outputs: dict[Path, Format] = {}
    for item in wanted:
        name, equals, file = item.partition("=")
        if name not in formats() or (equals and not file):
            message = f"{item!r} is none of {', '.join(formats())}, alone or with =FILE"
            raise click.BadParameter(message, param_hint="--format")
        _add(outputs, Path(file) if equals else output or STANDARD_OUTPUT, formats()[name])
    if output is not None and all("=" in item for item in wanted):
        _add(outputs, output, _by_extension(output))
    if output is None and STANDARD_OUTPUT not in outputs and not quiet:
        outputs[STANDARD_OUTPUT] = formats()["terminal"]
    return outputs


def _add(outputs: dict[Path, Format], target: Path, form: Format) -> None:
    """Take a report in. Raises before the scan what would fail after it: two for one place, no such folder."""
    if any(target.resolve() == other.resolve() for other in outputs):
        message = f"two reports for {'standard output' if target == STANDARD_OUTPUT else target}"
        raise click.UsageError(message)
    if not target.parent.is_dir():
        message = f"cannot write {target}: there is no folder {target.parent}"
        raise ConfigurationError(message)
    outputs[target] = form


def _by_extension(path: Path) -> Format:
    """Format for `--output` alone: by the ending of the file, else the terminal's."""
    ending = path.suffix.removeprefix(".").lower()
    return next((form for form in formats().values() if form.extension == ending), formats()["terminal"])


def scan_settings(options: dict[str, Any], rulings: Rulings) -> ScanOptions:
    """How to scan, by the options and the policy's own secrets and wrappers."""
    if options["cache"] is not None and options["no_cache"]:
        message = "--cache and --no-cache exclude each other"
        raise click.UsageError(message)
    from scanner.pipeline import ScanOptions  # noqa: PLC0415  the analyser is loaded only by commands that scan

    settings = ScanOptions(
        jobs=options["jobs"],
        version=options["release_version"],
        baseline_version=options["baseline_version"],
        signatures=tuple(options["signatures"]),
        policy_signatures=rulings.signatures,
        verify_with=tuple(options["verify_with"]),
    )
    if options["no_cache"]:
        return msgspec.structs.replace(settings, cache=None)
    return msgspec.structs.replace(settings, cache=options["cache"]) if options["cache"] else settings


def plain_settings(options: dict[str, Any]) -> ScanOptions:
    """How to scan for a command of `scan_options`, with the secrets and wrappers of a policy that was named."""
    named = options["config"]
    return scan_settings(options, Rulings(signatures=load_policy(named).signatures if named else ()))


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[ProgressBars | None]:
    """Bars on standard error when a person looks at it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with ProgressBars(Console(stderr=True)) as bars:
        yield bars


def _view(triaged: Triaged, request: Request, *, on_terminal: bool) -> ReportView:
    colour = request.color
    if colour is None:
        colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(_WIDEST, shutil.get_terminal_size().columns) if on_terminal else _PLAIN_WIDTH
    return ReportView(
        content=triaged.content,
        triage=triaged.triage if triaged.triage.matters else None,
        excerpts=request.excerpts,
        show_all=request.show_all,
        fail_on=request.fail_on,
        colour=colour,
        width=width,
    )


def print_text(text: str) -> None:
    """Text to standard output in UTF-8. A reader that went away is no error: the exit code tells the result."""
    try:
        stream = sys.stdout.buffer
        sys.stdout.flush()
        stream.write(text.encode("utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        message = f"cannot write to standard output: {error.strerror or error}"
        raise ConfigurationError(message) from error
