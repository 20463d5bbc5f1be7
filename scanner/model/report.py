"""What a scan and a comparison return: everything that a report format may see."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scanner.model.finding import Finding, Rule


class BaselineState(StrEnum):
    """State of something in the current release against the baseline (SARIF `baselineState`)."""

    NEW = "new"
    UPDATED = "updated"
    ABSENT = "absent"
    UNCHANGED = "unchanged"


class ReleaseInfo(msgspec.Struct, frozen=True):
    """The release as the report names it."""

    name: str
    version: str | None
    layout: str
    files: int


class PartialFile(msgspec.Struct, frozen=True, order=True):
    """A file that was analysed with gaps."""

    path: str
    lines: tuple[tuple[int, int], ...]
    """Inclusive 1-based line ranges that the parser could not read."""


class SkippedFile(msgspec.Struct, frozen=True, order=True):
    """A file that was not analysed, and why."""

    path: str
    reason: str
    incomplete: bool = True


class LimitHit(msgspec.Struct, frozen=True, order=True):
    """A bound of the analysis that was reached: the result there is partial."""

    limit: str
    path: str
    line: int = 0
    count: int = 1


ANALYSIS_ERROR = "analysis-error"
"""An error of the analyser itself in one statement, file or rule: what it belongs to is not analysed there."""
FLOW_LIMITS = frozenset(
    {"wrapper-depth", "call-depth", "sinks-per-function", "effects-per-function", "closures-per-function",
     "handles-per-value", "steps-of-vague-data", "clients-passed", "rounds", "one-of-many"}
)  # fmt: skip
"""Limits on how far a flow is followed: every call is still listed, so they leave no part of a file unread."""
FILE_LIMITS = frozenset(
    {"file-remarks", "file-names", "file-tags", "file-nodes", "file-depth", "file-pieces", "file-lines",
     "file-statements", "file-archive-encrypted", "file-archive-broken", "file-archive-size",
     "file-archives-within-archives"}
)  # fmt: skip
"""Parts of files without PHP that were not read: each is a finding of rule `unread-part`."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What was and was not looked at: `files` is `php_files` and `other_files` and `skipped` together."""

    files: int
    """Files of the release, including skipped ones."""
    php_files: int
    """Files with PHP code in them, by content."""
    parsed: int
    """PHP files analysed whole."""
    partial: tuple[PartialFile, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    remarks: tuple[SkippedFile, ...] = ()
    """What is odd about the release as a whole (data behind an archive) or about the name of a file that is counted
    elsewhere (a second member of the same name). No files, so not in `files`."""
    other_files: int = 0
    """Files without PHP code (looked at by content only)."""
    cached: int = 0
    """Files whose facts came from the cache. Not part of the canonical report bytes."""
    unresolved_calls: int = 0
    """Calls whose callee is computed at run time and could not be resolved."""
    unresolved_includes: int = 0
    unresolved_destinations: int = 0
    limits_hit: tuple[LimitHit, ...] = ()

    @property
    def incomplete(self) -> bool:
        """True when something that belongs to the release was not analysed whole within its limits."""
        return any(item.incomplete for item in (*self.skipped, *self.remarks)) or any(
            item.limit not in FLOW_LIMITS | FILE_LIMITS for item in self.limits_hit
        )


class DestinationSummary(msgspec.Struct, frozen=True, order=True):
    host: str
    findings: int
    """Findings of category egress or exfiltration that name it."""


class SecretSummary(msgspec.Struct, frozen=True, order=True):
    name: str
    findings: int


class EndpointSummary(msgspec.Struct, frozen=True, order=True):
    path: str
    """Canonical path of the page; of a route the address: `redcap_v@/index.php?route=Controller:method`."""
    auth: str
    """`none`, `login`, `token`, `survey-hash`, `install`, `cli`."""
    how: str = ""
    """Why the class was given: `NOAUTH defined`, `never loads the authenticating bootstrap`."""
    effects: tuple[str, ...] = ()


class PackageSummary(msgspec.Struct, frozen=True, order=True):
    name: str
    version: str
    capabilities: tuple[str, ...]
    """Sorted subset of `network exec files eval env mail database`."""
    digest: str = ""
    """Digest over the package's file digests: tells whether its content changed."""
    files: int = 0
    verified: bool = False
    """Every copy is what was published under this name and version (`--verify-with`)."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Result of `scan`: findings sorted by (severity, category, path, line, rule)."""

    tool_version: str
    release: ReleaseInfo
    coverage: Coverage
    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...]
    """Every rule that ran, found something or not, sorted by id."""
    destinations: tuple[DestinationSummary, ...] = ()
    secrets: tuple[SecretSummary, ...] = ()
    endpoints: tuple[EndpointSummary, ...] = ()
    packages: tuple[PackageSummary, ...] = ()


class FindingChange(msgspec.Struct, frozen=True):
    """One finding against its counterpart. `absent` has no current, `new` has no baseline."""

    state: BaselineState
    baseline: Finding | None
    current: Finding | None
    moved_from: str | None = None
    """Old canonical path when the code moved."""

    @property
    def finding(self) -> Finding:
        """The current finding, or the baseline's when it is absent."""
        result = self.current or self.baseline
        if result is None:
            message = "a change has at least one side"
            raise ValueError(message)
        return result


class DestinationChange(msgspec.Struct, frozen=True):
    state: BaselineState
    host: str
    findings: int
    """In the current release; for `absent` in the baseline."""


class SecretChange(msgspec.Struct, frozen=True):
    state: BaselineState
    name: str
    findings: int


class EndpointChange(msgspec.Struct, frozen=True):
    state: BaselineState
    path: str
    auth: str
    baseline_auth: str | None = None


class PackageChange(msgspec.Struct, frozen=True):
    state: BaselineState
    name: str
    old: str | None
    new: str | None
    capabilities: tuple[str, ...]
    gained: tuple[str, ...] = ()
    """Capabilities that the current release has and the baseline had not."""
    content_changed_without_version: bool = False
    old_capabilities: tuple[str, ...] = ()
    verified: bool = False
    """The current copies are what was published."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Result of `diff`: every finding of both sides exactly once, in `changes` or in `not_compared`."""

    baseline: Report
    current: Report
    changes: tuple[FindingChange, ...]
    """Sorted: new, updated, absent, unchanged; inside by severity, path, line, rule."""
    destinations: tuple[DestinationChange, ...] = ()
    secrets: tuple[SecretChange, ...] = ()
    endpoints: tuple[EndpointChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    files_added: int = 0
    files_removed: int = 0
    files_changed: int = 0
    files_unchanged: int = 0
    not_in_archive: int = 0
    """Files of the baseline outside the version folder when the current release is an upgrade archive (or the
    other way round): not compared, and not gone."""
    not_compared: tuple[Finding, ...] = ()
    """Findings in the files of `not_in_archive`, in the order of a report: they are neither new nor gone."""
