"""`redcap-scanner selftest`: plant known tricks into a copy of a release, and see which of them are found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.errors import ExitCode
from scanner.report.escape import escape_terminal

if TYPE_CHECKING:
    from scanner.selftest.outcome import Outcome

_EXIT_CODES = "Exit code 0: every trick was found; 1: some were not; 2: wrong usage or input."


@click.command("selftest", epilog=_EXIT_CODES)
@click.argument("release")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides where the tricks are planted.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--release-version", metavar="VERSION", help="Version folder to test on.  [default: the highest]")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder of cached facts.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write cached facts.")
def COMMAND(  # noqa: N802  the name by which the command line finds it
    release: str,
    seed: int,
    form: str,
    release_version: str | None,
    jobs: int | None,
    cache: Path | None,
    no_cache: bool,  # noqa: FBT001  click hands options over by name
) -> ExitCode:
    """Show which of the known tricks are found when they are in RELEASE.

    The tricks are planted into a copy in memory: nothing is written, nothing is run. RELEASE is a folder, a zip or tar
    archive, or REPOSITORY@REF.
    """
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan
    from scanner.selftest.outcome import outcomes  # noqa: PLC0415
    from scanner.selftest.plant import Garden, plant  # noqa: PLC0415
    from scanner.selftest.tricks import load_tricks  # noqa: PLC0415

    if cache is not None and no_cache:
        message = "--cache and --no-cache exclude each other"
        raise click.UsageError(message)
    places = pipeline.DEFAULT_CACHE if cache is None else cache
    settings = pipeline.ScanOptions(jobs=jobs, version=release_version, cache=None if no_cache else places)
    gardens: list[Garden] = []

    def planted(opened: pipeline.Opened) -> tuple[pipeline.Opened, pipeline.Opened]:
        gardens.append(plant(opened, load_tricks(), seed))
        return gardens[0].baseline, gardens[0].current

    comparison = pipeline.diff_planted(release, planted, settings)
    found = outcomes(comparison, gardens[0].planted)
    click.echo(_as_json(found, seed) if form == "json" else "\n".join(_lines(found, seed)))
    return ExitCode.OK if all(item.finding for item in found) else ExitCode.FINDINGS


def _lines(found: tuple[Outcome, ...], seed: int) -> Iterator[str]:
    from scanner.selftest.outcome import by_kind  # noqa: PLC0415

    hits = sum(item.finding is not None for item in found)
    yield f"{hits} of {len(found)} tricks found ({hits / max(1, len(found)):.2f}), planted with seed {seed}"
    for kind, (count, every) in by_kind(found).items():
        yield f"  {kind:<14} {count:>3} of {every}"
    missed = [item.planted for item in found if item.finding is None]
    if missed:
        yield "Not found:"
    for item in missed:
        yield f"  {item.trick.id} ({item.trick.kind}) in {escape_terminal(item.path, 300)}:{item.line}"


def _as_json(found: tuple[Outcome, ...], seed: int) -> str:
    tricks = [
        {
            "id": item.planted.trick.id,
            "kind": item.planted.trick.kind,
            "path": item.planted.path,
            "line": item.planted.line,
            "rule": item.finding.rule if item.finding else None,
            "severity": item.finding.severity.value if item.finding else None,
        }
        for item in found
    ]
    share = sum(item.finding is not None for item in found) / max(1, len(found))
    return json.dumps({"seed": seed, "share": round(share, 4), "tricks": tricks}, indent=2)
