"""Command line: options, progress, exit codes; nothing else."""

from __future__ import annotations

import os
import pkgutil
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from rich.console import Console

import scanner.commands
from scanner import __version__
from scanner.errors import ConfigurationError, ExitCode, ScannerError
from scanner.model.finding import Severity
from scanner.model.report import Comparison, Report
from scanner.report.base import Format, ReportView, formats
from scanner.report.escape import escape_terminal
from scanner.report.output import write
from scanner.report.progress import ProgressBars
from scanner.report.rows import entries, verdict

if TYPE_CHECKING:
    from scanner.pipeline import ScanOptions

_PROGRAM = "redcap-scanner"
_INTERRUPTED = 130
_PLAIN_WIDTH = 110
_WIDEST = 160
_EXIT_CODES = """\b
Exit codes:
  0  nothing at or above --fail-on (default high; in diff only new and updated findings count)
  1  findings at or above --fail-on
  2  usage, configuration or input error
  3  the scan is incomplete and --allow-incomplete was not given; findings win over 3
"""
_STANDARD_OUTPUT = Path("-")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "releases"
"""Synthetic releases; only a checkout of the sources has them."""


def _further() -> list[str]:
    """Names of the commands in modules of their own."""
    return [info.name for info in pkgutil.iter_modules(scanner.commands.__path__) if not info.name.startswith("_")]


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


