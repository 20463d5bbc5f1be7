"""Static analyser for PHP releases: outbound calls, secrets, and what changed between two releases.

From Python: `scanner.scan(source)` and `scanner.diff(baseline, current)` (docs/python-api.md).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.model.report import Comparison, Report
    from scanner.pipeline import Progress, ScanOptions

__all__ = ["__version__", "diff", "scan"]
__version__ = "0.1.0"

import_module("scanner.diff")  # first: the import of this stage would otherwise take the name of the function below


def scan(source: str, options: ScanOptions | None = None, progress: Progress | None = None) -> Report:
    """Everything that one release calls, reads and leaks: see `scanner.pipeline.scan`."""
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only when it is used

    return pipeline.scan(source, options, progress)


def diff(
    baseline: str, current: str | None = None, options: ScanOptions | None = None, progress: Progress | None = None
) -> Comparison:
    """What the current release does that the baseline did not: see `scanner.pipeline.diff`."""
    from scanner import pipeline  # noqa: PLC0415  the analyser is loaded only when it is used

    return pipeline.diff(baseline, current, options, progress)
