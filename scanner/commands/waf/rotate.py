"""`redcap-scanner waf rotate`: a new secret in four steps, without a refused call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from scanner.commands.waf._inputs import plan_of
from scanner.commands.waf._options import choice_from, rule_options, site_options, write_files
from scanner.errors import ConfigurationError, ExitCode
from scanner.model.protection import Protection, ProtectionPlan, Target
from scanner.protect.base import targets
from scanner.protect.choice import Choice, protection_for
from scanner.protect.rotation import Step, steps
from scanner.report.escape import escape_terminal

NAMES = ("add", "switch", "promote", "drop")


@click.command()
@click.argument("release", required=False)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plan that `waf plan --format json` wrote, instead of RELEASE.",
)
@click.option("--target", "names", multiple=True, metavar="TARGET", help="Product to write for. Repeatable.")
@click.option("--step", type=click.Choice(NAMES), help="Write the files of this step.  [default: explain all four]")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@site_options
@rule_options
def COMMAND(release: str | None, names: tuple[str, ...], step: str | None, **options: Any) -> ExitCode:  # noqa: ANN401, N802  click's options by name; the name that the group looks for
    """Walk from the secret --current to the secret --next.

    Without --step the four steps are explained. With it, the files of that step are written: rules when the rule
    changes, callers when they do.
    """
    choice = choice_from(options)
    if len(choice.secrets) < 2:  # noqa: PLR2004  old and new
        message = "name the new secret with --next; --current is the one that is accepted now"
        raise ConfigurationError(message)
    if choice.secrets[0].reference == choice.secrets[1].reference:
        message = "the current and the next secret have the same name"
        raise ConfigurationError(message)
    walk = steps(*choice.secrets)
    for position, one in enumerate(walk, start=1):
        if step in (None, one.name):
            _explain(position, one)
    if step is None:
        return ExitCode.OK
    plan = plan_of(release, options["plan_file"])
    _write_step(next(one for one in walk if one.name == step), plan, choice, names, options["output"])
    return ExitCode.OK


COMMAND.name = "rotate"


def _explain(position: int, step: Step) -> None:
    accepted = ", ".join(f"{secret.reference} ({secret.slot})" for secret in step.accepted)
    click.echo(f"{position}. {step.name}: {step.title}.")
    click.echo(f"   The rule accepts: {escape_terminal(accepted, 600)}")
    click.echo(f"   Callers show:     {escape_terminal(step.shown.reference, 600)}")
    click.echo(f"   Then: {step.then}")


def _write_step(step: Step, plan: ProtectionPlan, choice: Choice, names: tuple[str, ...], output: Path | None) -> None:
    known = targets()
    unknown = [name for name in names if name not in known]
    if unknown or not names or output is None:
        message = f"a step is written with --output FOLDER and --target of {', '.join(known)}"
        raise ConfigurationError(message)
    made = []
    for name in dict.fromkeys(names):
        target = known[name]
        if step.callers_change if target.caller else step.rule_changes:
            protection = _at(step, plan, choice, target)
            made += [
                (output / name if len(names) > 1 else output, file, protection) for file in target.render(protection)
            ]
    for folder, file, protection in made:
        for path in write_files([(folder, file)], protection):
            click.echo(f"wrote {escape_terminal(str(path), 600)}", err=True)
    if not made:
        what = "callers" if step.callers_change else "rules"
        click.echo(f"nothing to write for these targets: this step changes {what} only", err=True)


def _at(step: Step, plan: ProtectionPlan, choice: Choice, target: Target) -> Protection:
    """The protection at a step; a caller only knows the value that it shows."""
    secrets = (step.shown,) if target.caller else step.accepted
    return protection_for(plan, msgspec.structs.replace(choice, secrets=secrets))