class _Group(click.Group):
    """A group whose help ends with the exit codes as they stand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands of this module and of `scanner.commands`, sorted."""
        return sorted({*super().list_commands(ctx), *_further()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command of this module, or the one that a module of `scanner.commands` is named after."""
        if cmd_name not in _further():
            return super().get_command(ctx, cmd_name)
        command = import_module(f"scanner.commands.{cmd_name}").COMMAND
        return command if isinstance(command, click.Command) else None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table after the commands."""
        formatter.write_paragraph()
        formatter.write_text(_EXIT_CODES)
        super().format_epilog(ctx, formatter)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def cli(debug: bool) -> None:  # noqa: FBT001  click hands options over by name; `run` reads it
    """List what a PHP release can send out, and what the next release can do that this one could not."""


def _shared(command: Command) -> Command:
    """Options of both `scan` and `diff`."""
    names = ", ".join(formats())
    options = (
        click.option(
            "--format",
            "formats_",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help=f"Format of the report: {names}. Repeatable; with =FILE into a file.  [default: terminal]",
        ),
        click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file."),
        click.option(
            "--fail-on",
            type=click.Choice([*(severity.value for severity in Severity), "never"]),
            default="high",
            show_default=True,
            help="Least severity that gives exit code 1.",
        ),
        click.option("--all", "show_all", is_flag=True, help="Show low, info and unchanged findings too."),
        click.option("--no-excerpts", is_flag=True, help="Leave source code out of the reports."),
        click.option("--allow-incomplete", is_flag=True, help="Exit code 0, not 3, for an incomplete scan."),
        click.option("--release-version", metavar="VERSION", help="Version folder to scan.  [default: the highest]"),
        click.option("--baseline-version", metavar="VERSION", help="The same for the baseline of a comparison."),
        click.option("--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]"),
        click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached facts."),
        click.option("--no-cache", is_flag=True, help="Neither read nor write cached facts."),
        click.option(
            "--signatures",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder with signatures of your own. Repeatable.",
        ),
        click.option(
            "--verify-with",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder with unpacked upstream copies of bundled packages to compare with. Repeatable.",
        ),
        click.option("--quiet", is_flag=True, help="No progress, and no report but those that --format asks for."),
        click.option("--color/--no-color", default=None, help="Colour.  [default: on a terminal, unless NO_COLOR]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@cli.command(epilog=_EXIT_CODES)
@click.argument("release")
@_shared
def scan(release: str, **options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """List everything that RELEASE can send out, and every use of a secret.

    RELEASE is a folder, a zip or tar archive, or REPOSITORY@REF.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    return _run(options, lambda settings, progress: pipeline.scan(release, settings, progress))


@cli.command(epilog=_EXIT_CODES)
@click.argument("baseline")
@click.argument("current", required=False)
@_shared
def diff(baseline: str, current: str | None, **options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Show what CURRENT can do that BASELINE could not.

    Both are a folder, a zip or tar archive, or REPOSITORY@REF. Without CURRENT, BASELINE is a git repository or a
    folder of archives, and its two newest releases are compared.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    return _run(options, lambda settings, progress: pipeline.diff(baseline, current, settings, progress))


@cli.command(epilog=_EXIT_CODES)
@_shared
def demo(**options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Compare the two newest of the synthetic releases in the source tree."""
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    if len(list(FIXTURES.glob("*.zip"))) < 2:  # noqa: PLR2004  a pair
        message = "the demo needs fixtures/releases/*.zip of the source tree: run it there, after `make fixtures`"
        raise ConfigurationError(message)
    return _run(options, lambda settings, progress: pipeline.diff(str(FIXTURES), None, settings, progress))


@cli.command()
@click.argument("query", required=False, default="")
def signatures(query: str) -> ExitCode:
    """List the calls and secrets that the scanner knows; QUERY is a part of any column."""
    from scanner.signatures.load import load_catalogue  # noqa: PLC0415  loaded only when asked for

    catalogue = load_catalogue()
    table = [
        (item.callable, item.type.value, item.kind, item.lib, item.certainty.value, " ".join(item.destinations))
        for item in catalogue.signatures
    ]
    table += [
        (item.label, "secret", item.kind, item.origin.value, item.name, " ".join(item.destinations))
        for item in catalogue.secrets
    ]
    wanted = query.casefold()
    found = sorted(row for row in table if wanted in "  ".join(row).casefold())
    for row in found:
        click.echo(f"{row[0]:<44} {row[1]:<10} {row[2]:<14} {row[3]:<24} {row[4]:<12} {row[5]}".rstrip())
    click.echo(f"{len(found):,} of {len(table):,} entries", err=True)
    return ExitCode.OK


def _run(options: dict[str, Any], work: Callable[[ScanOptions, ProgressBars | None], Report | Comparison]) -> ExitCode:
    """Scan or compare, write the reports, give the exit code."""
    request = _request(options)
    settings = _settings(options)
    with _progress(request) as progress:
        content = work(settings, progress)
    view = _view(content, request, on_terminal=False)
    for path, form in request.outputs.items():
        if path != _STANDARD_OUTPUT:
            write(path, form.render(view))
    if form_here := request.outputs.get(_STANDARD_OUTPUT):
        _print(form_here.render(_view(content, request, on_terminal=sys.stdout.isatty())))
    return verdict(view, entries(view)).exit_code(allow_incomplete=request.allow_incomplete)


def _request(options: dict[str, Any]) -> Request:
    if options["cache"] is not None and options["no_cache"]:
        message = "--cache and --no-cache exclude each other"
        raise click.UsageError(message)
    fail_on = options["fail_on"]
    return Request(
        outputs=_outputs(options["formats_"], options["output"], quiet=options["quiet"]),
        fail_on=None if fail_on == "never" else Severity(fail_on),
        show_all=options["show_all"],
        excerpts=not options["no_excerpts"],
        allow_incomplete=options["allow_incomplete"],
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
        _add(outputs, Path(file) if equals else output or _STANDARD_OUTPUT, formats()[name])
    if output is not None and all("=" in item for item in wanted):
        _add(outputs, output, _by_extension(output))
    if output is None and _STANDARD_OUTPUT not in outputs and not quiet:
        outputs[_STANDARD_OUTPUT] = formats()["terminal"]
    return outputs


def _add(outputs: dict[Path, Format], target: Path, form: Format) -> None:
    """Take a report in. Raises before the scan what would fail after it: two for one place, no such folder."""
    if any(target.resolve() == other.resolve() for other in outputs):
        message = f"two reports for {'standard output' if target == _STANDARD_OUTPUT else target}"
        raise click.UsageError(message)
    if not target.parent.is_dir():
        message = f"cannot write {target}: there is no folder {target.parent}"
        raise ConfigurationError(message)
    outputs[target] = form


def _by_extension(path: Path) -> Format:
    """Format for `--output` alone: by the ending of the file, else the terminal's."""
    ending = path.suffix.removeprefix(".").lower()
    return next((form for form in formats().values() if form.extension == ending), formats()["terminal"])


def _settings(options: dict[str, Any]) -> ScanOptions:
    from scanner.pipeline import ScanOptions  # noqa: PLC0415  the analyser is loaded only by commands that scan

    settings = ScanOptions(
        jobs=options["jobs"],
        version=options["release_version"],
        baseline_version=options["baseline_version"],
        signatures=tuple(options["signatures"]),
        verify_with=tuple(options["verify_with"]),
    )
    if options["no_cache"]:
        return msgspec.structs.replace(settings, cache=None)
    return msgspec.structs.replace(settings, cache=options["cache"]) if options["cache"] else settings


@contextmanager
def _progress(request: Request) -> Iterator[ProgressBars | None]:
    """Bars on standard error when a person looks at it."""
    if request.quiet or not sys.stderr.isatty():
        yield None
        return
    with ProgressBars(Console(stderr=True)) as bars:
        yield bars


def _view(content: Report | Comparison, request: Request, *, on_terminal: bool) -> ReportView:
    colour = request.color
    if colour is None:
        colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(_WIDEST, shutil.get_terminal_size().columns) if on_terminal else _PLAIN_WIDTH
    return ReportView(
        content=content,
        excerpts=request.excerpts,
        show_all=request.show_all,
        fail_on=request.fail_on,
        colour=colour,
        width=width,
    )


def _print(text: str) -> None:
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


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code. Expected errors become one line on standard error."""
    try:
        code = cli.main(list(arguments), prog_name=_PROGRAM, standalone_mode=False)
        return int(code or 0)
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except ScannerError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001  whatever happens, the exit code keeps its meaning
        if "--debug" in arguments:
            traceback.print_exc()
        hint = f"`{_PROGRAM} --debug COMMAND` shows where"
        return _fail(f"internal error: {type(error).__name__}: {error} ({hint})", ExitCode.USAGE)


def _fail(text: str, code: int) -> int:
    click.echo(f"{_PROGRAM}: {escape_terminal(text, 600)}", err=True)
    return code


def main() -> None:
    """Entry point of the program."""
    sys.exit(run(sys.argv[1:]))
