"""Command line: options, progress, exit codes; nothing else."""

from __future__ import annotations

import pkgutil
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import scanner.commands
from scanner import __version__
from scanner.commands._help import GroupedCommand
from scanner.commands._session import EXIT_CODES, releases_of, run_session, shared
from scanner.errors import ConfigurationError, ExitCode, ScannerError
from scanner.report.escape import escape_terminal

_PROGRAM = "redcap-scanner"
_INTERRUPTED = 130
FIXTURES = Path(__file__).parent.parent / "fixtures" / "releases"
"""Synthetic releases; only a checkout of the sources has them."""


def _further() -> list[str]:
    """Names of the commands in modules of their own."""
    return [info.name for info in pkgutil.iter_modules(scanner.commands.__path__) if not info.name.startswith("_")]


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
        formatter.write_text(EXIT_CODES)
        super().format_epilog(ctx, formatter)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name=_PROGRAM, message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def cli(debug: bool) -> None:  # noqa: FBT001  click hands options over by name; `run` reads it
    """List what a PHP release can send out, and what the next release can do that this one could not."""


@cli.command(cls=GroupedCommand, epilog=EXIT_CODES)
@click.argument("release")
@shared
def scan(release: str, **options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """List everything that RELEASE can send out, and every use of a secret.

    RELEASE is a folder, a zip or tar archive, or REPOSITORY@REF.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    return run_session(options, (release,), lambda *how: pipeline.scan(release, *how))[0]


@cli.command(cls=GroupedCommand, epilog=EXIT_CODES)
@click.argument("baseline")
@click.argument("current", required=False)
@shared
def diff(baseline: str, current: str | None, **options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Show what CURRENT can do that BASELINE could not.

    Both are a folder, a zip or tar archive, or REPOSITORY@REF. Without CURRENT, BASELINE is a git repository or a
    folder of archives, and its two newest releases are compared.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    releases = releases_of(baseline, current)
    return run_session(options, releases, lambda *how: pipeline.diff(baseline, current, *how))[0]


@cli.command(cls=GroupedCommand, epilog=EXIT_CODES)
@shared
def demo(**options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Compare the two newest of the synthetic releases in the source tree."""
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    if len(list(FIXTURES.glob("*.zip"))) < 2:  # noqa: PLR2004  a pair
        message = "the demo needs fixtures/releases/*.zip of the source tree: run it there, after `make fixtures`"
        raise ConfigurationError(message)
    return run_session(options, (str(FIXTURES),), lambda *how: pipeline.diff(str(FIXTURES), None, *how))[0]


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
