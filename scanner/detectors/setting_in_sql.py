"""# setting-in-sql.

## What it does
Lists addresses that SQL of an installation or upgrade, or a statement that the code itself runs, writes into a table of
settings: what the application contacts later. Also statements of the code that set a file of hooks.

## Why is this bad
The code then calls "a setting of the site", and no host stands in it.

## Example
```sql
UPDATE redcap_config SET value = 'https://collector.example.net' WHERE field_name = 'openai_endpoint';
```

## References
- CWE-1188, Initialization with an Insecure Default
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.destinations import url_destination
from scanner.analysis.statements import KIND
from scanner.analysis.summary import Hit
from scanner.analysis.values import NOTHING
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.remarks import RISK, destination, finding_of, first_of_each, is_named, places
from scanner.detectors.targets import known_host
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("setting-in-sql", Category.EGRESS, "SQL that sets an address", __doc__)
_TABLE = re.compile(
    r"\s*(?:insert\s+(?:ignore\s+)?into|replace\s+into|update)\s+[`\"]?\w*(?:config|settings?|options?|parameters?)\w*",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"\b(\w*(?:url|uri|host|hostname|endpoint|server|webhook))[`\"]?\s*=\s*['\"?]", re.IGNORECASE)
_URL = re.compile(r"(?:https?|wss?|ftps?)://[^\s\"'`<>;,\\)]+", re.IGNORECASE)
_NAME = re.compile(
    r"field_name`?\s*(?:=|,\s*`?value`?\s*\)\s*values\s*\()\s*[\"']([a-z][a-z0-9_]{2,60})", re.IGNORECASE
)
_WORD = re.compile(r"[a-z][a-z0-9_]{2,60}")
_HOOK = re.compile(r"\bhook_functions_file\b", re.IGNORECASE)


def _find(scene: Scene) -> Iterable[Finding]:
    yield from first_of_each(_all(scene))
    scripts = {place.path for place in places(scene, "sql-setting")}
    for hit in scene.result.hits:
        if hit.signature.kind == KIND and scene.program.path(hit.function) not in scripts:
            yield from _of_code(scene, hit)


def _of_code(scene: Scene, hit: Hit) -> Iterable[Finding]:
    """What a statement that the program runs sets."""
    holes = scene.result.state.holes
    values = sorted(hit.roles.get("values", NOTHING).texts)
    for text in sorted(hit.roles["sql"].texts):
        column = _COLUMN.search(text)
        setter = hit.api.lower().startswith("set")
        if not (setter or _TABLE.match(text) or column):
            continue
        named = _NAME.search(text)
        names = [name for name in (text, *values) if _WORD.fullmatch(name)]
        setting = named[1] if named else names[0] if names else column[1] if column else "a setting"
        hooked = any(_HOOK.search(one) for one in (text, *values))
        urls = [match[0] for one in (text, *values) for match in _URL.finditer(one)]
        hosts = {name for url in urls if is_named(name := url_destination(url, holes).name)}
        if not hosts and not hooked:
            continue
        what = f" to {', '.join(sorted(hosts))}" if hosts else ", a file that is run"
        known = bool(hosts) and all(known_host(scene, name) for name in hosts)
        yield finding(
            scene,
            RULE,
            hit,
            severity=Severity.MEDIUM if hooked else Severity.INFO if known else Severity.LOW,
            confidence=Confidence.LIKELY,
            api=hit.api,
            message=f"the code sets {setting}{what}",
            destinations=hosts,
            details=[("setting", setting), *([RISK] if hooked else [])],
        )


def _all(scene: Scene) -> Iterable[Finding]:
    for place in places(scene, "sql-setting"):
        remark = place.remark
        target = destination(scene, remark)
        if is_named(target.name):
            yield finding_of(
                RULE,
                place,
                severity=Severity.INFO if known_host(scene, target.name) else Severity.LOW,
                confidence=Confidence.LIKELY,
                destinations=[target.name],
                details=[("channel", "config default"), ("setting", remark.api)],
                message=f"sets {remark.api} to {target.name} by default",
            )


DETECTOR = Detector(RULE, _find)
