"""Findings in code that is most likely a sample, not a program: shown, but not loud.

Documentation and templates hold PHP that no server runs. A finding there is at most `low`, unless some include of the
release names the file. Images, fonts and other files that should hold no code at all are not tempered.
"""

from __future__ import annotations

import msgspec

from scanner.detectors.base import Scene
from scanner.model.finding import Category, Confidence, Finding, Severity

TEXT_SUFFIXES = (
    ".tpl", ".html", ".htm", ".txt", ".md", ".rst", ".dist", ".example", ".sample", ".stub", ".twig", ".xml", ".sh",
    ".adoc", ".mustache", ".po", ".pot",
)  # fmt: skip
_OWN_JUDGEMENT = frozenset(
    {"browser-request", "secret-in-browser-request", "script-network-command", "credentials-in-script",
     "install-time-code", "server-redirect", "server-setting", "executable-file", "unread-part"}
)  # fmt: skip
"""Rules about what these files are when nothing includes them: pages and scripts of their own."""

SAMPLE = ("context", "text that nothing includes")
"""Detail of a tempered finding: it stays low in a comparison, too."""


def temper(scene: Scene, finding: Finding) -> Finding:
    """The finding as it stands, or as a low one where its file is text that nothing includes."""
    if (
        finding.rule in _OWN_JUDGEMENT
        or finding.category is Category.CONCEALMENT
        or not finding.path.lower().endswith(TEXT_SUFFIXES)
    ):
        return finding
    if finding.path in scene.result.state.included:
        return finding
    if finding.severity is Severity.INFO:
        return msgspec.structs.replace(finding, details=tuple(sorted({*finding.details, SAMPLE})))
    details = tuple(sorted({*finding.details, SAMPLE}))
    return msgspec.structs.replace(finding, severity=Severity.LOW, confidence=Confidence.POSSIBLE, details=details)
