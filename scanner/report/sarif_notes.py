"""The coverage account as SARIF notifications."""

from __future__ import annotations

import msgspec

from scanner.model.report import Coverage
from scanner.report.base import ReportView
from scanner.report.summary import file_words

NOTE_LIMIT = 1_000
"""Notifications about single files; the rest is counted in one."""


class Note(msgspec.Struct, frozen=True):
    """One notification; `path` empty when it is about the whole run, `line` 0 when about a whole file."""

    kind: str
    """`coverage` or `cut`."""
    level: str
    """`error`, `warning` or `note`."""
    text: str
    path: str = ""
    line: int = 0


def notes(view: ReportView) -> list[Note]:
    """The account of the current release, then that of the baseline."""
    said = [_account("", view.current.coverage), *_problems("", view.current.coverage)]
    if view.baseline:
        said += [_account("Baseline: ", view.baseline.coverage), *_problems("Baseline: ", view.baseline.coverage)]
    if words := file_words(view):
        said.append(Note("coverage", "note", words))
    return said


def cut_notes(results: int, flows: int, step_limit: int) -> list[Note]:
    """What this file leaves out: `results` findings, steps of `flows` traces."""
    said = []
    if results:
        said.append(Note("cut", "warning", f"{results} findings are left out, the least severe. The JSON has all."))
    if flows:
        said.append(Note("cut", "warning", f"{flows} traces are cut to {step_limit} steps: middle steps left out."))
    return said


def _account(prefix: str, coverage: Coverage) -> Note:
    text = (
        f"{prefix}{coverage.files} files, {coverage.php_files} with PHP: {coverage.parsed} analysed whole,"
        f" {len(coverage.partial)} in part. {len(coverage.skipped)} skipped, {len(coverage.limits_hit)} limits hit."
        f" Unresolved: {coverage.unresolved_calls} calls, {coverage.unresolved_includes} includes,"
        f" {coverage.unresolved_destinations} destinations."
    )
    return Note("coverage", "error" if coverage.incomplete else "note", text)


def _problems(prefix: str, coverage: Coverage) -> list[Note]:
    said = [
        Note("coverage", "error" if item.incomplete else "note", f"{prefix}not analysed: {item.reason}", item.path)
        for item in sorted(coverage.skipped, key=lambda item: (not item.incomplete, item))
    ]
    said += [
        Note("coverage", "error" if item.incomplete else "note", f"{prefix}{item.reason}", item.path)
        for item in sorted(coverage.remarks)
    ]
    said += [
        Note("coverage", "error", f"{prefix}limit hit: {item.limit} ({item.count} times)", item.path, item.line)
        for item in sorted(coverage.limits_hit)
    ]
    for item in sorted(coverage.partial):
        first = item.lines[0][0] if item.lines else 0
        spans = ", ".join(f"{start}-{end}" for start, end in item.lines[:20])
        said.append(Note("coverage", "warning", f"{prefix}lines not understood: {spans}", item.path, first))
    left = len(said) - NOTE_LIMIT
    if left > 0:
        return [*said[:NOTE_LIMIT], Note("cut", "warning", f"{prefix}{left} more notes on coverage are left out.")]
    return said
