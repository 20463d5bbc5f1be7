"""Which commit a release on a vendor branch is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from scanner.errors import SourceError
from scanner.source.git_history import History
from scanner.source.pair import other_version_before

TARGET_VARIABLES: Final = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""Where GitHub and GitLab name the branch that a change is to be merged into."""
_PHP: Final = (".php", ".inc", ".phtml")


class Baseline(NamedTuple):
    """The commit to compare with, None when there is no release before this one; and why it was chosen."""

    commit: str | None
    why: str


def choose_baseline(
    history: History, head: str, *, baseline: str | None, target: str | None, environment: Mapping[str, str]
) -> Baseline:
    """The baseline that was named, or the first of these that there is.

    1. The merge base with the target branch, unless `head` is already part of it.
    2. The last commit before `head` with a version tag.
    3. The last commit before `head` with a version folder of another version.
    4. The first parent of `head`.

    A commit without PHP files holds no release and is no baseline.
    Raises: SourceError when a named ref does not exist, or commits are missing in a shallow clone.
    """
    if baseline is not None:
        named = history.commit(baseline)
        if named is None:
            message = f"no commit {baseline!r} in this repository: correct --baseline, or fetch it"
            raise SourceError(message)
        return Baseline(named, f"{baseline}, as asked for")
    found = _automatic(history, head, target, environment)
    if found.commit is not None and not _has_release(history, found.commit):
        return Baseline(None, f"none: {found.why} holds no release")
    if found.commit is None and history.shallow:
        message = "this clone has no history to compare with: fetch it all (`fetch-depth: 0`, `GIT_DEPTH: 0`)"
        raise SourceError(message)
    return found


def _automatic(history: History, head: str, target: str | None, environment: Mapping[str, str]) -> Baseline:
    variable = next((environment[name] for name in TARGET_VARIABLES if environment.get(name)), None)
    wanted = target or variable
    if wanted is not None:
        commit = history.commit(f"refs/remotes/origin/{wanted}") or history.commit(wanted)
        if commit is None:
            message = f"no branch {wanted!r} in this repository: fetch it, or name a --baseline"
            raise SourceError(message)
        base = history.merge_base(head, commit)
        if base is not None and base != head:
            return Baseline(base, f"the merge base with {wanted}")
    tagged = history.release_tag(head)
    if tagged is not None:
        return Baseline(tagged, "the last commit with a version tag")
    other = other_version_before(history.git_dir, head)
    if other is not None:
        return Baseline(other, "the last commit with another version")
    parent = history.parent(head)
    return Baseline(parent, "the first parent" if parent else "none: this is the first commit")


def _has_release(history: History, commit: str) -> bool:
    return any(path.lower().endswith(_PHP) for path in history.paths(commit))
