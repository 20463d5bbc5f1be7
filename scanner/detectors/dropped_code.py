"""# dropped-code.

## What it does
Reports a call that writes PHP code, or a file that the server runs or obeys: text with a PHP tag, a `.php` or
`.htaccess` file filled from the request or the network, a `.user.ini` that prepends a file. Written code that is known
is analysed like code of the release; what it does is reported at the call that writes it.

## Why is this bad
A backdoor that is written at run time stands in no release. Programs that keep generated code (caches, settings) write
PHP too: where the text is a literal that does nothing, the severity is low.

## Example
```php
file_put_contents('images/x.php', base64_decode($blob));
```

## References
- MITRE ATT&CK T1505.003, Web Shell
- CWE-94
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.code import KIND
from scanner.analysis.remote import ANSWER, is_remote
from scanner.analysis.sensitive import WRITE, is_code_file, is_php
from scanner.analysis.summary import Hit
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, all_labels
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.decoded import clipped
from scanner.detectors.literals import standing_nowhere, stands_in_file
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("dropped-code", Category.CONCEALMENT, "Code or server settings written to a file", __doc__)
_HANDLERS = re.compile(
    r"AddType|AddHandler|SetHandler|ForceType|php_value|php_admin|auto_(?:ap|pre)pend_file|allow_url_include|RewriteRule|"
    r"Options\s++.*ExecCGI|system\.webServer|\* \* \*",
    re.IGNORECASE,
)
_RETURN = re.compile(r"\s*+<\?php\s++return\b", re.IGNORECASE)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*+'|\"[^\"\\$]*+\"", re.DOTALL)
_DOES = re.compile(
    r"[$`;?<]|::|->|(?!array\b)\b\w+\s*+\(|\)\s*+\(|\b(?:include|require|eval|exit|die|print|throw|fn|function|new|yield)",
    re.IGNORECASE,
)
"""What in an expression can do anything but give a value."""
_ACTIVE = frozenset({KIND, "exec", "process", "http", "socket"})
_REMOTE = frozenset({"request", "response", "upload"})
_TELLING = 12
"""Characters of a line that is not written by chance."""
_DIRECT = 2
"""Steps of a trace up to which the request decides what is written."""


def _find(scene: Scene) -> Iterable[Finding]:
    reported = set[tuple[str, int]]()
    """Places of calls that write code by themselves: what their callers pass adds nothing."""
    for hit in sorted(scene.result.hits, key=lambda hit: len(hit.via)):
        if hit.signature.kind == WRITE and not (hit.via and hit.inner in reported):
            found = list(_finding(scene, hit))
            if found and not hit.via:
                reported.add(hit.inner)
            yield from (one for one in found if not hit.via or one.severity is Severity.HIGH)


def _finding(scene: Scene, hit: Hit) -> Iterable[Finding]:
    content, path = hit.roles.get("content", NOTHING), hit.roles.get("path", NOTHING)
    codes = sorted(text for text in content.texts if is_php(text))
    severity, how = _verdict(scene, hit, codes)
    if severity is None:
        return
    shown = ", ".join(sorted(clipped(scene, text)[:80] for text in path.texts)[:3])
    details = [("path", shown)] if shown else []
    yield finding(
        scene,
        RULE,
        hit,
        severity=severity,
        confidence=Confidence.LIKELY,
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        callee=hit.via[0] if hit.via else "",
        message=f"{hit.api}() writes {how}" + (f" to {shown}" if shown else ""),
        details=[*details, *(("decoded", clipped(scene, text)) for text in codes[:1] if severity is not Severity.LOW)],
    )


def _verdict(scene: Scene, hit: Hit, codes: list[str]) -> tuple[Severity | None, str]:
    content, path = hit.roles.get("content", NOTHING), hit.roles.get("path", NOTHING)
    if codes:
        telling = [code for code in codes if not _gives_a_value(code)]
        hidden = (
            bool(telling)
            and not stands_in_file(scene, hit.function, telling[0][:40])
            and bool(standing_nowhere(scene, _first_lines(telling[0])))
        )
        severity = Severity.HIGH if hidden or _acts(scene, hit) else Severity.LOW
        return severity, "decoded PHP code" if hidden else "PHP code"
    from_outside = {
        label for label, trace in all_labels(content).items() if label in _REMOTE and trace.length <= _DIRECT
    }
    if hit.api == "copy" and content.texts and not any(_begins_in_request(scene, text) for text in content.texts):
        from_outside.clear()  # a file whose place the code decides, whatever stands at the end of its name
    places = path.texts - content.texts if hit.api == "copy" else path.texts  # onto itself: nothing new
    named = any(is_code_file(text) for text in places)
    by_request = any(_ends_in_request(scene, text) for text in places)
    if hit.api == "move_uploaded_file":
        return (Severity.HIGH, "an upload under the name that its sender gave") if by_request else (None, "")
    if (named or by_request) and (from_outside or (hit.api == "copy" and _remote(content.texts))):
        read = from_outside == {ANSWER} and not any(map(is_remote, all_labels(content)))
        severity = Severity.MEDIUM if read else Severity.HIGH  # content of a file of this machine
        return severity, f"what comes from {', '.join(sorted(from_outside)) or 'the network'}"
    if named and any(_HANDLERS.search(text) for text in content.texts):
        return Severity.HIGH, "settings that the server obeys"
    return None, ""


def _gives_a_value(code: str) -> bool:
    """Whether PHP code returns an array or a scalar and does nothing else: what a cache writes."""
    match = _RETURN.match(code) if is_known(code) else None
    if match is None:
        return False
    value = code[match.end() :].rstrip().removesuffix("?>").rstrip().removesuffix(";")
    return not _DOES.search(_STRING.sub("''", value))


def _first_lines(code: str) -> list[str]:
    """The first lines that are long enough to tell: code that a function puts together stands in the release so."""
    lines = [line.strip() for line in code[:400].split("\n")]
    return [line for line in lines if len(line) >= _TELLING and is_known(line)][:4] or [code[:40]]


def _remote(texts: Iterable[str]) -> bool:
    return any(re.match(r"(?:https?|ftps?)://", text) for text in texts)


def _ends_in_request(scene: Scene, text: str) -> bool:
    hole = scene.result.state.holes.hole(text[-1]) if text else None
    return hole is not None and hole.kind == "user-input"


def _begins_in_request(scene: Scene, text: str) -> bool:
    hole = scene.result.state.holes.hole(text[0]) if text else None
    return hole is not None and hole.kind == "user-input"


def _acts(scene: Scene, hit: Hit) -> bool:
    """Whether the written code runs code or programs, or goes to the network."""
    paths = {path for path, unit in scene.program.code.items() if (unit.host, unit.start) == (hit.function, hit.start)}
    return any(
        scene.program.path(other.function) in paths and other.signature.kind in _ACTIVE for other in scene.result.hits
    )


DETECTOR = Detector(RULE, _find)
