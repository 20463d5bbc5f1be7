"""`redcap-scanner waf generate`: the plan of a release in the language of a product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scanner.commands.waf._inputs import plan_of
from scanner.commands.waf._options import choice_from, rule_options, site_options, write_files
from scanner.errors import ConfigurationError, ExitCode
from scanner.model.protection import GeneratedFile, Protection, Target
from scanner.protect.base import targets
from scanner.protect.choice import protection_for
from scanner.report.escape import escape_terminal


@click.command()
@click.argument("release", required=False)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plan that `waf plan --format json` wrote, instead of RELEASE.",
)
@click.option("--target", "names", multiple=True, metavar="TARGET", help="Product to write for. Repeatable.")
@click.option("--list", "listing", is_flag=True, help="List the targets and how each is checked.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@site_options
@rule_options
def COMMAND(release: str | None, names: tuple[str, ...], listing: bool, **options: Any) -> ExitCode:  # noqa: ANN401, FBT001, N802  click's options by name; the name that the group looks for
    """Write rules that let strangers nowhere near the protected scripts of RELEASE.

    Secrets are written as references (a name in Secrets Manager, an environment variable), never as values unless
    --value-from says where to read them.
    """
    if listing:
        for target in targets().values():
            click.echo(f"{target.name:<26} {target.title}\n{'':<26} checked {target.checked}")
        return ExitCode.OK
    chosen = _targets(names)
    protection = protection_for(plan_of(release, options["plan_file"]), choice_from(options))
    rendered = [(target, target.render(protection)) for target in chosen]
    output: Path | None = options["output"]
    if output is None:
        _print(rendered)
    else:
        _write(rendered, output, protection)
    for target in chosen:
        for line in target.summary(protection):
            click.echo(f"{target.name}: {escape_terminal(line, 600)}", err=True)
    return ExitCode.OK


COMMAND.name = "generate"


def _targets(names: tuple[str, ...]) -> list[Target]:
    known = targets()
    if not names:
        message = f"say which product with --target: {', '.join(known)}"
        raise click.UsageError(message)
    for name in names:
        if name not in known:
            message = f"{name!r} is none of {', '.join(known)}"
            raise click.BadParameter(message, param_hint="--target")
    return [known[name] for name in dict.fromkeys(names)]


def _print(rendered: list[tuple[Target, tuple[GeneratedFile, ...]]]) -> None:
    files = [file for _, files in rendered for file in files]
    if len(files) != 1:
        message = f"{len(files)} files: give a folder with --output"
        raise ConfigurationError(message)
    click.echo(files[0].text, nl=False)


def _write(rendered: list[tuple[Target, tuple[GeneratedFile, ...]]], output: Path, protection: Protection) -> None:
    """One folder; with several targets one for each, since two may use the same name."""
    several = len(rendered) > 1
    files = [(output / target.name if several else output, file) for target, made in rendered for file in made]
    for path in write_files(files, protection):
        click.echo(f"wrote {escape_terminal(str(path), 600)}", err=True)
