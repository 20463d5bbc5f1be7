"""# hidden-text.

## What it does
Reports code that a reader does not see, or sees otherwise than PHP does: bidirectional controls that reorder a line
(Trojan Source), invisible characters and letters of another script in names, code pushed out of sight by blanks, by
blank lines, or between two comments, a closing tag inside a comment, bytes of value zero.

## Why is this bad
Somebody wants the review to miss it. Text of right-to-left languages, where the controls are closed on their line, is
low; so are long lines and long encoded literals, which build tools and libraries have too.

## Example
A line with 220 blanks before `eval($_POST['x']);`.

## References
- CVE-2021-42574 and CVE-2021-42694, Trojan Source
- MITRE ATT&CK T1027, Obfuscated Files or Information
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("hidden-text", Category.CONCEALMENT, "Code that a reader does not see as it is", __doc__)
_KINDS = {
    "bidi-character": (Severity.HIGH, "a bidirectional control reorders what is shown of this line"),
    "bidi-balanced": (Severity.INFO, "text with bidirectional controls"),
    "invisible-character": (Severity.HIGH, "an invisible character stands in the code"),
    "mixed-script": (Severity.HIGH, "a name mixes letters of several scripts that look alike"),
    "far-right-code": (Severity.HIGH, "code stands behind more than 200 blanks"),
    "code-between-comments": (Severity.HIGH, "code stands between the end of one comment and the begin of the next"),
    "code-after-blank-lines": (Severity.MEDIUM, "code stands behind 60 or more blank lines"),
    "tag-in-comment": (Severity.MEDIUM, "a closing tag ends a comment, and code follows on the line"),
    "nul-byte": (Severity.LOW, "a byte of value zero stands in the file"),
    "long-line": (Severity.INFO, "a line of more than 5,000 bytes"),
    "encoded-literal": (Severity.LOW, "a literal of 1,500 or more characters that look encoded"),
}


def _find(scene: Scene) -> Iterable[Finding]:
    for path, facts in sorted(scene.facts.items()):
        for kind, line in facts.notes:
            if kind in _KINDS:
                severity, message = _KINDS[kind]
                yield Finding(
                    rule=RULE.id,
                    category=RULE.category,
                    severity=severity,
                    confidence=Confidence.CERTAIN,
                    path=path,
                    line=line,
                    end_line=line,
                    symbol="",
                    api=kind,
                    message=message,
                    callee=kind,
                )


DETECTOR = Detector(RULE, _find)
