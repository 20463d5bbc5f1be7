"""Releases built for tests: the same tree as a folder, as archives and as a commit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import zstandard

from scanner.errors import SourceError
from scanner.model.source import Refusal, Release
from scanner.source import DEFAULT, SourceLimits, open_release

Tree = Mapping[str, bytes]
"""Relative name -> content; names that are no UTF-8 hold PEP 383 surrogates."""

Member = tuple[bytes, bytes, Mapping[str, int]]
"""Name, content and header fields of a zip member; see `zip_member`."""

PHP = b"<?php echo 1;\n"
FULL = {
    "redcap/index.php": PHP,
    "redcap/cron.php": b"<?php // cron\n",
    "redcap/redcap_v15.7.6/Classes/Message.php": b"<?php class Message {}\n",
    "redcap/redcap_v15.7.6/Resources/logo.png": b"\x89PNG\r\n",
}
GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}


def digests(release: Release) -> dict[str, str]:
    """Canonical path -> digest."""
    return {file.path: file.digest for file in release.files}


def scan(
    spec: Path | str,
    *,
    version: str | None = None,
    limits: SourceLimits = DEFAULT,
) -> tuple[Release, dict[str, bytes]]:
    """The release and the content of every file, by canonical path."""
    with open_release(str(spec), version=version, limits=limits) as opened:
        return opened.release, {file.path: opened.read(file) for file in opened.release.files}


def reads_or_says_why(path: Path) -> bool:
    """Whether an archive can be scanned with every file readable, or is refused in one line."""
    try:
        release, contents = scan(path)
    except SourceError as error:
        return "\n" not in str(error)
    return digests(release).keys() == contents.keys()


def codes(release: Release) -> dict[str, str]:
    """Refused path -> code of the reason."""
    return {item.path: code_of(item) for item in release.refused}


def code_of(item: Refusal) -> str:
    return item.reason.partition(":")[0]


def incomplete(release: Release) -> set[str]:
    """Paths whose refusal makes the scan incomplete."""
    return {item.path for item in release.refused if item.incomplete}


def write_folder(root: Path, tree: Tree) -> Path:
    for name, content in tree.items():
        path = os.fsencode(root) + b"/" + os.fsencode(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - the name may be no UTF-8
        with open(path, "wb") as file:  # noqa: PTH123 - as above
            file.write(content)
    return root


def zip_member(name: bytes, content: bytes, fields: Mapping[str, int]) -> tuple[bytes, bytes]:
    """Local header with data, and central header without its last field (offset) and name.

    Fields: `flags crc size method mode`, and `rename_local` for another name in the local header.
    """
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(content) + packer.flush()
    local_name = b"x" * len(name) if fields.get("rename_local") else name
    method, crc, size = (
        fields.get("method", 8),
        fields.get("crc", zlib.crc32(content)),
        fields.get("size", len(content)),
    )
    common = struct.pack("<5H3L", 20, fields.get("flags", 0), method, 0, 33, crc, len(packed), size)
    local = b"PK\x03\x04" + common + struct.pack("<2H", len(local_name), 0) + local_name + packed
    mode = fields.get("mode", 0o100644) << 16
    central = b"PK\x01\x02" + struct.pack("<BB", 20, 3) + common + struct.pack("<5HL", len(name), 0, 0, 0, 0, mode)
    return local, central


def raw_zip(path: Path, *members: Member, before: bytes = b"", after: bytes = b"") -> Path:
    """A zip archive byte by byte, so that names and headers can be hostile."""
    data = before
    directory = b""
    for name, content, fields in members:
        local, central = zip_member(name, content, fields)
        directory += central + struct.pack("<L", len(data)) + name
        data += local
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(data), 0)
    path.write_bytes(data + directory + end + after)
    return path


def write_zip(path: Path, tree: Tree) -> Path:
    """A zip archive as Info-ZIP writes it: names are plain bytes."""
    return raw_zip(path, *((os.fsencode(name), content, {}) for name, content in tree.items()))


def tar_member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def tar_bytes(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content) if content else None)
    return buffer.getvalue()


def tar_of(tree: Tree, kind: int = tarfile.GNU_FORMAT) -> bytes:
    return tar_bytes(*(tar_member(name, content) for name, content in tree.items()), kind=kind)


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def git(repo: Path, *arguments: str, stdin: bytes = b"") -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        [*command, "-C", str(repo), *arguments], input=stdin, capture_output=True, check=True, env=GIT
    )
    return os.fsdecode(done.stdout).strip()


def new_repository(path: Path) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "-q", "--bare", "--template=", ".")
    return path


def commit(repo: Path, tree: Tree, *, branch: str = "main", links: Mapping[str, str] | None = None) -> str:
    """Commit exactly this tree on a branch; the new commit's id."""
    parent = subprocess.run(
        ["git", "-C", str(repo), "rev-parse", "-q", "--verify", f"refs/heads/{branch}"],
        capture_output=True,
        check=False,
        env=GIT,
    ).stdout
    out = b"commit refs/heads/%s\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n" % branch.encode()
    out += (b"from %s\n" % parent.strip() if parent.strip() else b"") + b"deleteall\n"
    for name, content in tree.items():
        out += b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(name), len(content), content)
    for name, target in (links or {}).items():
        out += b"M 120000 inline %s\ndata %d\n%s\n" % (_quoted(name), len(target), target.encode())
    git(repo, "-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet", "--force", stdin=out)
    return git(repo, "rev-parse", f"refs/heads/{branch}")


def _quoted(name: str) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(name)) + b'"'


def zip_with_library(path: Path, tree: Tree) -> Path:
    """A zip archive as Python's own library writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tree.items():
            archive.writestr(name, content)
    return path
