"""Progress bars on standard error while a scan runs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class ProgressBars:
    """One bar per phase, gone when the scan ends. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<24}", markup=False),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def start(self, phase: str, total: int) -> None:
        """Begin a phase of `total` steps; an unfinished phase before it ends."""
        self.finish()
        self._task = self._progress.add_task(phase, total=total)

    def advance(self, count: int = 1) -> None:
        """Count steps of the current phase."""
        if self._task is not None:
            self._progress.advance(self._task, count)

    def finish(self) -> None:
        """End the current phase and take its bar away."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
