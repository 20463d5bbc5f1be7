"""JSON report: the complete artefact. Its records are in `scanner.report.document`."""

from __future__ import annotations

from scanner.report.base import Format, ReportView
from scanner.report.document import document
from scanner.report.encode import json_text


def render(view: ReportView) -> str:
    """Every finding of either side, unchanged ones too, whatever the view shows of them."""
    return json_text(document(view))


FORMAT = Format("json", "json", "complete report for programs (schema/report-1.json)", render)
