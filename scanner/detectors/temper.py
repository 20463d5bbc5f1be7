"""Findings in code that is most likely a sample, not a program: shown, but not loud.

Documentation and templates hold PHP that no server runs. A finding there is at most `low`, unless some include of the
release names the file. Images, fonts and other files that should hold no code at all are not tempered, and neither are
findings of concealment, unless PHP could not run the text: where the parser breaks off in it (prose after a sample that
is never closed), they are at most `medium`.
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

_BEHAVIOUR = frozenset({"remote-command", "dynamic-code", "computed-callee", "runtime-setting", "dropped-code"})
"""Rules of concealment about what code does when it runs, unlike those about how a text looks."""

SAMPLE = ("context", "text that nothing includes")
"""Detail of a tempered finding: it stays low in a comparison, too."""
REFUSED = ("php", "refuses the file: it breaks off in the text")
"""Detail of a finding in such text that is no PHP to its end. The hosts that it names are none of the release's."""

READ_BY_PEOPLE = (".md", ".txt", ".rst", ".adoc")
"""Ends of texts that a web server sends as text: no browser follows what stands in them."""


def names_hosts(finding: Finding) -> bool:
    """Whether the hosts of a finding are some of the release's: not in text that nobody runs and no browser reads."""
    read = SAMPLE in finding.details and finding.path.lower().endswith(READ_BY_PEOPLE)
    return REFUSED not in finding.details and not (read and ("channel", "browser") in finding.details)


def temper(scene: Scene, finding: Finding) -> Finding:
    """The finding as it stands, or as a low one where its file is text that nothing includes."""
    if finding.rule in _OWN_JUDGEMENT or not finding.path.lower().endswith(TEXT_SUFFIXES):
        return finding
    if finding.path in scene.result.state.included:
        return finding
    if finding.category is Category.CONCEALMENT:
        broken = finding.rule in _BEHAVIOUR and _is_broken(scene, finding.path)
        return _at_most(finding, Severity.MEDIUM) if broken else finding
    refused = [REFUSED] if _is_broken(scene, finding.path) else []
    details = tuple(sorted({*finding.details, SAMPLE, *refused}))
    if finding.severity is Severity.INFO:
        return msgspec.structs.replace(finding, details=details)
    return msgspec.structs.replace(finding, severity=Severity.LOW, confidence=Confidence.POSSIBLE, details=details)


def _is_broken(scene: Scene, path: str) -> bool:
    """Whether the file is no PHP from its first tag to its end: PHP refuses such a file as a whole."""
    facts = scene.facts.get(path)
    return facts is not None and any(gap.reason == "syntax" for gap in facts.gaps)


def _at_most(finding: Finding, severity: Severity) -> Finding:
    return msgspec.structs.replace(finding, severity=max(finding.severity, severity, key=lambda item: item.rank))
