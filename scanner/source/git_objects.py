"""Objects of a git repository, read with `git cat-file`: no checkout, and nothing of the repository is run.

Names of objects go through standard input, so that no ref can pass for an option. `cat-file` runs no hook and no
filter; system and user configuration are shut out, transports are forbidden (a partial clone would otherwise start
the program that its configuration names), and replacement objects and grafts are ignored.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from scanner.errors import SourceError

_CHUNK = 1 << 18
_SHA256_LENGTH = 64
_MAX_FAILURES = 1000
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
        self._pipes: dict[str, _Pipe] = {}
        self._failures = 0

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
        for option in list(self._pipes):
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
        """Answers to a group; after a damaged object git may end, and the rest is asked of a new process."""
        position = 0
        while position < len(group):
            try:
                pipe = self._pipe(option)
                pipe.ask(group[position:])
                for name in group[position:]:
                    answer = _parse_answer(pipe.answer(limit or 0), name, with_data=limit is not None)
                    position += 1
                    yield answer
            except (EOFError, OSError):
                self._stop(option)
                position += 1
                self._count_failure()
                yield None

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures > _MAX_FAILURES:
            message = f"more than {_MAX_FAILURES} objects of the repository are damaged: run `git fsck`"
            raise SourceError(message)

    def _pipe(self, option: str) -> _Pipe:
        if option not in self._pipes:
            self._pipes[option] = _Pipe([*self._command, "cat-file", option])
        return self._pipes[option]

    def _stop(self, option: str) -> None:
        pipe = self._pipes.pop(option, None)
        if pipe is not None:
            pipe.close()


class _Pipe:
    """A running `git cat-file` whose answers are framed.

    For a damaged object git announces more bytes than it sends, and goes on; counting bytes would then wait for ever,
    or take the next object's answer for this one's content. So a name that no object has, and that nobody can guess,
    is asked for after every request: its answer ends the one before.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - fixed arguments, see safe_environment
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=safe_environment(),
            cwd=os.sep,
            bufsize=0,
        )
        self._question = f"end-{secrets.token_hex(8)}".encode()
        self._mark = self._question + b" missing\n"
        self._buffer = bytearray()

    def ask(self, names: Sequence[str]) -> None:
        """Write requests. Raises: SourceError for a name that would be two, OSError when git has ended."""
        lines = [os.fsencode(name) for name in names]
        if any(b"\n" in line or b"\0" in line for line in lines):
            message = "the name of a ref holds a line break: name a branch, tag or commit"
            raise SourceError(message)
        stream = self._process.stdin
        if stream is None:
            raise EOFError
        left = memoryview(b"".join(line + b"\n" + self._question + b"\n" for line in lines))
        while left:
            left = left[stream.write(left) or 0 :]

    def answer(self, limit: int) -> bytes:
        """Next answer, whole. Raises: EOFError when git has ended or sends far more than `limit` bytes."""
        stream = self._process.stdout
        start = 0
        while (end := self._buffer.find(self._mark, start)) == -1:
            start = max(0, len(self._buffer) - len(self._mark))
            chunk = os.read(stream.fileno(), _CHUNK) if stream is not None else b""
            if not chunk or len(self._buffer) > limit + _CHUNK:
                raise EOFError
            self._buffer += chunk
        answer = bytes(self._buffer[:end])
        del self._buffer[: end + len(self._mark)]
        return answer

    def close(self) -> None:
        """End git."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


def _parse_answer(answer: bytes, name: str, *, with_data: bool) -> GitObject | None:
    """The object in an answer; None when it is missing, cut, or not what its id says."""
    line, _, data = answer.partition(b"\n")
    fields = line.split()
    if len(fields) != 3 or not fields[2].isdigit():  # noqa: PLR2004 - id, type, size
        return None
    found = GitObject(fields[0].decode(), fields[1].decode(), int(fields[2]), None)
    if not with_data:
        return found
    data = data[:-1]
    is_id = len(name) == len(found.oid) and not name.strip("0123456789abcdef")
    if len(data) != found.size or (is_id and name != found.oid) or _object_id(found, data) != found.oid:
        return None
    return found._replace(data=data)


def _object_id(found: GitObject, data: bytes) -> str:
    """Id that git gives to such an object: SHA-1, or SHA-256 in repositories of that format."""
    long = len(found.oid) == _SHA256_LENGTH
    digest = hashlib.sha256() if long else hashlib.sha1(usedforsecurity=False)
    digest.update(b"%s %d\0" % (found.type.encode(), len(data)))
    digest.update(data)
    return digest.hexdigest()


def git_dir_of(path: str) -> str | None:
    """The repository of a work tree, of a `.git` folder or of a bare repository; None when there is none."""
    root = os.path.abspath(path)  # noqa: PTH100 - Path.absolute keeps `..`
    for candidate in (os.path.join(root, ".git"), root):  # noqa: PTH118 - names may be no UTF-8
        if os.path.isfile(os.path.join(candidate, "HEAD")) and os.path.isdir(os.path.join(candidate, "objects")):  # noqa: PTH112, PTH113, PTH118
            return candidate
    link = os.path.join(root, ".git")  # noqa: PTH118
    return link if os.path.isfile(link) else None  # noqa: PTH113
