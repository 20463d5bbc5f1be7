"""# privilege-in-sql.

## What it does
Lists statements of SQL scripts, and of upgrades written in PHP, that give a privilege, name a hook file, add a cron
job, enable a module, make a trigger, an event or a function of a library, or read and write files. Of other code those
that it runs and that read or write files of the database server, load a library there, or reach another database. A
share or a database of another machine is a destination, and a secret in such a statement is named.

## Why is this bad
What an upgrade does to the database outlives the release, and the next comparison of code shows nothing of it. A file
on another machine's share is opened over the network by the database server: its name alone can carry data away.

## Example
```sql
UPDATE redcap_user_information SET super_user = 1 WHERE username = 'support';
```

## References
- CWE-269, Improper Privilege Management
- MySQL reference manual, String Functions, `LOAD_FILE()`; Microsoft Learn, UNC paths
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.destinations import url_destination
from scanner.analysis.statements import GRAVE, KIND
from scanner.analysis.summary import Hit
from scanner.analysis.templates import FIRST_PRIVATE
from scanner.detectors.base import Detector, Scene, finding, printable, rule, steps
from scanner.detectors.remarks import RISK, finding_of, is_named, places
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("privilege-in-sql", Category.WEAKENING, "SQL that gives privileges, adds jobs or reaches files", __doc__)


_ADDRESS = re.compile(
    rf"(?:mysql|mariadb|https?|ftp)://[^\s'\"]+|(?:\\{{2,4}}|(?<=['\"])//)[\w.{FIRST_PRIVATE}-\U0010ffff-]+[\\/][^\s'\"]*",
    re.IGNORECASE,
)
"""An address in a statement, or a share of another machine."""
_PIECES = re.compile(r"['\"]\s*,\s*['\"]")
"""Between pieces of text that the database puts together: `CONCAT('a', 'b')`."""
_CLIPPED = 200


def _find(scene: Scene) -> Iterable[Finding]:
    scripts = {place.path for place in places(scene, "sql")}
    for hit in scene.result.hits:
        if hit.signature.kind == KIND and scene.program.path(hit.function) not in scripts:
            yield from _of_code(scene, hit)
    for place in places(scene, "sql"):
        remark = place.remark
        grave = remark.grade == "risk"
        yield finding_of(
            RULE,
            place,
            severity=Severity.MEDIUM if grave else Severity.INFO if remark.grade == "quiet" else Severity.LOW,
            confidence=Confidence.LIKELY,
            details=[("statement", remark.text), *([RISK] if grave else [])],
            message=f"{remark.api}: {remark.text}",
        )


def _of_code(scene: Scene, hit: Hit) -> Iterable[Finding]:
    """A statement that the code itself runs and that reaches files or programs of the server, or another database."""
    holes = scene.result.state.holes
    for text in sorted(hit.roles["sql"].texts):
        match = GRAVE.search(text)
        if match is None:
            continue
        urls = [re.sub(r"\A\\+", "//", address[0]) for address in _ADDRESS.finditer(_PIECES.sub("", text))]
        hosts = {name for url in urls if is_named(name := url_destination(url, holes).name)}
        is_secret = scene.result.state.is_specific
        secrets = {label: way for label, way in hit.roles["sql"].labels.items() if is_secret(label)}
        shown = " ".join(holes.show(text[:_CLIPPED]).split())
        yield finding(
            scene,
            RULE,
            hit,
            severity=_severity(hosts, secrets),
            confidence=Confidence.LIKELY,
            api=hit.api,
            message=f"the code runs {match[0].lower()}: {printable(shown)}",
            destinations=hosts,
            secrets=secrets,
            trace=[step for label in sorted(secrets)[:1] for step in steps(secrets[label])],
            details=[("statement", printable(shown)), RISK],
        )
        return


def _severity(hosts: Iterable[str], secrets: Iterable[str]) -> Severity:
    """The database server opens the share of another machine, and looks its name up: that is a call like any other."""
    told = bool(hosts) + bool(secrets)
    return (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)[told]


DETECTOR = Detector(RULE, _find)
