"""# remote-command.

## What it does
Reports a program started with a command that the request, an upload or the network decides as a whole, and commands
that hand a shell over (`/bin/sh -i`, `/dev/tcp/`, `nc -e`) or install a job (`crontab`, `at`).

## Why is this bad
It is a web shell: whoever sends the request runs what he likes on the server.

## Example
```php
echo `$_GET[c]`;
```

## References
- CWE-78
- MITRE ATT&CK T1059, Command and Scripting Interpreter; T1053.003, Cron
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from scanner.analysis.remote import OUTSIDE, REQUEST
from scanner.analysis.summary import Hit
from scanner.analysis.values import Trace, Val, all_labels
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.distance import leaps
from scanner.detectors.targets import command_hosts
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("remote-command", Category.CONCEALMENT, "Command that somebody outside decides", __doc__)
_KINDS = frozenset({"exec", "process"})
_SHELL = re.compile(
    r"\b(?:ba|da|z|k|a)?sh\s++-i\b|/dev/(?:tcp|udp)/|\bnc(?:at)?\s++.*-[a-z]*e\b|\bmkfifo\b.*\bnc\b|\bsocat\b.*exec:",
    re.IGNORECASE,
)
_JOB = re.compile(
    r"(?:^|[|;&(\s])crontab\s+(?:-\s*$|-\s|/|[^-\s])|/etc/cron|\|\s*at\s+now|\bsystemd-run\b", re.IGNORECASE
)
_ESCAPED = frozenset({"escapeshellarg", "escapeshellcmd"})
_COMMANDS = ("command", "path", "payload", "args", "arguments", "options", "other")


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.signature.kind in _KINDS and not hit.via:
            yield from _finding(scene, hit)


def _values(hit: Hit) -> Iterator[Val]:
    stack = [hit.roles[role] for role in sorted(hit.roles) if role in _COMMANDS]
    while stack:
        value = stack.pop()
        yield value
        stack += [*(value.items or {}).values(), *([value.rest] if value.rest is not None else [])]


def _finding(scene: Scene, hit: Hit) -> Iterable[Finding]:
    texts = sorted({text for value in _values(hit) for text in value.texts})
    how, severity = "", Severity.HIGH
    source = _whole_from_outside(scene, hit)
    if source:
        how, severity = f"a command that comes from {source}", Severity.CRITICAL
    elif any(_SHELL.search(text) for text in texts):
        how = "a shell whose ends are handed over"
    elif any(_JOB.search(text) for text in texts):
        how = "a command that installs a job"
    if how:
        yield finding(
            scene,
            RULE,
            hit,
            severity=severity,
            confidence=Confidence.LIKELY,
            api=hit.api,
            message=f"{hit.api}() runs {how}",
            destinations=command_hosts(scene, hit),
        )


def _whole_from_outside(scene: Scene, hit: Hit) -> str:
    """What decides the beginning of a command, or of an argument of a program: the request, or data read here."""
    holes = scene.result.state.holes
    for value in _values(hit):
        short = {
            label: trace
            for label, trace in all_labels(value).items()
            if label in OUTSIDE and trace.length <= _SHORT_WAY
        }
        for text in sorted(value.texts) if short else ():
            first = holes.hole(text[0]) if text else None
            if first is not None and first.kind == "user-input":
                return "the request"
            unknown = first is not None and len(text) == 1 and first.kind == "unknown"
            if unknown and first is not None and not _escaped(first.text) and _comes_here(scene, hit, short):
                return "the request"
    return ""


_SHORT_WAY = 2


def _comes_here(scene: Scene, hit: Hit, labels: Mapping[str, Trace]) -> bool:
    """Whether what the request says comes here by calls alone: text that holds a kept piece of it is another thing."""
    trace = labels.get(REQUEST)
    return trace is not None and not leaps(scene, trace, scene.program.path(hit.function))


def _escaped(shown: str) -> bool:
    return shown.partition("(")[0].lower() in _ESCAPED


DETECTOR = Detector(RULE, _find)
