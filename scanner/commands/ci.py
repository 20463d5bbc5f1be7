"""`redcap-scanner ci`: the checked-out release of a vendor branch against the one before it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scanner.commands._help import GroupedCommand
from scanner.commands._session import EXIT_CODES, print_text, run_session, shared
from scanner.errors import ConfigurationError, ExitCode, SourceError
from scanner.model.report import Comparison, Report
from scanner.report.annotations import annotations_of
from scanner.report.base import ReportView, formats
from scanner.report.escape import escape_terminal
from scanner.source.git_history import History, work_tree_around
from scanner.triage.apply import Rulings
from scanner.triage.baseline import Baseline, choose_baseline
from scanner.triage.discovery import control_files, with_named
from scanner.triage.provenance import Controls, rulings

_VERSION_FOLDER = "redcap_v@/"
_OUTSIDE = "@outside/"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("ci", cls=GroupedCommand, epilog=EXIT_CODES)
@click.option("--baseline", metavar="REF", help="Compare with this commit.  [default: see above]")
@click.option("--target", metavar="BRANCH", help="Branch that this one is to be merged into.")
@click.option("--folder", metavar="FOLDER", default="", help="Folder of the repository that holds the release.")
@click.option("--strict", is_flag=True, help="Only decisions that are in the baseline count.")
@click.option("--summary", type=_FILE, help="Append a Markdown summary.  [default: $GITHUB_STEP_SUMMARY]")
@click.option(
    "--annotations/--no-annotations", default=None, help="Print workflow commands.  [default: in GitHub Actions]"
)
@shared
def COMMAND(**options: Any) -> ExitCode:  # noqa: ANN401, N802  click's options by name; the name that is looked for
    """Compare the checked-out release (HEAD) of a git repository with the release before it.

    The baseline is the merge base with the target branch (--target, or what GitHub and GitLab name); else the last
    commit before HEAD with a version tag; else the last one with another version folder; else the first parent. When
    there is no release before, HEAD is scanned.

    Policy and decisions are not taken from the release: the policy is that of the baseline, and a decision counts
    when it is part of the baseline or came in a commit that changes no release code.
    """
    root = work_tree_around(str(Path.cwd()))
    if root is None:
        message = "this is no git checkout: change into the repository of the vendor branch"
        raise SourceError(message)
    history = History(root)
    head = history.commit("HEAD")
    if head is None:
        message = "the repository has no commit yet: import a release first"
        raise SourceError(message)
    base = choose_baseline(
        history, head, baseline=options["baseline"], target=options["target"], environment=os.environ
    )
    click.echo(f"baseline: {escape_terminal(base.why)}{f' ({base.commit[:12]})' if base.commit else ''}", err=True)
    applied = _rulings(history, base, head, options)
    code, view = _compare(root, base.commit, history, head, options, applied)
    _tell(view, options)
    return code


def _rulings(history: History, base: Baseline, head: str, options: dict[str, Any]) -> Rulings:
    """Policy and decisions by the history; files that were named are the caller's own and win."""
    found = rulings(history, base.commit, head, Controls(), strict=options["strict"])
    return with_named(found, control_files(Path.cwd(), options["config"], options["decisions"]))


def _compare(
    root: str, base: str | None, history: History, head: str, options: dict[str, Any], applied: Rulings
) -> tuple[ExitCode, ReportView]:
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only by commands that scan

    below = f":{options['folder'].strip('/')}" if options["folder"] else ""
    current = f"{root}@{head}{below}"

    def work(settings: pipeline.ScanOptions, progress: pipeline.Progress | None) -> Report | Comparison:
        if base is None:
            return pipeline.scan(current, settings, progress)
        return pipeline.diff(f"{root}@{base}{below}", current, settings, progress)

    return run_session(options, (current,), work, applied, lambda content: _places(history.paths(head), content))


def _places(paths: list[str], content: Report | Comparison) -> Mapping[str, str]:
    """Canonical path -> path in the repository, for every file that a finding names."""
    report = content.current if isinstance(content, Comparison) else content
    marker = f"redcap_v{report.release.version}/".lower()
    known, in_version, root = set(paths), dict[str, str](), ""
    for path in sorted(paths):
        at = path.lower().find(marker)
        if at == 0 or (at > 0 and path[at - 1] == "/"):
            in_version.setdefault(_VERSION_FOLDER + path[at + len(marker) :], path)
            root = path[:at]
    named = {finding.path for finding in report.findings}
    named |= {step.path for finding in report.findings for step in finding.trace}
    places: dict[str, str] = {}
    for path in sorted(named):
        found = in_version.get(path, root + path)
        if found not in known:
            found = path.removeprefix(_OUTSIDE)
        if found in known and found != path:
            places[path] = found
    return places


def _tell(view: ReportView, options: dict[str, Any]) -> None:
    """The summary of the job, and annotations on standard output."""
    summary = options["summary"] or os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        _append(Path(summary), formats()["markdown"].render(view))
    wanted = options["annotations"]
    if wanted or (wanted is None and os.environ.get("GITHUB_ACTIONS") == "true"):
        print_text(annotations_of(view))


def _append(path: Path, text: str) -> None:
    """GitHub joins what several steps append. Raises: ConfigurationError."""
    try:
        with path.open("ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
