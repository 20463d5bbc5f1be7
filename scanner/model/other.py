"""Facts of what a file says besides PHP: remarks, in the order of their place.

Like the facts of PHP they are a pure function of a file's bytes and of the kind that its path gives it.
"""

from __future__ import annotations

import msgspec

HOLE = "\ufffc"
"""Stands in a target for a piece that is not known; `Remark.holes` describes the pieces in order."""
MEMBER_MARK = "!/"
"""Between the path of an archive and the name of a member in it."""


class Remark(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One thing that a file says."""

    start: int
    """Byte offset in the file, 0 where the file as a whole is meant."""
    line: int
    """1-based."""
    end_line: int
    kind: str
    """Which detector it is for: `request`, `browser-code`, `server-setting`, `command`, ..."""
    api: str
    """What does it: `fetch`, `script[src]`, `auto_prepend_file`, `curl`."""
    target: str = ""
    """URL, host or path, with `HOLE` where a piece is not known."""
    holes: tuple[str, ...] = ()
    """What stands in the holes: `php:` and an expression of PHP, or an expression of the file's own language."""
    sends: tuple[str, ...] = ()
    """Sorted: what else is sent, as labels (`browser.cookie`) or holes (`php:$x`)."""
    text: str = ""
    """Evidence for people: decoded code, the line of a setting, a command."""
    grade: str = ""
    """How the detector's rule weighs it: words that the kind defines (`code`, `quiet`, `trick`)."""


class OtherFacts(msgspec.Struct, frozen=True, array_like=True):
    """All remarks about one file, and what was cut."""

    remarks: tuple[Remark, ...] = ()
    cuts: tuple[str, ...] = ()
    """Limits that were hit: `size`, `remarks`, `members`, ..."""


NOTHING = OtherFacts()
"""A file that says nothing."""
