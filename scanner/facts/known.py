"""Facts that need no work: from the cache on disk, and from earlier in the same command."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.facts.cache import Cache
from scanner.facts.classify import php_suffix
from scanner.facts.engine import engine_digest
from scanner.facts.extract import decode
from scanner.files.kinds import kind_of
from scanner.model.facts import FACTS_VERSION, FileFacts
from scanner.model.source import SourceFile

_WRITE_EVERY = 400


class Known:
    """Facts by key, None for a content without PHP.

    Args:
        cache: Where facts outlive the command.
        salt: What facts depend on besides the bytes and the program: the signatures.
    """

    def __init__(self, cache: Cache, salt: str) -> None:
        self._cache = cache
        self._prefix = (
            f"facts:{FACTS_VERSION}:{engine_digest('facts', 'files', 'php', 'model/facts.py', 'model/other.py')}:{salt}"
        )
        self._facts: dict[str, FileFacts | None] = {}
        self._unsaved: dict[str, bytes] = {}

    def key_of(self, file: SourceFile) -> str:
        """Key of a file's facts: its content, and what its name says. Nothing else of a file is in them."""
        return f"{self._prefix}:{php_suffix(file.path):d}{kind_of(file.path)}:{file.digest}"

    def find(self, keys: Iterable[str]) -> dict[str, FileFacts | None]:
        """What is known. An entry of the cache that makes no sense is not."""
        wanted = list(keys)
        for key, data in self._cache.read(key for key in wanted if key not in self._facts).items():
            try:
                self._facts[key] = decode(data) if data else None
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
        return {key: self._facts[key] for key in wanted if key in self._facts}

    def add(self, key: str, encoded: bytes) -> FileFacts | None:
        """Keep what a worker found, and give it decoded."""
        self._facts[key] = decode(encoded) if encoded else None
        self._unsaved[key] = encoded
        if len(self._unsaved) >= _WRITE_EVERY:
            self.save()
        return self._facts[key]

    def save(self) -> None:
        """Write to the cache what is not there yet."""
        self._cache.write(self._unsaved)
        self._unsaved = {}
