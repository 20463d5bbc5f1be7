"""History of a git repository: commits, what each changed, files as they were.

As in `git_objects`, nothing of the repository is run: the commands below read objects and refs only, names that begin
with a dash are refused, and no diff driver or filter is asked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final, NamedTuple

from scanner.errors import SourceError
from scanner.source.git_objects import GitObjects, git_dir_of, safe_environment
from scanner.source.names import printable

MAX_FILE: Final = 4 << 20
_VERSION_TAG: Final = re.compile(r"\D*[0-9]{1,9}(?:[._][0-9]{1,9}){1,3}", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SECONDS: Final = 300


class Commit(NamedTuple):
    """A commit and its parents, by object id."""

    oid: str
    parents: tuple[str, ...]


class History:
    """Commits of one repository.

    Args:
        repository: A work tree, a `.git` folder or a bare repository.

    Raises: SourceError when it is none, or git is not installed.
    """

    def __init__(self, repository: str) -> None:
        git_dir = git_dir_of(repository)
        program = shutil.which("git")
        if git_dir is None or program is None:
            what = "is no git repository" if program else "cannot be read: git is not installed"
            message = f"{printable(repository)!r} {what}"
            raise SourceError(message)
        self.git_dir = git_dir
        self._program = program

    def commit(self, ref: str) -> str | None:
        """Object id of the commit that a ref names, None when there is none."""
        if not ref or ref.startswith("-"):
            return None
        found = self._text("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").strip()
        return found if _COMMIT.match(found) else None

    def merge_base(self, one: str, other: str) -> str | None:
        """Best common ancestor of two commits, None when they have none."""
        found = self._text("merge-base", one, other).split()
        return found[0] if found else None

    def between(self, base: str | None, head: str) -> list[Commit]:
        """Commits that `head` has and `base` has not, parents first."""
        excluded = [f"^{base}"] if base else []
        lines = self._text("rev-list", "--topo-order", "--reverse", "--parents", head, *excluded).splitlines()
        return [Commit(oid, tuple(parents)) for oid, *parents in map(str.split, lines)]

    def parent(self, commit: str) -> str | None:
        """First parent of a commit, None for the first commit and where a shallow clone ends."""
        return self.commit(f"{commit}^1")

    def changed(self, commit: str) -> list[str]:
        """Paths that a commit changed; for a merge those that differ from every parent."""
        options = ("--root", "-r", "-z", "-c", "--no-commit-id", "--name-only", "--no-renames", "--no-ext-diff")
        raw = self._run("diff-tree", *options, commit)
        return [os.fsdecode(name) for name in raw.split(b"\0") if name]

    def paths(self, commit: str) -> list[str]:
        """Paths of all files in a commit."""
        raw = self._run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
        return [os.fsdecode(name) for name in raw.split(b"\0") if name]

    def file(self, commit: str, path: str) -> bytes | None:
        """Content of a file in a commit; None when it is not there or larger than MAX_FILE."""
        objects = GitObjects(self.git_dir)
        try:
            found = objects.content(f"{commit}:{path}", MAX_FILE)
        finally:
            objects.close()
        return found.data if found is not None and found.type == "blob" else None

    def release_tag(self, head: str) -> str | None:
        """The commit with a version tag nearest to `head` along first parents, `head` itself left out."""
        objects = GitObjects(self.git_dir)
        try:
            tagged = {oid for name, oid in objects.list_tags() if _VERSION_TAG.fullmatch(name)}
        finally:
            objects.close()
        line = self._text("rev-list", "--first-parent", head).split()
        return next((oid for oid in line if oid in tagged and oid != head), None)

    @property
    def shallow(self) -> bool:
        """Whether commits are missing because the repository was cloned without them."""
        return self._text("rev-parse", "--is-shallow-repository").strip() == "true"

    def _text(self, *arguments: str) -> str:
        return os.fsdecode(self._run(*arguments))

    def _run(self, *arguments: str) -> bytes:
        """Output of git; empty when it fails, as for a commit that is not there."""
        command = [self._program, "--no-pager", f"--git-dir={self.git_dir}", *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - fixed commands, see the module's docstring
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=safe_environment(),
                cwd=os.sep,
                check=False,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git could not read the history: {error}"
            raise SourceError(message) from error
        return done.stdout if done.returncode == 0 else b""


def work_tree_around(path: str) -> str | None:
    """The nearest folder around a path that is a git work tree or repository."""
    folder = os.path.realpath(path)
    while True:
        if git_dir_of(folder) is not None:
            return folder
        above = os.path.dirname(folder)  # noqa: PTH120 - names may be no UTF-8
        if above == folder:
            return None
        folder = above


def configured_person(folder: str) -> str:
    """`Name <address>` of who commits here, from the environment or git's configuration; empty when not set.

    `git config --get` reads files and runs nothing.
    """
    program = shutil.which("git")
    found: dict[str, str] = {}
    for key, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
        value = os.environ.get(variable, "")
        if not value and program is not None:
            done = subprocess.run(  # noqa: S603 - fixed arguments
                [program, "-C", folder, "config", "--get", key],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            value = done.stdout.decode("utf-8", "replace").strip()
        found[key] = " ".join(value.split())
    name, address = found["user.name"], found["user.email"]
    return f"{name} <{address}>".strip() if address else name
