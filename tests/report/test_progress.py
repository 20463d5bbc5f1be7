"""Progress bars count phases and leave nothing behind."""

from __future__ import annotations

import io

from rich.console import Console

from scanner.report.progress import ProgressBars


def test_phases_are_counted_and_an_unfinished_one_is_no_error() -> None:
    out = io.StringIO()
    with ProgressBars(Console(file=out, force_terminal=True, width=100)) as bars:
        bars.advance()
        bars.start("[red]parse", 10)
        bars.advance(4)
        bars.start("link", 2)
        bars.advance()
        bars.finish()
        bars.finish()
    assert "[red]parse" in out.getvalue()
