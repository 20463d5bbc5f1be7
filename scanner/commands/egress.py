"""`redcap-scanner egress`: an allow-list of the hosts that a release connects to, and a deployed list against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scanner import __version__
from scanner.errors import ConfigurationError, ExitCode
from scanner.model.egress import EgressList
from scanner.protect.egress.build import build
from scanner.protect.egress.check import check, leave_out
from scanner.protect.egress.document import check_document, list_document
from scanner.protect.egress.hosts import read_host
from scanner.protect.egress.lines import page
from scanner.protect.egress.settings import read_settings, read_text
from scanner.protect.egress.targets import targets
from scanner.protect.egress.verdict import words
from scanner.report.escape import escape_terminal
from scanner.report.output import write

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("egress")
def COMMAND() -> None:  # noqa: N802  the name by which the command line finds it
    """List the hosts that a release connects to, for a firewall or proxy, and check a list in force."""


def _shared(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Options of both commands."""
    options = (
        click.option(
            "--target", type=click.Choice(list(targets())), default="plain", show_default=True, help="Product."
        ),
        click.option(
            "--settings", type=_FILE, help="Export of redcap_config (JSON, YAML, CSV or TSV): names the hosts."
        ),
        click.option("--accept", multiple=True, metavar="HOST", help="Host or wildcard that is not to be held back."),
        click.option(
            "--leave-out",
            multiple=True,
            metavar="WHAT",
            help="`optional`, `unused` (by the settings), or a host or pattern that this site does not want.",
        ),
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True),
        click.option("--output", type=_FILE, help="Write to this file instead of standard output."),
        click.option("--allow-incomplete", is_flag=True, help="Exit code 0, not 3, for an incomplete scan."),
        click.option("--release-version", metavar="VERSION", help="Version folder to scan.  [default: the highest]"),
        click.option("--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]"),
        click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached facts."),
        click.option("--no-cache", is_flag=True, help="Neither read nor write cached facts."),
        click.option(
            "--signatures",
            multiple=True,
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Folder with signatures of your own. Repeatable.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@COMMAND.command("allowlist")
@click.argument("release")
@_shared
@click.option("--reasons", type=_FILE, help="Write every line's reason to this file, as Markdown.")
def allowlist(release: str, **options: Any) -> ExitCode:  # noqa: ANN401  click's options by name
    """Write the list of hosts that RELEASE connects to, each with its reason.

    RELEASE is a folder, a zip or tar archive, or REPOSITORY@REF.
    """
    _folder(options["output"], options["reasons"])
    found = _list(release, options, options["release_version"])
    target = targets()[options["target"]]
    json = options["form"] == "json"
    text = list_document(found, target, __version__) if json else target.render(found)
    if options["reasons"]:
        write(options["reasons"], page(found, target))
    _put(text, options["output"])
    held = [rule for rule in found.rules if rule.held]
    other = [rule for rule in found.rules if not rule.held and target.enforces(rule)]
    written = len(found.rules) - len(held) - len(other)
    click.echo(
        f"{written} hosts; {len(held)} held back, {len(other)} beyond {target.title}, "
        f"{len(found.gaps)} groups of calls without a line",
        err=True,
    )
    return _exit(found, options, ExitCode.OK)


@COMMAND.command("check")
@click.argument("release")
@click.option("--deployed", type=_FILE, required=True, help="The list in force, in the language of --target.")
@click.option("--baseline", metavar="RELEASE", help="Release that is installed now: says what the upgrade adds.")
@click.option("--baseline-version", metavar="VERSION", help="Version folder of the baseline.")
@_shared
def check_command(
    release: str,
    deployed: Path,
    baseline: str | None,
    baseline_version: str | None,
    **options: Any,  # noqa: ANN401  click's options by name
) -> ExitCode:
    """Compare a list in force with what RELEASE needs: missing, unused, too wide.

    Exit code 1 when something is missing or too wide, or when a host is allowed that is held back.
    """
    _folder(options["output"])
    target = targets()[options["target"]]
    try:
        entries = target.parse(read_text(deployed, "deployed"))
    except ConfigurationError as error:
        message = str(error) if str(deployed) in str(error) else f"{deployed}: {error}"
        raise ConfigurationError(message) from error
    if not entries:
        message = f"{deployed}: no entry of an allow-list for {target.title} in it: is --target right?"
        raise ConfigurationError(message)
    before = _list(baseline, options, baseline_version) if baseline else None
    found = _list(release, options, options["release_version"])
    result = check(found, entries, target, before, _accepted(options))
    text = check_document(result, found, __version__) if options["form"] == "json" else words(result, found)
    _put(text, options["output"])
    return _exit(found, options, ExitCode.FINDINGS if result.failed else ExitCode.OK)


def _list(release: str, options: dict[str, Any], version: str | None) -> EgressList:
    """Scan a release and build its list."""
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan
    from scanner.signatures.load import shared_catalogue  # noqa: PLC0415

    if options["cache"] is not None and options["no_cache"]:
        message = "--cache and --no-cache exclude each other"
        raise click.UsageError(message)
    values = read_settings(options["settings"]) if options["settings"] else {}
    accepted = _accepted(options)
    cache = None if options["no_cache"] else options["cache"] or pipeline.DEFAULT_CACHE
    settings = pipeline.ScanOptions(
        jobs=options["jobs"], cache=cache, version=version, signatures=options["signatures"]
    )
    features = shared_catalogue(extra=options["signatures"], cache=cache).expected_hosts
    found = build(pipeline.scan(release, settings), features, values, accepted)
    return leave_out(found, options["leave_out"])


def _accepted(options: dict[str, Any]) -> tuple[str, ...]:
    """Hosts of `--accept`, as the list spells them."""
    result: list[str] = []
    for text in options["accept"]:
        host = read_host(text)
        if host is None:
            message = f"{text!r} is no host, wildcard or address"
            raise click.BadParameter(message, param_hint="--accept")
        result.append(host.text)
    return tuple(result)


def _folder(*paths: Path | None) -> None:
    """Fail before the scan where nothing could be written after it."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            message = f"cannot write {path}: there is no folder {path.parent}"
            raise ConfigurationError(message)


def _put(text: str, output: Path | None) -> None:
    if output is not None:
        write(output, text)
        return
    click.echo(text, nl=False)


def _exit(found: EgressList, options: dict[str, Any], code: ExitCode) -> ExitCode:
    if found.incomplete and not options["allow_incomplete"]:
        click.echo(
            escape_terminal(f"the scan of {found.release} is incomplete: `redcap-scanner scan` says why"), err=True
        )
        return code if code is not ExitCode.OK else ExitCode.INCOMPLETE
    return code
