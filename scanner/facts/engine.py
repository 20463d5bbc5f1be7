"""Which program computed something: what another version of the scanner left in a cache is never used."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_PARSER = (
    "tree-sitter", "tree-sitter-php", "tree-sitter-javascript", "tree-sitter-typescript", "tree-sitter-html",
    "tree-sitter-css",
)  # fmt: skip


@cache
def engine_digest(*parts: str) -> str:
    """Digest of the scanner's own modules in `parts` (all of them if none is named), Python and the parser.

    So a changed rule or grammar takes effect at once, without anybody raising a version number.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((sys.version_info[:2], [_version(name) for name in _PARSER])).encode())
    for path in sorted(_modules(parts or ("",))):
        digest.update(f"\0{path.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _modules(parts: tuple[str, ...]) -> set[Path]:
    """Source files of the parts; a part is a folder or a module of the package."""
    found: set[Path] = set()
    for part in parts:
        place = _PACKAGE / part
        found.update(place.rglob("*.py") if place.is_dir() else [place])
    return found


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
