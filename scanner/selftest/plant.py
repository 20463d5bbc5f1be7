"""A release with other files in some places: nothing is written anywhere."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from scanner.errors import SourceError
from scanner.model.source import Release, SourceFile
from scanner.pipeline import Opened
from scanner.selftest.tricks import Trick
from scanner.source.entries import DIGEST_SIZE

_LARGEST = 200_000
_SMALLEST = 200
_UNFIT = re.compile(
    rb"__halt_compiler|^[^\S\n]*+namespace\s[^;{]*\{|<<<\s*['\"]?\w+['\"]?\s*$(?![\s\S]*;)",
    re.MULTILINE | re.IGNORECASE,
)
"""Code behind which nothing can be appended."""
_ROOT = "redcap_v@/"


class Overlay:
    """A release in which some files are other ones, or are new."""

    def __init__(self, opened: Opened, texts: Mapping[str, bytes], name: str) -> None:
        self._opened = opened
        self._texts = texts
        files = {file.path: file for file in opened.release.files}
        for path, text in texts.items():
            digest = hashlib.blake2b(text, digest_size=DIGEST_SIZE).hexdigest()
            files[path] = SourceFile(path, path, len(text), digest)
        self.release: Release = msgspec.structs.replace(
            opened.release, name=name, files=tuple(files[path] for path in sorted(files))
        )

    def read(self, file: SourceFile) -> bytes:
        """Bytes of a file, planted or not. Raises: SourceError."""
        text = self._texts.get(file.path)
        return self._opened.read(file) if text is None else text

    def disk_path(self, file: SourceFile) -> str | None:
        """None for what is planted: it exists in memory only."""
        return None if file.path in self._texts else self._opened.disk_path(file)


class Planted(NamedTuple):
    """Where a trick stands."""

    trick: Trick
    path: str
    line: int
    """First line of the planted text."""


class Garden(NamedTuple):
    """Both sides of the comparison, and where each trick is."""

    baseline: Overlay
    current: Overlay
    planted: tuple[Planted, ...]


def plant(opened: Opened, tricks: tuple[Trick, ...], seed: int) -> Garden:
    """Tricks in places that the seed decides; each in a file of its own.

    Raises: SourceError when the release has too few PHP files to hold them.
    """
    chance = random.Random(seed)  # noqa: S311  where to plant is no secret
    fitting = [trick for trick in tricks if opened.release.layout in trick.layouts]
    hosts = _hosts(opened, chance)
    taken = {file.path for file in opened.release.files}
    old: dict[str, bytes] = {}
    new: dict[str, bytes] = {}
    planted: list[Planted] = []
    for trick in fitting:
        file, content = next(hosts, (None, b""))
        if file is None:
            message = f"{opened.release.name} has too few PHP files to plant {len(fitting)} tricks in"
            raise SourceError(message)
        if trick.where == "append":
            text = _appended(content, trick.text.encode())
            planted.append(Planted(trick, file.path, content.count(b"\n") + 1))
            new[file.path] = text
            continue
        path = _free(file.path.rpartition("/")[0], trick.path, taken)
        taken.add(path)
        planted.append(Planted(trick, path, 1))
        new[path] = trick.text.encode("latin-1", "replace") if trick.text.startswith("\x89") else trick.text.encode()
        if trick.baseline:
            old[path] = trick.baseline.encode()
    name = opened.release.name
    return Garden(Overlay(opened, old, name), Overlay(opened, new, f"{name} with tricks"), tuple(planted))


def _free(folder: str, name: str, taken: set[str]) -> str:
    """A path in the folder that no file has."""
    path = f"{folder}/{name}" if folder else name
    stem, dot, ending = name.rpartition(".")
    number = 2
    while path in taken:
        path = f"{folder}/{number}/{name}" if not stem else f"{folder}/{stem}{number}{dot}{ending}"
        path = path.lstrip("/")
        number += 1
    return path


def _hosts(opened: Opened, chance: random.Random) -> Iterator[tuple[SourceFile, bytes]]:
    """PHP files to plant in, shuffled; code of the release's own version before anything else."""
    files = [
        file
        for file in opened.release.files
        if file.path.lower().endswith(".php") and _SMALLEST <= file.size <= _LARGEST
    ]
    chance.shuffle(files)
    files.sort(key=lambda file: opened.release.layout != "plain" and not file.path.startswith(_ROOT))
    for file in files:
        try:
            content = opened.read(file)
        except SourceError:
            continue
        if b"<?php" in content and not _UNFIT.search(content) and content.isascii():
            yield file, content


def _appended(content: bytes, text: bytes) -> bytes:
    """The file with the text as code behind everything else."""
    in_template = content.rfind(b"?>") > max(content.rfind(b"<?php"), content.rfind(b"<?="))
    return content + (b"\n<?php\n" if in_template else b"\n") + text
