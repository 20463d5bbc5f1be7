"""# secret-in-sql.

## What it does
Reports a secret or a database credential in a statement that writes to the database: INSERT, REPLACE, UPDATE and the
like, also through functions of the program. What is only compared (`WHERE hash = ...`) is left out, and a setting that
goes back into the table of settings is no news. The password and the salt of `database.php` have no business in any
table: whoever reads the table can send them on.

## Why is this bad
A secret in a log table, in a message or in a record is read by everybody who may read those, and leaves with every
export.

## Example
```php
db_query("INSERT INTO redcap_log_event (description) VALUES ('" . $GLOBALS['salt'] . "')");
```

## References
- CWE-312, CWE-532
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.origins import SETTINGS_TABLE
from scanner.analysis.state import Output
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.outputs import output_findings
from scanner.model.finding import Category, Finding, Severity

RULE = rule("secret-in-sql", Category.EXFILTRATION, "Secret written to the database", __doc__)
_WRITES = re.compile(r"\s*(?:insert|replace|update|merge|load\s+data|call|set\s+@)\b", re.IGNORECASE)
_LOG = re.compile(r"(?:into|update)\s+[`\w.]*(?:log|message|history|audit)", re.IGNORECASE)


def _wanted(scene: Scene, output: Output) -> Severity | None:
    if output.effect != "sql":
        return None
    writes = [text for text in output.places if _WRITES.match(text)]
    if writes and any(label in scene.result.state.origins.of_database_file for label, _trace in output.labels):
        return Severity.HIGH
    if not writes or all(SETTINGS_TABLE in text for text in writes):
        return None
    return Severity.MEDIUM if any(_LOG.search(text) for text in writes) else Severity.LOW


def _find(scene: Scene) -> Iterable[Finding]:
    return output_findings(scene, RULE, _wanted, "a statement that writes to the database")


DETECTOR = Detector(RULE, _find)
