"""Findings completed from the source text: excerpt, normalised code, package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from scanner.errors import ScannerError
from scanner.findings.normalise import normalise_code
from scanner.findings.packages import package_of
from scanner.model.finding import Finding
from scanner.model.source import Release, SourceFile

MAX_EXCERPT_LINES = 12
MAX_LINE = 400
MAX_CODE = 4000


def dress(
    findings: Iterable[Finding], read: Callable[[SourceFile], bytes], release: Release
) -> Iterator[Finding]:
    """Findings with `excerpt`, `code` and `package`; each file is read once.

    A file that cannot be read any more leaves its findings without excerpt.
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    files = {file.path: file for file in release.files}
    for path, group in by_path.items():
        try:
            content = read(files[path])
        except (KeyError, OSError, ScannerError):
            content = b""
        lines = content.split(b"\n")
        package = package_of(path)
        for finding in group:
            yield msgspec.structs.replace(
                finding, excerpt=_excerpt(lines, finding), code=_code(content, finding), package=package
            )


def _excerpt(lines: list[bytes], finding: Finding) -> tuple[str, ...]:
    chosen = lines[finding.line - 1 : min(finding.end_line, finding.line + MAX_EXCERPT_LINES - 1)]
    return tuple(line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r") for line in chosen)


def _code(content: bytes, finding: Finding) -> str:
    start, end = finding.span
    if not end:
        return ""
    return normalise_code(content[start : min(end, start + MAX_CODE)])
