"""The JSON report, version 1, as records: the contract with programs that read it.

Keys are never renamed or removed within a version; new ones may be added. `schema/report-1.json` is generated
from these records.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec

from scanner.model.decision import Standing
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import BaselineState, Comparison, Coverage, LimitHit, ReleaseInfo
from scanner.report import rows
from scanner.report.base import ReportView

SCHEMA = "redcap-scanner/report-1"

Line = Annotated[int, msgspec.Meta(description="1-based line.")]
State = Annotated[BaselineState | None, msgspec.Meta(description="Against the baseline; null in a scan.")]


class Tool(msgspec.Struct, frozen=True):
    """The program that wrote the report."""

    name: str
    version: str


class Partial(msgspec.Struct, frozen=True):
    """A file with regions that were not understood; `lines` are inclusive ranges."""

    path: str
    lines: tuple[tuple[int, int], ...]


class Skipped(msgspec.Struct, frozen=True):
    """A file that was not analysed. `incomplete`: whether this makes the scan incomplete."""

    path: str
    reason: str
    incomplete: bool


class CoverageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What was and was not looked at."""

    files: int
    php_files: int
    parsed: int
    other_files: int
    partial: tuple[Partial, ...]
    skipped: tuple[Skipped, ...]
    remarks: Annotated[
        tuple[Skipped, ...],
        msgspec.Meta(description="About the release as a whole or a file's name; not counted in `files`."),
    ]
    cached: Annotated[
        int,
        msgspec.Meta(
            description="Files whose facts came from the cache. The only key that may differ between two runs over"
            " the same input: leave it out before comparing bytes."
        ),
    ]
    unresolved_calls: int
    unresolved_includes: int
    unresolved_destinations: int
    limits_hit: tuple[LimitHit, ...]
    complete: bool


class Summary(msgspec.Struct, frozen=True):
    """Number of `findings` by each key. `by_state` and `by_state_and_severity` are empty in a scan."""

    by_state: dict[str, int]
    by_severity: dict[str, int]
    by_category: dict[str, int]
    by_state_and_severity: dict[str, dict[str, int]]


class VerdictRecord(msgspec.Struct, frozen=True):
    """Findings at or above `fail_on`, in a comparison only new and updated ones: `failing`, or `decided`."""

    fail_on: Severity | None
    failing: int
    complete: bool
    decided: int


class NoticeRecord(msgspec.Struct, frozen=True):
    """A remark about policy or decisions; an alarm fails the run."""

    text: str
    alarm: bool


class TriageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What policy and decisions did. `by_standing` counts the findings that have a decision."""

    policy: Annotated[str | None, msgspec.Meta(description="File that the policy came from.")]
    decisions: Annotated[str | None, msgspec.Meta(description="File that the decisions came from.")]
    by_standing: dict[str, int]
    lowered: Annotated[int, msgspec.Meta(description="Findings whose severity the policy lowered.")]
    stale: Annotated[int, msgspec.Meta(description="Decisions about findings that this report does not have.")]
    notices: tuple[NoticeRecord, ...]


class FileChanges(msgspec.Struct, frozen=True):
    """Files of the two releases against each other."""

    added: int
    removed: int
    changed: int
    unchanged: int
    not_in_archive: int


class RuleRecord(msgspec.Struct, frozen=True):
    """A rule that ran, whether it found something or not."""

    id: str
    category: Category
    title: str


class Step(msgspec.Struct, frozen=True):
    """One step from source to sink."""

    path: str
    line: Line
    text: str


class Detail(msgspec.Struct, frozen=True):
    """A piece of evidence beside destinations and secrets."""

    name: str
    value: str


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as one release has it."""

    rule: str
    category: Category
    severity: Severity
    confidence: Confidence
    path: str
    line: Line
    end_line: Line
    symbol: str
    api: str
    message: str
    destinations: tuple[str, ...]
    secrets: tuple[str, ...]
    details: tuple[Detail, ...]
    trace: tuple[Step, ...]
    package: str
    code: Annotated[str, msgspec.Meta(description="Normalised code of the call; empty with --no-excerpts.")]
    excerpt: Annotated[tuple[str, ...], msgspec.Meta(description="Source lines; empty with --no-excerpts.")]
    identity: str
    evidence: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer's decision about a finding. Only with the standing `in-force` it decides anything."""

    verdict: str
    reason: str
    reviewer: str
    date: str
    release: str
    review_by: str | None
    second_reviewer: str | None
    standing: Standing
    why: Annotated[str, msgspec.Meta(description="What has become of the decision, as a sentence.")]


