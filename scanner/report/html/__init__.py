"""HTML report: one self-contained page for reviewers, that needs no network and runs nothing of the release."""

from __future__ import annotations

from scanner.report.base import Format, ReportView


def render(view: ReportView) -> str:
    """The page. Its parts are loaded only when a page is asked for."""
    from scanner.report.html.page import render_page  # noqa: PLC0415  jinja2 and pygments take time to load

    return render_page(view)


FORMAT = Format("html", "html", "one self-contained page for reviewers", render)
