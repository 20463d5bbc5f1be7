"""`redcap-scanner waf simulate`: an exported web ACL against the requests of a release, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from scanner.commands.waf._inputs import plan_of, release_files
from scanner.commands.waf._options import choice_from, site_options
from scanner.errors import ExitCode
from scanner.protect import simulation_text
from scanner.protect.choice import Choice, protection_for, versions_of
from scanner.protect.matching import check_names
from scanner.protect.reach import ANY, MODELS, reaching
from scanner.protect.simulate import Simulation, Verdict, simulate
from scanner.protect.wafv2.acl import WebAcl
from scanner.protect.wafv2.load import load
from scanner.protect.wafv2.openings import openings
from scanner.report.output import write


@click.command()
@click.argument("rules", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--release", required=True, help="Release on the server: a folder, an archive, or REPOSITORY@REF.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plan that `waf plan --format json` wrote.  [default: made from the release]",
)
@click.option("--acl", "name", metavar="NAME", help="Which web ACL, when the files hold several.")
@click.option(
    "--version-folder",
    "installed",
    multiple=True,
    metavar="VERSION",
    help="Further version folder on the server. Repeatable.",
)
@click.option(
    "--set-aside",
    "aside",
    multiple=True,
    metavar="RULE",
    help="Take this rule as matching nothing: one that a file cannot tell about. Repeatable.",
)
@click.option(
    "--server",
    type=click.Choice([ANY, *MODELS]),
    default=ANY,
    show_default=True,
    help="Count only spellings that this server maps to a script.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the result to this file.")
@site_options
def COMMAND(rules: tuple[Path, ...], release: str, **options: Any) -> ExitCode:  # noqa: ANN401, N802  click's options
    """Try every spelling of RELEASE's scripts, and its legitimate requests, on the web ACL in RULES.

    RULES is the output of `aws wafv2 get-web-acl` (with those of `get-rule-group` beside it), a CloudFormation
    template, or Terraform's JSON (`terraform show -json`, `.tf.json`).

    \b
    Exit codes:
      0  pass: nothing gets through in any reading of the documentation, nothing legitimate is refused
      1  fail, or it cannot be told
      2  the files cannot be read
    """  # noqa: D301  click's mark for text that it must not wrap
    acl = load(rules, options["name"])
    plan = plan_of(release, options["plan_file"])
    choice = choice_from(options)
    check_names(protection_for(plan, choice))
    protection = protection_for(plan, _as_found(choice, acl))
    versions = versions_of(plan, options["installed"])
    files = release_files(release)
    model = MODELS[options["server"]] if options["server"] != ANY else None
    result = simulate(
        acl,
        protection,
        files,
        release=plan.release,
        versions=versions,
        aside=frozenset(options["aside"]),
        server=options["server"],
        reaches=reaching(model, protection, files, versions) if model else None,
    )
    text = _text(result, options["form"])
    if options["output"] is None:
        click.echo(text, nl=False)
    else:
        write(options["output"], text)
    return ExitCode.OK if result.verdict is Verdict.PASS else ExitCode.FINDINGS


COMMAND.name = "simulate"


def _text(result: Simulation, form: str) -> str:
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(result, order="deterministic"), indent=2).decode() + "\n"
    return simulation_text.render(result)


def _as_found(choice: Choice, acl: WebAcl) -> Choice:
    """The choice with the names that the web ACL itself uses, so that wrong secrets are tried in the right places."""
    names = {opening.kind: opening.name for opening in openings(acl)}
    return msgspec.structs.replace(
        choice,
        header=names.get("header", choice.header),
        cookie=names.get("cookie", choice.cookie),
        query=names.get("query", choice.query),
    )
