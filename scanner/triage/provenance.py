"""Where policy and decisions of a vendor branch come from, and which of them count.

The release itself is not trusted. An archive that is unpacked over the branch can bring its own policy, its own
decisions and its own workflow. So what stands in a commit that also changes release code does not count, and the run
says so; a policy that changed since the baseline counts only after it is part of the baseline.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from scanner.model.decision import Decision, Notice
from scanner.source.git_history import Commit, History
from scanner.triage.apply import Rulings
from scanner.triage.ledger import DECISIONS_FILE, parse_ledger
from scanner.triage.policy import POLICY_FILE, PolicyFile, parse_policy

CONTROL_FILES: Final = frozenset(
    {POLICY_FILE, DECISIONS_FILE, ".gitattributes", ".gitignore", ".gitlab-ci.yml", ".pre-commit-config.yaml"}
)
CONTROL_FOLDERS: Final = (".github/", ".gitlab/", ".circleci/")
_NAMED: Final = 5


class Controls(NamedTuple):
    """Paths in the repository of the files that steer the review."""

    policy: str = POLICY_FILE
    decisions: str = DECISIONS_FILE

    def has(self, path: str) -> bool:
        """Whether a path steers the review or the CI, and is no release code."""
        return path in CONTROL_FILES or path in self or path.startswith(CONTROL_FOLDERS)


class Change(NamedTuple):
    """What one commit did to control files, and whether it changed release code too."""

    commit: Commit
    paths: frozenset[str]
    mixed: bool


def rulings(history: History, base: str | None, head: str, controls: Controls, *, strict: bool = False) -> Rulings:
    """Policy and decisions that count for the comparison of `head` with `base`.

    Policy: that of the base; where there is no base, that of `head`.
    Decisions: those of the base, and those that came in commits of their own; with `strict` only those of the base.

    Raises: ConfigurationError for a file that is not valid.
    """
    changes = _changes(history, base, head, controls)
    applied, notices = _policy(history, base, head, controls, changes)
    standing, refused, more = _decisions(history, base, head, controls, changes, strict=strict)
    other = {path for change in changes if change.mixed for path in change.paths - set(controls)}
    steering = [Notice(_mixed(path, changes), alarm=True) for path in sorted(other) if base is not None]
    return Rulings(
        policy=(applied or PolicyFile()).policy,
        signatures=applied.signatures if applied else (),
        decisions=standing,
        refused=refused,
        policy_name=controls.policy if applied else "",
        decisions_name=controls.decisions if standing or refused else "",
        notices=(*notices, *more, *steering),
    )


def _changes(history: History, base: str | None, head: str, controls: Controls) -> list[Change]:
    """Commits after the base, or all of them, that touch control files; parents first."""
    found: list[Change] = []
    for commit in history.between(base, head):
        paths = history.changed(commit.oid)
        steering = frozenset(path for path in paths if controls.has(path))
        if steering:
            found.append(Change(commit, steering, len(steering) < len(paths)))
    return found


def _policy(
    history: History, base: str | None, head: str, controls: Controls, changes: Iterable[Change]
) -> tuple[PolicyFile | None, list[Notice]]:
    path = controls.policy
    after = history.file(head, path)
    touched = [change for change in changes if path in change.paths]
    mixed = [change for change in touched if change.mixed]
    if base is None:
        if after is None or not touched or touched[-1].mixed:
            return None, [Notice(_mixed(path, mixed), alarm=True)] if mixed else []
        return parse_policy(after, path), []
    before = history.file(base, path)
    policy = parse_policy(before, path) if before is not None else None
    if before == after:
        return policy, []
    if mixed:
        return policy, [Notice(_mixed(path, mixed), alarm=True)]
    return policy, [Notice(f"{path} differs from the baseline's: the baseline's policy was applied")]


def _decisions(
    history: History, base: str | None, head: str, controls: Controls, changes: list[Change], *, strict: bool
) -> tuple[tuple[Decision, ...], tuple[Decision, ...], list[Notice]]:
    """Decisions that count, those that do not, and what to say about the latter."""
    path = controls.decisions
    after = _ledger(history, head, path)
    trusted = set(_ledger(history, base, path)) if base is not None else set()
    for change in changes:
        if path not in change.paths:
            continue
        before = {item for parent in change.commit.parents for item in _ledger(history, parent, path)}
        added = set(_ledger(history, change.commit.oid, path)) - before
        if not change.mixed and not strict:
            trusted |= added
    counted = tuple(item for item in after if item in trusted)
    refused = tuple(item for item in after if item not in trusted)
    if strict:
        said = [Notice(f"{len(refused)} decisions are not in the baseline yet and were not applied")]
        return counted, refused, said if refused else []
    mixed = [change for change in changes if change.mixed and path in change.paths]
    notices = [Notice(_mixed(path, mixed), alarm=True)] if mixed else []
    return counted, refused, notices


def _ledger(history: History, commit: str, path: str) -> tuple[Decision, ...]:
    content = history.file(commit, path)
    return parse_ledger(content, path).decisions if content is not None else ()


def _mixed(path: str, changes: Iterable[Change]) -> str:
    """One sentence about a control file that came with release code."""
    commits = [change.commit.oid[:12] for change in changes if change.mixed and path in change.paths]
    more = f" and {len(commits) - _NAMED} more" if len(commits) > _NAMED else ""
    return (
        f"{path} was changed in one commit with release code ({', '.join(commits[:_NAMED])}{more}): not applied."
        " Make that change in a commit of its own"
    )
