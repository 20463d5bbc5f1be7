"""Rules and findings: what is reported about one release."""

from __future__ import annotations

from enum import StrEnum

import msgspec

TRIGGER = "trigger"
"""Key of a finding's details: what makes its code run besides a person who is logged in."""


class Severity(StrEnum):
    """Impact if the finding is what it looks like."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical up to 4 for info: sorts worst first."""
        return _SEVERITY_ORDER.index(self)


_SEVERITY_ORDER = list(Severity)


class Confidence(StrEnum):
    """Certainty that the code does what the finding says."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def rank(self) -> int:
        """0 for certain up to 2 for possible."""
        return _CONFIDENCE_ORDER.index(self)


_CONFIDENCE_ORDER = list(Confidence)


class Category(StrEnum):
    """What a rule is about; the categories of the report."""

    EGRESS = "egress"
    SECRET_USE = "secret-use"  # noqa: S105  the name of a category
    EXFILTRATION = "exfiltration"
    PAYLOAD = "payload"
    CONCEALMENT = "concealment"
    ENDPOINT = "endpoint"
    WEAKENING = "weakening"
    INTEGRITY = "integrity"
    BLIND_SPOT = "blind-spot"


class Rule(msgspec.Struct, frozen=True):
    """Identity of what a detector looks for (SARIF `reportingDescriptor`)."""

    id: str
    """kebab-case, names the thing found."""
    category: Category
    title: str
    """One line, no full stop."""
    help: str = ""
    """Markdown page of the rule, from its detector's docstring."""


class TraceStep(msgspec.Struct, frozen=True):
    """One step from source to sink (SARIF `threadFlowLocation`)."""

    path: str
    line: int
    text: str
    """What happens here, in words; no source excerpt."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a reviewer may want to know about a release (SARIF `result`)."""

    rule: str
    category: Category
    severity: Severity
    confidence: Confidence
    path: str
    line: int
    """1-based."""
    end_line: int
    symbol: str
    """Enclosing symbol: `Class::method`, `function`, `{closure}` below its owner, or `` for file scope."""
    api: str
    """What is called or read: `curl_exec`, `GuzzleHttp\\Client::request`, `$GLOBALS['salt']`."""
    message: str
    """One sentence. Untrusted text in it is not yet escaped: the report formats do that."""
    destinations: tuple[str, ...] = ()
    """Sorted: host, `*.pattern`, `config:<setting>`, `own-server`, `user-input`, `local`, or `unresolved`."""
    secrets: tuple[str, ...] = ()
    """Sorted labels: `db.password`, `config.twilio_auth_token`, ..."""
    details: tuple[tuple[str, str], ...] = ()
    """Sorted evidence beyond destinations and secrets: (`tls-verify`, `off`), (`method`, `POST`), (`url`, text)."""
    trace: tuple[TraceStep, ...] = ()
    callee: str = ""
    """Normalised callee for the identity: lower case, receiver variable names left out."""
    code: str = ""
    """Normalised code of the call (comments and blanks folded, locals kept): part of the evidence."""
    package: str = ""
    """Bundled package the file belongs to (`guzzlehttp/guzzle`), `` for first-party code."""
    span: tuple[int, int] = (0, 0)
    """Byte offsets of the code in its file, half open; (0, 0) for a finding about the file as a whole."""
    excerpt: tuple[str, ...] = ()
    """Source lines `line`..`end_line` (bounded), undecodable bytes replaced. Not part of identity or evidence."""
    before: tuple[str, ...] = ()
    """A few lines above the excerpt, bounded as it is: for people who read the finding."""
    after: tuple[str, ...] = ()
    """A few lines below the excerpt; empty where the excerpt is cut."""
    identity: str = ""
    """Hash that finds the same finding again in another release (docs/fingerprints.md)."""
    evidence: str = ""
    """Hash of what a decision was made about; another evidence reopens the decision."""
    moved_key: str = ""
    """Identity without the path: recognises moved code."""
