"""A JSON report read back: for commands that go on from a report instead of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.finding import Finding, TraceStep
from scanner.report.document import SCHEMA, Document, FindingRecord, Side
from scanner.report.rows import Entry

MAX_BYTES: Final = 512 << 20


def read_document(path: Path) -> Document:
    """The report in a file. Raises: ConfigurationError in one line when it is none."""
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path}: larger than {MAX_BYTES >> 20} MiB: no report of this program"
            raise ConfigurationError(message)
        document = msgspec.json.decode(path.read_bytes(), type=Document)
    except OSError as error:
        message = f"{path}: {error.strerror or error}: correct the path of the report"
        raise ConfigurationError(message) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{path}: no JSON report of this version of the program: {error}"
        raise ConfigurationError(message) from None
    if document.schema != SCHEMA:
        message = f"{path}: schema {document.schema[:60]!r}, this program reads {SCHEMA}"
        raise ConfigurationError(message)
    return document


def entry_of(record: FindingRecord) -> Entry:
    """A finding of a report as the formats show it."""
    return Entry(
        record.state,
        _finding(record),
        _finding(record.baseline) if record.baseline is not None else None,
        record.moved_from,
    )


def _finding(side: Side) -> Finding:
    return Finding(
        rule=side.rule,
        category=side.category,
        severity=side.severity,
        confidence=side.confidence,
        path=side.path,
        line=side.line,
        end_line=side.end_line,
        symbol=side.symbol,
        api=side.api,
        message=side.message,
        destinations=side.destinations,
        secrets=side.secrets,
        details=tuple((detail.name, detail.value) for detail in side.details),
        trace=tuple(TraceStep(step.path, step.line, step.text) for step in side.trace),
        code=side.code,
        package=side.package,
        excerpt=side.excerpt,
        identity=side.identity,
        evidence=side.evidence,
    )
