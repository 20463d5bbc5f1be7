"""Findings completed from the source text: excerpt, normalised code, package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from scanner.errors import SourceError
from scanner.findings.normalise import normalise_code
from scanner.findings.packages import package_of
from scanner.model.finding import Finding
from scanner.model.source import Release, SourceFile

MAX_EXCERPT_LINES = 12
MAX_LINE = 400
"""Bytes that are shown of a line. Of a longer one the part is shown in which the finding begins."""
MAX_CODE = 4000
CONTEXT_LINES = 3
"""Lines above and below the excerpt."""
_BEFORE = 80


def dress(findings: Iterable[Finding], read: Callable[[SourceFile], bytes], release: Release) -> Iterator[Finding]:
    """Findings with `excerpt`, the lines around it, `code` and `package`; each file is read once.

    A file that cannot be read any more leaves its findings without excerpt.
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    files = {file.path: file for file in release.files}
    for path, group in by_path.items():
        try:
            content = read(files[path])
        except (KeyError, SourceError):
            content = b""
        lines = content.split(b"\n")
        package = package_of(path)
        for finding in group:
            yield msgspec.structs.replace(
                finding,
                excerpt=_excerpt(content, lines, finding),
                before=_shown(lines[max(0, finding.line - 1 - CONTEXT_LINES) : max(0, finding.line - 1)]),
                after=_after(lines, finding),
                code=_code(content, finding),
                package=package,
            )


def _excerpt(content: bytes, lines: list[bytes], finding: Finding) -> tuple[str, ...]:
    chosen = lines[finding.line - 1 : min(finding.end_line, finding.line + MAX_EXCERPT_LINES - 1)]
    if chosen and len(chosen[0]) > MAX_LINE and finding.span[1]:
        column = finding.span[0] - (content.rfind(b"\n", 0, finding.span[0]) + 1)
        chosen[0] = chosen[0][max(0, min(column, len(chosen[0])) - _BEFORE) :]
    return _shown(chosen)


def _after(lines: list[bytes], finding: Finding) -> tuple[str, ...]:
    """Lines below the excerpt, when it has all lines of the finding."""
    whole = finding.end_line < finding.line + MAX_EXCERPT_LINES
    return _shown(lines[finding.end_line : finding.end_line + CONTEXT_LINES]) if whole else ()


def _shown(lines: list[bytes]) -> tuple[str, ...]:
    return tuple(line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r") for line in lines)


def _code(content: bytes, finding: Finding) -> str:
    start, end = finding.span
    if not end:
        return ""
    return normalise_code(content[start : min(end, start + MAX_CODE)])
