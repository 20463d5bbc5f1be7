"""A release and its plan, as several subcommands need them."""

from __future__ import annotations

from pathlib import Path

from scanner.errors import ConfigurationError
from scanner.model.protection import ProtectionPlan
from scanner.protect.choice import read_plan
from scanner.protect.plan import plan_for
from scanner.source import open_release


def plan_of(release: str | None, plan_file: Path | None) -> ProtectionPlan:
    """The plan in a file, or that of a release, which is scanned; it protects something.

    Raises: ConfigurationError when there is neither, or nothing to protect.
    """
    if plan_file is not None:
        return read_plan(plan_file)
    if release is None:
        message = "name a release, or a plan of one with --plan FILE (`redcap-scanner waf plan RELEASE --format json`)"
        raise ConfigurationError(message)
    plan = scanned(release)
    if not plan.scripts:
        message = f"{release} has no script to protect: `redcap-scanner waf plan {release}` lists what is open"
        raise ConfigurationError(message)
    return plan


def scanned(release: str) -> ProtectionPlan:
    """The plan of a release. Raises: SourceError; ConfigurationError when no page of it is known."""
    from scanner.pipeline import scan  # noqa: PLC0415  the analyser is loaded only by commands that scan

    report = scan(release)
    if not report.endpoints:
        message = f"{release} has no page that is known to be open or behind a login: is it a release of REDCap?"
        raise ConfigurationError(message)
    return plan_for(report)


def release_files(release: str) -> list[str]:
    """Canonical paths of a release. Raises: SourceError."""
    with open_release(release) as opened:
        return [file.path for file in opened.release.files]
