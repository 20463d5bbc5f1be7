"""`redcap-scanner init`: a vendor branch gets its policy, its decisions file and its workflow."""

from __future__ import annotations

import re
from pathlib import Path

import click

from scanner import __version__
from scanner.errors import ConfigurationError, ExitCode
from scanner.report.output import write
from scanner.source.git_history import work_tree_around
from scanner.triage.starter import ATTRIBUTES, starter_files

_ACTION = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+@[A-Za-z0-9_./-]+\Z")


@click.command("init")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--ci", type=click.Choice(["github", "gitlab", "none"]), default="github", show_default=True)
@click.option("--action", metavar="OWNER/REPO@REF", help="GitHub action to use in place of an installation by pip.")
def COMMAND(folder: Path, ci: str, action: str | None) -> ExitCode:  # noqa: N802  the name that is looked for
    """Set a vendor branch up: policy, decisions, workflow.

    FOLDER is the root of the git work tree. Nothing is overwritten: if one of the files exists, none is written.
    """
    if work_tree_around(str(folder)) != str(folder.resolve()):
        message = f"{folder} is not the root of a git work tree: run `git init` there first"
        raise ConfigurationError(message)
    if action is not None and _ACTION.match(action) is None:
        message = f"{action!r} is no action: write OWNER/REPO@REF"
        raise click.BadParameter(message, param_hint="--action")
    files = {folder / name: text for name, text in starter_files(ci, __version__, action).items()}
    there = [str(path) for path in files if path.exists() or path.is_symlink()]
    if there:
        message = f"{', '.join(there)} exists already: nothing was written"
        raise ConfigurationError(message)
    attributes = folder / ".gitattributes"
    known = attributes.read_text("utf-8", "surrogateescape") if attributes.is_file() else ""
    if ATTRIBUTES not in known:
        files[attributes] = known + ("" if not known or known.endswith("\n") else "\n") + ATTRIBUTES
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, text)
        click.echo(f"wrote {path}")
    click.echo("Commit these files in a commit of their own, without release code in it.")
    return ExitCode.OK
