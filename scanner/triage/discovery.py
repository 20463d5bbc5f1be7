"""Which policy and which decisions belong to a run: those that are named, or those of the folder one stands in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scanner.errors import ConfigurationError
from scanner.model.decision import Decision, Notice
from scanner.source.git_history import History, work_tree_around
from scanner.source.opening import split_ref
from scanner.triage.apply import Rulings
from scanner.triage.ledger import DECISIONS_FILE, load_ledger
from scanner.triage.policy import POLICY_FILE, PolicyFile, load_policy
from scanner.triage.provenance import Controls, rulings


class Files(NamedTuple):
    """Where policy and decisions are, or would be; and whether they were named."""

    policy: Path
    decisions: Path
    policy_named: bool = False
    decisions_named: bool = False


def control_files(folder: Path, config: Path | None = None, decisions: Path | None = None) -> Files:
    """Files for a run in a folder: those named, else those in the folder or at the root of its git work tree."""
    home = folder
    root = work_tree_around(str(folder))
    here = any((folder / name).is_file() for name in (POLICY_FILE, DECISIONS_FILE))
    if root is not None and not here:
        home = Path(root)
    policy = config or home / POLICY_FILE
    return Files(policy, decisions or policy.parent / DECISIONS_FILE, config is not None, decisions is not None)


def local_rulings(files: Files, releases: Sequence[str]) -> Rulings:
    """Policy and decisions for a scan or a comparison; `releases` are what the user named, the current one last.

    A file that was named counts. One that was only found must not come from the release: if it lies in a scanned
    folder it does not count, and for refs of its own repository it counts as `provenance.rulings` says. Decisions
    that are not committed yet are the user's own.

    Raises: ConfigurationError.
    """
    return with_named(_found(files, releases), files)


def with_named(found: Rulings, files: Files) -> Rulings:
    """The rulings, with the files that the user named in place of those that were found. Raises: ConfigurationError."""
    if files.policy_named:
        applied = load_policy(files.policy)
        found = found._replace(
            policy=applied.policy, signatures=applied.signatures, policy_name=files.policy.name
        )  # fmt: skip
    if files.decisions_named or (files.policy_named and files.decisions.is_file()):
        if not files.decisions.is_file():
            message = f"{files.decisions}: no such file: correct the path of the decisions"
            raise ConfigurationError(message)
        decided = load_ledger(files.decisions).decisions
        found = found._replace(decisions=decided, refused=(), decisions_name=files.decisions.name)
    return found


def _found(files: Files, releases: Sequence[str]) -> Rulings:
    """What the files that were not named come to."""
    policy = None if files.policy_named or not files.policy.is_file() else files.policy
    decisions = (
        None if files.decisions_named or files.policy_named or not files.decisions.is_file() else files.decisions
    )
    inside = [path for path in (policy, decisions) if path is not None and _in_release(path, releases)]
    if inside:
        names = " and ".join(path.name for path in inside)
        return Rulings(
            notices=(Notice(f"{names} in the scanned folder was not applied: name it with --config to apply it"),)
        )
    home = policy or decisions
    committed = _committed(home.parent, releases) if home is not None else None
    if committed is None:
        applied = load_policy(policy) if policy is not None else PolicyFile()
        return Rulings(
            policy=applied.policy,
            signatures=applied.signatures,
            decisions=load_ledger(decisions).decisions if decisions is not None else (),
            policy_name=policy.name if policy is not None else "",
            decisions_name=decisions.name if decisions is not None else "",
        )
    own = load_ledger(decisions).decisions if decisions is not None else ()
    return _with_uncommitted(committed, own, DECISIONS_FILE)


def _with_uncommitted(committed: Rulings, own: Sequence[Decision], name: str) -> Rulings:
    """Committed rulings, and decisions of the work tree that no commit has yet. What is gone there is gone."""
    kept = tuple(item for item in committed.decisions if item in own)
    known = {*committed.decisions, *committed.refused}
    fresh = tuple(item for item in own if item not in known)
    refused = tuple(item for item in committed.refused if item in own)
    named = name if kept or fresh or refused else ""
    return committed._replace(decisions=(*kept, *fresh), refused=refused, decisions_name=named)


def _in_release(path: Path, releases: Sequence[str]) -> bool:
    """Whether a file lies in one of the folders that are scanned."""
    real = os.path.realpath(path)
    folders = [os.path.realpath(name) for name in releases if Path(name).is_dir()]
    return any(real.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _committed(home: Path, releases: Sequence[str]) -> Rulings | None:
    """Rulings from the history, when the current release is a ref of the repository that the files lie in."""
    root = work_tree_around(str(home))
    if root is None:
        return None
    history = History(root)
    commits = [_commit_in(history, root, name) for name in releases]
    if not commits or commits[-1] is None:
        return None
    inside = Path(os.path.relpath(os.path.realpath(home), root)).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    controls = Controls(prefix + POLICY_FILE, prefix + DECISIONS_FILE)
    base = commits[0] if len(commits) > 1 else None
    return rulings(history, base, commits[-1], controls)


def _commit_in(history: History, root: str, release: str) -> str | None:
    """The commit of a repository that a release is, None when it is something else."""
    if os.path.lexists(release):
        return None
    split = split_ref(release)
    if split is not None and os.path.realpath(split[0]) != root:
        return None
    return history.commit((split[1] if split else release).partition(":")[0])
