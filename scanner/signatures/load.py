"""The catalogue from disk: found, read, validated, and kept compiled."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import cache as once
from pathlib import Path
from typing import Final

import msgspec

from scanner.errors import SignatureError
from scanner.model.signature import Catalogue
from scanner.signatures.document import MAX_BYTES
from scanner.signatures.kept import Kept
from scanner.signatures.sections import Sections, StandardLibrary

LAYOUT: Final = 3
"""Raise it whenever the same YAML may give another catalogue: it is part of the digest."""
MAX_FILES: Final = 2000
"""Most signature files that are read from all folders together."""
_CHECK: Final = 16
_HERE: Final = Path(__file__).resolve().parent
_SHARED: Final = Kept[Catalogue]()


def load_catalogue(
    folder: Path | None = None,
    cache: Path | None = None,
    extra: Sequence[Path] = (),
    documents: Sequence[tuple[str, bytes]] = (),
) -> Catalogue:
    """All signatures of the tool, or of `folder`, and of the user's own folders or files in `extra`.

    `documents` are further files by name and content.

    Shape: entries are sorted, so that the same files give the same catalogue.
    Raises: SignatureError as `<file>:<line>: what is wrong and what to do`.

    The compiled catalogue is kept in `cache` under the digest of the files; an entry that is old, damaged or
    cannot be written is ignored.
    """
    files = [*_read([folder or data_folder(), *extra]), *documents]
    return _compiled(files, _digest(files), cache)


def shared_catalogue(
    folder: Path | None = None,
    cache: Path | None = None,
    extra: Sequence[Path] = (),
    documents: Sequence[tuple[str, bytes]] = (),
) -> Catalogue:
    """As `load_catalogue`, and kept in memory for the next scan of this process that finds the same files."""
    own = _read([folder]) if folder is not None else _tools_own()
    files = [*own, *_read(extra, len(own)), *documents]
    digest = _digest(files)
    return _SHARED.get(digest, lambda: _compiled(files, digest, cache))


@once
def _tools_own() -> tuple[tuple[str, bytes], ...]:
    """The tool's own files: a part of the program, which do not change while it runs."""
    return tuple(_read([data_folder()]))


def _compiled(files: list[tuple[str, bytes]], digest: str, cache: Path | None) -> Catalogue:
    """The catalogue of these files, from the cache where it is there. Raises: SignatureError."""
    entry = cache / f"signatures-{digest}.msgpack" if cache is not None else None
    known = _cached(entry, digest) if entry is not None else None
    if known is not None:
        return known
    sections = Sections()
    for name, content in files:
        sections.add(content, name)
    catalogue = sections.finish(digest)
    if entry is not None:
        _store(entry, catalogue)
    return catalogue


def load_standard_library(folder: Path | None = None) -> StandardLibrary:
    """The reference list of PHP's functions that the signatures must cover."""
    base = folder or data_folder()
    sections = Sections()
    for name, content in _read([base / "php" / "standard-library.yaml"]):
        sections.add(content, name)
    return sections.standard_library()


def data_folder() -> Path:
    """Where the tool's own signatures are: inside the package when installed, at the top of a checkout otherwise."""
    for place in (_HERE / "data", _HERE.parents[1] / "signatures"):
        if place.is_dir():
            return place
    message = f"{_HERE}: the tool's own signatures are missing; install it again"
    raise SignatureError(message)


def _read(places: Sequence[Path], before: int = 0) -> list[tuple[str, bytes]]:
    """Name and content of every signature file, in a fixed order within each place; `before` were read already."""
    found: list[tuple[str, bytes]] = []
    for place in places:
        if not place.exists():
            message = f"{place}: no such file or folder; correct the path of your signatures"
            raise SignatureError(message)
        paths = [place] if place.is_file() else sorted((*place.rglob("*.yaml"), *place.rglob("*.yml")))
        if before + len(found) + len(paths) > MAX_FILES:
            message = f"{place}: more than {MAX_FILES} signature files; join some"
            raise SignatureError(message)
        for path in paths:
            name = path.name if path == place else path.relative_to(place.parent).as_posix()
            found.append((name, _content(path)))
    return found


def _content(path: Path) -> bytes:
    """At most one byte more than a signature file may have."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{path}: {error.strerror}; make the file readable"
        raise SignatureError(message) from None


def _digest(files: list[tuple[str, bytes]]) -> str:
    """Digest of names and contents, and of the layout of the catalogue."""
    state = hashlib.blake2b(f"catalogue {LAYOUT}".encode(), digest_size=20)
    for name, content in files:
        state.update(f"\n{len(name)} {name} {len(content)}\n".encode())
        state.update(content)
    return state.hexdigest()


def _cached(entry: Path, digest: str) -> Catalogue | None:
    """The compiled catalogue, None when there is none that is whole and current."""
    try:
        data = entry.read_bytes()
        check, body = data[:_CHECK], memoryview(data)[_CHECK:]
        if hashlib.blake2b(body, digest_size=_CHECK).digest() != check:
            return None
        catalogue = msgspec.msgpack.decode(body, type=Catalogue)
    except (OSError, msgspec.MsgspecError):
        return None
    return catalogue if catalogue.digest == digest else None


def _store(entry: Path, catalogue: Catalogue) -> None:
    """Write the compiled catalogue in one step; a cache that cannot be written is left alone."""
    body = msgspec.msgpack.encode(catalogue, order="deterministic")
    data = hashlib.blake2b(body, digest_size=_CHECK).digest() + body
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".signatures-", dir=entry.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).replace(entry)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