class LoweredRecord(msgspec.Struct, frozen=True):
    """What the policy did to the severity of a finding."""

    severity: Annotated[Severity, msgspec.Meta(description="Severity without the policy.")]
    why: str


class FindingRecord(Side, frozen=True, kw_only=True):
    """A finding and its state. For `absent` it is the baseline's."""

    state: State
    decision: Decision | None
    lowered: LoweredRecord | None
    baseline: Annotated[Side | None, msgspec.Meta(description="The old side of an updated finding, else null.")]
    moved_from: Annotated[str | None, msgspec.Meta(description="Old path when the code moved.")]


class ReleaseRecord(msgspec.Struct, frozen=True):
    """A release; `name` is a base name or `repository@ref`, never an absolute path."""

    name: str
    version: str | None
    files: int
    layout: str


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A report. Same input, same bytes, but for the key `cached` of the coverage records."""

    schema: str
    tool: Tool
    baseline: ReleaseRecord | None
    current: ReleaseRecord
    verdict: VerdictRecord
    coverage: CoverageRecord
    baseline_coverage: CoverageRecord | None
    file_changes: FileChanges | None
    triage: TriageRecord | None
    summary: Summary
    destinations: list[rows.DestinationRow]
    secrets: list[rows.SecretRow]
    endpoints: list[rows.EndpointRow]
    packages: list[rows.PackageRow]
    findings: list[FindingRecord]
    not_compared: Annotated[
        list[Side],
        msgspec.Meta(description="Findings in files that an upgrade archive does not hold: neither new nor gone."),
    ]
    rules: list[RuleRecord]


def document(view: ReportView) -> Document:
    """The whole result as records, every list sorted."""
    found = rows.entries(view)
    judged = rows.verdict(view, found)
    baseline = view.baseline
    rules = {rule.id: rule for side in (baseline, view.current) if side for rule in side.rules}
    return Document(
        schema=SCHEMA,
        tool=Tool("redcap-scanner", view.current.tool_version),
        baseline=_release(baseline.release) if baseline else None,
        current=_release(view.current.release),
        verdict=VerdictRecord(judged.fail_on, len(judged.failing), judged.complete, judged.decided),
        coverage=_coverage(view.current.coverage),
        baseline_coverage=_coverage(baseline.coverage) if baseline else None,
        file_changes=_file_changes(view),
        triage=_triage(view, found),
        summary=_summary(found, compared=baseline is not None),
        destinations=rows.destinations(view),
        secrets=rows.secrets(view),
        endpoints=rows.endpoints(view),
        packages=rows.packages(view),
        findings=[_finding(entry, view.excerpts) for entry in found],
        not_compared=[Side(**_side(finding, view.excerpts)) for finding in rows.not_compared(view)],
        rules=[RuleRecord(rule.id, rule.category, rule.title) for _, rule in sorted(rules.items())],
    )


def schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the report."""
    generated = msgspec.json.schema(Document)
    generated["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    generated["title"] = "Report of redcap-scanner, version 1"
    return generated


def _release(info: ReleaseInfo) -> ReleaseRecord:
    return ReleaseRecord(info.name, info.version, info.files, info.layout)


def _coverage(coverage: Coverage) -> CoverageRecord:
    return CoverageRecord(
        files=coverage.files,
        php_files=coverage.php_files,
        parsed=coverage.parsed,
        other_files=coverage.other_files,
        partial=tuple(Partial(item.path, item.lines) for item in sorted(coverage.partial)),
        skipped=tuple(Skipped(item.path, item.reason, item.incomplete) for item in sorted(coverage.skipped)),
        remarks=tuple(Skipped(item.path, item.reason, item.incomplete) for item in sorted(coverage.remarks)),
        cached=coverage.cached,
        unresolved_calls=coverage.unresolved_calls,
        unresolved_includes=coverage.unresolved_includes,
        unresolved_destinations=coverage.unresolved_destinations,
        limits_hit=tuple(sorted(coverage.limits_hit)),
        complete=not coverage.incomplete,
    )


def _file_changes(view: ReportView) -> FileChanges | None:
    content = view.content
    if not isinstance(content, Comparison):
        return None
    return FileChanges(
        content.files_added,
        content.files_removed,
        content.files_changed,
        content.files_unchanged,
        content.not_in_archive,
    )


def _summary(found: tuple[rows.Entry, ...], *, compared: bool) -> Summary:
    severities = Counter(entry.finding.severity for entry in found)
    categories = Counter(entry.finding.category for entry in found)
    pairs = rows.count_by(found)
    by_both = {
        state.value: {severity.value: pairs[state, severity] for severity in Severity}
        for state in rows.STATES
        if compared
    }
    return Summary(
        by_state={state: sum(counts.values()) for state, counts in by_both.items()},
        by_severity={severity.value: severities[severity] for severity in Severity},
        by_category={category.value: categories[category] for category in Category},
        by_state_and_severity=by_both,
    )


def _triage(view: ReportView, found: tuple[rows.Entry, ...]) -> TriageRecord | None:
    triage = view.triage
    if triage is None:
        return None
    standings = Counter(entry.judgement.standing for entry in found if entry.judgement)
    return TriageRecord(
        policy=triage.policy or None,
        decisions=triage.decisions or None,
        by_standing={standing.value: standings[standing] for standing in Standing},
        lowered=sum(entry.lowered is not None for entry in found),
        stale=triage.stale,
        notices=tuple(NoticeRecord(notice.text, notice.alarm) for notice in triage.notices),
    )


def _decision(entry: rows.Entry) -> Decision | None:
    judged = entry.judgement
    if judged is None:
        return None
    said = judged.decision
    return Decision(
        verdict=said.verdict.value,
        reason=said.reason,
        reviewer=said.reviewer,
        date=said.date,
        release=said.release,
        review_by=said.review_by or None,
        second_reviewer=said.second_reviewer or None,
        standing=judged.standing,
        why=judged.why,
    )


def _finding(entry: rows.Entry, excerpts: bool) -> FindingRecord:  # noqa: FBT001  a flag of the view, passed on
    return FindingRecord(
        **_side(entry.finding, excerpts),
        state=entry.state,
        decision=_decision(entry),
        lowered=LoweredRecord(entry.lowered.severity, entry.lowered.why) if entry.lowered else None,
        baseline=Side(**_side(entry.baseline, excerpts)) if entry.baseline else None,
        moved_from=entry.moved_from,
    )


def side(finding: Finding) -> Side:
    """A finding as the report shows it."""
    return Side(**_side(finding, excerpts=True))


def _side(finding: Finding, excerpts: bool) -> dict[str, Any]:  # noqa: FBT001  a flag of the view, passed on
    return {
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "symbol": finding.symbol,
        "api": finding.api,
        "message": finding.message,
        "destinations": finding.destinations,
        "secrets": finding.secrets,
        "details": tuple(Detail(name, value) for name, value in finding.details),
        "trace": tuple(Step(step.path, step.line, step.text) for step in finding.trace),
        "package": finding.package,
        "code": finding.code if excerpts else "",
        "excerpt": finding.excerpt if excerpts else (),
        "identity": finding.identity,
        "evidence": finding.evidence,
    }
