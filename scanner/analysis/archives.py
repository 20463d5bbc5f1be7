"""Archives that are written and read back: `ZipArchive`, `Phar`, and what is in them, as addresses name it.

What is put into an archive is kept as what is written to its file is: which of its files it is in is not told apart.
Source: the manual, chapters Zip, Phar and Supported Protocols and Wrappers.
"""

from __future__ import annotations

import re

CLASSES = frozenset({"ziparchive", "phar", "phardata", "pharfileinfo"})
READS = frozenset({"getfromname", "getfromindex", "getstream", "getstreamname", "getstreamindex", "getarchivecomment",
                   "getcommentname", "getcommentindex", "getcontent", "offsetget", "getmetadata"})  # fmt: skip
"""Methods (lower case) that give back something that was put in."""
_INSIDE = re.compile(
    r"(?:zip://([^#]*)#|phar://((?:[^.]|\.[A-Za-z0-9.]*+(?!/|\Z))*+\.[A-Za-z0-9.]*+)|compress\.[a-z0-9]+://(.*)\Z)",
    re.DOTALL,
)
_MAX_TEXTS = 8


def opened(paths: frozenset[str]) -> frozenset[str]:
    """Paths, with those of the archives that some of them lead into."""
    marked = [text for text in sorted(paths) if "://" in text][:_MAX_TEXTS]
    found = (_INSIDE.match(text) for text in marked)
    return paths.union(next(filter(None, match.groups()), "") for match in found if match is not None)
