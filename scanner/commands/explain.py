"""`redcap-scanner explain`: the page of a rule, or one finding in full."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from scanner.errors import ConfigurationError, ExitCode
from scanner.model.finding import Rule
from scanner.report.document import Side, side
from scanner.report.escape import escape_terminal
from scanner.report.explanation import explanation, places
from scanner.source.lines import source_lines

_PROGRAM: Final = "redcap-scanner"
_HASH: Final = re.compile(r"[0-9a-f]{4,64}")
_PLACE: Final = re.compile(r"(.+):(\d{1,9})")
_MAX_SHOWN: Final = 20
_MAX_REPORT: Final = 512 * 1024 * 1024


class _Findings(msgspec.Struct, frozen=True):
    """What is read of a JSON report."""

    findings: list[Side]


@click.command("explain")
@click.argument("topic", required=False, metavar="[RULE | FINDING]")
@click.argument("release", required=False)
@click.option(
    "--report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON report that holds the finding; with RELEASE the code of each step is shown.",
)
@click.option("--release-version", metavar="VERSION", help="Version folder to scan.  [default: the highest]")
@click.option("--no-excerpts", is_flag=True, help="Leave source code out.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached facts.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write cached facts.")
@click.option(
    "--signatures",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with signatures of your own. Repeatable.",
)
def COMMAND(  # noqa: N802  the name by which the command line finds it; click hands options over by name
    *,
    topic: str | None,
    release: str | None,
    report: Path | None,
    release_version: str | None,
    no_excerpts: bool,
    jobs: int | None,
    cache: Path | None,
    no_cache: bool,
    signatures: tuple[Path, ...],
) -> ExitCode:
    """Print the page of RULE, or all that is known of FINDING; without either list the rules.

    FINDING is the beginning of an identity, or PATH:LINE. It is looked up in a scan of RELEASE, or in the report that
    --report names.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only when something is to be explained

    if topic is None or (release is None and report is None):
        return _rule(topic, {item.id: item for item in pipeline.all_rules()})
    if cache is not None and no_cache:
        message = "--cache and --no-cache exclude each other"
        raise click.UsageError(message)
    if report is not None:
        found = _chosen(topic, _from_report(report))
    else:
        settings = pipeline.ScanOptions(jobs=jobs, version=release_version, signatures=signatures)
        if cache is not None or no_cache:
            settings = msgspec.structs.replace(settings, cache=cache)
        scanned = pipeline.scan(str(release), settings)
        found = _chosen(topic, [side(finding) for finding in scanned.findings])
    wanted = [place for item in found for place in places(item)]
    code = source_lines(release, wanted, release_version) if release is not None and not no_excerpts else {}
    for number, item in enumerate(found):
        shown = msgspec.structs.replace(item, excerpt=()) if no_excerpts else item
        click.echo(("\n" if number else "") + explanation(shown, code), nl=False)
    return ExitCode.OK


def _rule(name: str | None, rules: Mapping[str, Rule]) -> ExitCode:
    """Page of a rule, or the list of all."""
    if name is None:
        width = max((len(known) for known in rules), default=0)
        for known, item in sorted(rules.items()):
            click.echo(f"{known:<{width}}  {item.category.value:<13}  {item.title}")
        return ExitCode.OK
    if name not in rules:
        message = f"no rule {name!r}: `{_PROGRAM} explain` lists them; for a finding give a RELEASE or --report, too"
        raise click.BadParameter(message, param_hint="RULE")
    item = rules[name]
    click.echo(f"# {item.id}\n\n{item.title}. Category: {item.category.value}.\n\n{item.help.strip()}".rstrip())
    return ExitCode.OK


def _from_report(path: Path) -> list[Side]:
    """Findings of a JSON report. Raises: ConfigurationError."""
    try:
        if path.stat().st_size > _MAX_REPORT:
            message = f"{path}: larger than {_MAX_REPORT >> 20} MiB; scan the release instead"
            raise ConfigurationError(message)
        return msgspec.json.decode(path.read_bytes(), type=_Findings).findings
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        message = f"{path} is no JSON report of this program: {error}"
        raise ConfigurationError(message) from error


def _chosen(topic: str, findings: Sequence[Side]) -> list[Side]:
    """Findings that a person means. Raises: ConfigurationError when there is none, or an identity fits several."""
    place = _PLACE.fullmatch(topic)
    if place is not None:
        line = int(place[2])
        found = [item for item in findings if _at(item, place[1], line)]
    else:
        found = [item for item in findings if item.identity.startswith(topic)] if _HASH.fullmatch(topic) else []
        if len({item.identity for item in found}) > 1:
            listed = ", ".join(f"{item.identity[:12]} ({item.rule})" for item in found[:6])
            message = f"{topic!r} is the beginning of {len(found)} identities: {listed}"
            raise ConfigurationError(message)
    if not found:
        message = f"no finding {escape_terminal(topic, 200)!r}: give the beginning of an identity, or PATH:LINE"
        raise ConfigurationError(message)
    return found[:_MAX_SHOWN]


def _at(item: Side, path: str, line: int) -> bool:
    """Whether a finding stands at a place; the path may leave out its first folders."""
    return item.line <= line <= item.end_line and (item.path == path or item.path.endswith("/" + path.lstrip("/")))
