"""What the detectors found, each thing once and in the order of the report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.findings.fingerprint import callee_of, fingerprint
from scanner.model.finding import Finding


def collect(raw: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings of a release: without duplicates, sorted worst first, with fingerprints.

    Two findings are one when rule, place, callee, code, destinations, secrets and details agree. Of such a pair the
    worse severity stays, then the higher confidence, then the shorter trace. The result does not depend on the
    order of the input.
    """
    kept: dict[tuple[Any, ...], Finding] = {}
    for finding in map(_tidy, raw):
        key = _sameness(finding)
        present = kept.get(key)
        if present is None or _preference(finding) < _preference(present):
            kept[key] = finding
    return tuple(sorted(fingerprint(kept.values()), key=report_order))


def report_order(finding: Finding) -> tuple[Any, ...]:
    """Sort key of a report: severity, category, path, line, rule, then whatever tells two findings apart."""
    return (
        finding.severity.rank,
        finding.category,
        finding.path,
        finding.line,
        finding.rule,
        *_rest(finding),
    )


def file_order(finding: Finding) -> tuple[Any, ...]:
    """Sort key by place: path, line, rule, then whatever tells two findings apart."""
    return (finding.path, finding.line, finding.rule, *_rest(finding))


def _rest(finding: Finding) -> tuple[Any, ...]:
    """What decides between findings of one rule on one line."""
    return (
        finding.end_line,
        finding.api,
        finding.symbol,
        finding.callee,
        finding.evidence,
        finding.code,
        finding.destinations,
        finding.secrets,
        finding.details,
        finding.message,
        finding.identity,
    )


def _tidy(finding: Finding) -> Finding:
    """The finding with destinations, secrets and details sorted and distinct, as its contract says."""
    wanted = {
        "destinations": tuple(sorted(set(finding.destinations))),
        "secrets": tuple(sorted(set(finding.secrets))),
        "details": tuple(sorted(set(finding.details))),
    }
    if all(getattr(finding, name) == value for name, value in wanted.items()):
        return finding
    return msgspec.structs.replace(finding, **wanted)


def _sameness(finding: Finding) -> tuple[Any, ...]:
    """Findings with one key are one finding."""
    return (
        finding.rule,
        finding.category,
        finding.path,
        finding.line,
        finding.end_line,
        finding.symbol,
        finding.api,
        callee_of(finding),
        finding.code,
        finding.destinations,
        finding.secrets,
        finding.details,
    )


def _preference(finding: Finding) -> tuple[Any, ...]:
    """Smallest first: worst, most certain, shortest trace, then by content."""
    steps = tuple((step.path, step.line, step.text) for step in finding.trace)
    return (
        finding.severity.rank,
        finding.confidence.rank,
        len(steps),
        steps,
        finding.message,
        finding.package,
        finding.excerpt,
    )
