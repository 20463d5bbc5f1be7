"""Objects of a git repository, read with `git cat-file`: no checkout, and nothing of the repository is run.

Names of objects go through standard input, so that no ref can pass for an option. `cat-file` runs no hook and no
filter; system and user configuration are shut out, transports are forbidden (a partial clone would otherwise start
the program that its configuration names), and replacement objects and grafts are ignored.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.errors import SourceError

_GROUP = 400
"""Requests written before the first answer is read: they fit into a pipe (64 KiB), so that neither side waits."""
_SETTINGS = (("safe.directory", "*"), ("protocol.allow", "never"), ("core.hooksPath", os.devnull))


class GitObject(NamedTuple):
    """Type, size in bytes and content of an object; the content is None when only its header was asked for."""

    oid: str
    type: str
    size: int
    data: bytes | None


def safe_environment() -> dict[str, str]:
    """Environment in which git reads objects and does nothing else."""
    settings = {f"GIT_CONFIG_KEY_{index}": key for index, (key, _) in enumerate(_SETTINGS)}
    settings |= {f"GIT_CONFIG_VALUE_{index}": value for index, (_, value) in enumerate(_SETTINGS)}
    return settings | {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }


class GitObjects:
    """Object database of one repository.

    Args:
        git_dir: Absolute path of a `.git` folder, a `.git` file or a bare repository.

    Raises: SourceError when git is not installed.
    """

    def __init__(self, git_dir: str) -> None:
        program = shutil.which("git")
        if program is None:
            message = "git is not installed: install it, or give an unpacked folder"
            raise SourceError(message)
        self._command = [program, "--no-pager", f"--git-dir={git_dir}"]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def header(self, name: str) -> GitObject | None:
        """Type and size of the object that a ref or expression names; None when there is none."""
        return next(iter(self.headers([name])))

    def headers(self, names: Iterable[str]) -> Iterator[GitObject | None]:
        """As `header`, for many names; one answer each, in their order."""
        return self._ask("--batch-check", names, None)

    def contents(self, names: Iterable[str], limit: int) -> Iterator[GitObject | None]:
        """Objects with their content; None for one that is missing, damaged or larger than `limit` bytes."""
        return self._ask("--batch", names, limit)

    def content(self, name: str, limit: int) -> GitObject | None:
        """As `contents`, for one name."""
        return next(iter(self.contents([name], limit)))

    def list_tags(self) -> list[tuple[str, str]]:
        """Tags as (name, object id of what they finally point at)."""
        shape = "--format=%(objectname) %(*objectname) %(refname:strip=2)"
        done = subprocess.run(  # noqa: S603 - fixed arguments, see safe_environment
            [*self._command, "for-each-ref", shape, "refs/tags"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=safe_environment(),
            check=False,
        )
        lines = [line.split(" ", 2) for line in os.fsdecode(done.stdout).splitlines()]
        return [(name, peeled or oid) for oid, peeled, name in lines]

    def close(self) -> None:
        """Stop git."""
        for option in list(self._processes):
            self._stop(option)

    def _ask(self, option: str, names: Iterable[str], limit: int | None) -> Iterator[GitObject | None]:
        group: list[str] = []
        for name in names:
            group.append(name)
            if len(group) == _GROUP:
                yield from self._answer_group(option, group, limit)
                group = []
        yield from self._answer_group(option, group, limit)

    def _answer_group(self, option: str, group: Sequence[str], limit: int | None) -> Iterator[GitObject | None]:
        """Answers to a group; after a damaged object git ends, and the rest is asked of a new process."""
        position = 0
        while position < len(group):
            rest = group[position:]
            try:
                self._write(option, rest)
                for _ in rest:
                    answer = self._read_answer(option, limit)
                    position += 1
                    yield answer
            except (EOFError, OSError):
                self._stop(option)
                position += 1
                yield None

    def _write(self, option: str, names: Sequence[str]) -> None:
        lines = [os.fsencode(name) for name in names]
        if any(b"\n" in line or b"\0" in line for line in lines):
            message = "the name of a ref holds a line break: name a branch, tag or commit"
            raise SourceError(message)
        stream = self._process(option).stdin
        if stream is None:
            raise EOFError
        stream.write(b"".join(line + b"\n" for line in lines))
        stream.flush()

    def _read_answer(self, option: str, limit: int | None) -> GitObject | None:
        stream = self._process(option).stdout
        line = stream.readline() if stream is not None else b""
        if stream is None or not line:
            raise EOFError
        fields = line.split()
        if len(fields) != 3 or line.endswith((b" missing\n", b" ambiguous\n")):  # noqa: PLR2004 - id, type, size
            return None
        found = GitObject(fields[0].decode(), fields[1].decode(), int(fields[2]), None)
        if limit is None:
            return found
        if found.size > limit:
            raise EOFError
        data = stream.read(found.size + 1)
        if len(data) <= found.size:
            raise EOFError
        return found._replace(data=data[:-1])

    def _process(self, option: str) -> subprocess.Popen[bytes]:
        if option not in self._processes:
            self._processes[option] = subprocess.Popen(  # noqa: S603 - fixed arguments, see safe_environment
                [*self._command, "cat-file", option],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=safe_environment(),
                cwd=os.sep,
            )
        return self._processes[option]

    def _stop(self, option: str) -> None:
        process = self._processes.pop(option, None)
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        process.wait()


def git_dir_of(path: str) -> str | None:
    """The repository of a work tree, of a `.git` folder or of a bare repository; None when there is none."""
    root = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`
    for candidate in (os.path.join(root, ".git"), root):  # noqa: PTH118 - names may be no UTF-8
        if os.path.isfile(os.path.join(candidate, "HEAD")) and os.path.isdir(os.path.join(candidate, "objects")):  # noqa: PTH112, PTH113, PTH118
            return candidate
    link = os.path.join(root, ".git")  # noqa: PTH118
    return link if os.path.isfile(link) else None  # noqa: PTH113
