"""`redcap-scanner waf plan`: which scripts of a release to protect, and how."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from scanner.commands.waf._inputs import scanned
from scanner.errors import ExitCode
from scanner.protect.plan import plan_lines
from scanner.report.escape import escape_terminal
from scanner.report.output import write


@click.command()
@click.argument("release")
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json"]),
    default="terminal",
    show_default=True,
    help="json is what `waf generate --plan` reads.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write to.")
def COMMAND(release: str, form: str, output: Path | None) -> ExitCode:  # noqa: N802  the name that the group looks for
    """List the scripts of RELEASE that strangers must not reach, the pages that must stay open, and why.

    Read from the release itself: root, version folder, launchers and copies.
    """
    plan = scanned(release)
    if form == "json":
        text = msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n"
    else:
        text = "".join(f"{escape_terminal(line, 600)}\n" for line in plan_lines(plan))
    if output is not None:
        write(output, text)
    else:
        click.echo(text, nl=False)
    return ExitCode.OK


COMMAND.name = "plan"
