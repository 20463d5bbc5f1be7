"""What a report format is and how formats are found."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

import msgspec

import scanner.report
from scanner.model.decision import Triage
from scanner.model.finding import Severity
from scanner.model.report import Comparison, Report


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """All that a format may see: a result, and how the reader wants to see it."""

    content: Report | Comparison
    excerpts: bool = True
    """False leaves every piece of source code out: reports that are shared outside the site."""
    show_all: bool = False
    """Also what is unchanged or below medium, and every place of a repeated finding."""
    context: bool = False
    """Also the lines around a finding's own code, where the result has them."""
    fail_on: Severity | None = Severity.HIGH
    """Least severity that fails the run; None for never."""
    triage: Triage | None = None
    """What policy and decisions did; None when there are none."""
    located: Mapping[str, str] = {}
    """Canonical path -> path in the repository, for formats that a forge reads; canonical where it is not named."""
    colour: bool = False
    width: int = 110
    """Columns of a terminal or of plain text."""

    @property
    def current(self) -> Report:
        """The release that the report is about."""
        return self.content.current if isinstance(self.content, Comparison) else self.content

    @property
    def baseline(self) -> Report | None:
        """The release it is compared with; None for a scan."""
        return self.content.baseline if isinstance(self.content, Comparison) else None


class Format(msgspec.Struct, frozen=True):
    """One report format. Add a module with a `FORMAT` to this package and it is there."""

    name: str
    """Word for `--format`."""
    extension: str
    """Ending of a file in this format, without the dot."""
    title: str
    """A few words for the help text."""
    render: Callable[[ReportView], str]
    """Text of the report, ending in a newline. Same view, same text. Never raises for any view."""


@cache
def formats() -> Mapping[str, Format]:
    """Every format by name, sorted."""
    found: dict[str, Format] = {}
    for info in pkgutil.iter_modules(scanner.report.__path__):
        candidate = getattr(import_module(f"scanner.report.{info.name}"), "FORMAT", None)
        if isinstance(candidate, Format):
            found[candidate.name] = candidate
    return dict(sorted(found.items()))
