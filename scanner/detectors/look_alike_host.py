"""# look-alike-host.

## What it does
Reports a call to a host whose name is made to look like another: letters of several scripts, an encoded international
name (`xn--`), or one character away from a host that the product's own features call (`api.twi1io.com`).

## Why is this bad
A reviewer reads the name that he expects.

## Example
```php
file_get_contents('https://api.twi1io.com/2010-04-01/Accounts');
```

## References
- CVE-2021-42694
- MITRE ATT&CK T1583.001, Acquire Infrastructure: Domains
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.detectors.base import Detector, Scene, finding, printable, rule
from scanner.detectors.targets import is_host, known_host, leaves, target
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.php.lookalikes import skeleton

RULE = rule("look-alike-host", Category.CONCEALMENT, "Host that looks like another", __doc__)
_DIGITS = str.maketrans("0135|", "oles1")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_NO_CALL = frozenset({"code", "code-write", "runtime"})
_SHORTEST = 8


def _find(scene: Scene) -> Iterable[Finding]:
    known = sorted(name.lstrip("*.") for name in scene.catalogue.expected_hosts)
    for hit in scene.result.hits:
        if hit.signature.kind in _NO_CALL:
            continue
        for host in leaves(target(scene, hit).destinations):
            like = _like(scene, printable(host), known) if is_host(host) else ""
            if like:
                yield finding(
                    scene,
                    RULE,
                    hit,
                    severity=Severity.HIGH,
                    confidence=Confidence.LIKELY,
                    api=hit.api,
                    message=f"{hit.api}() goes to {printable(host)}, which looks like {like}",
                    destinations=[host],
                )


def _like(scene: Scene, host: str, known: Iterable[str]) -> str:
    """What a host is made to look like; `` for most."""
    if not host.isascii():
        return skeleton(host)
    if any(part.startswith("xn--") for part in host.split(".")):
        return "a name in another script"
    if known_host(scene, host):
        return ""
    plain = _plain(host)
    for name in known:
        if len(name) >= _SHORTEST and host != name and (plain == _plain(name) or _one_off(host, name)):
            return name
    return ""


def _plain(host: str) -> str:
    text = host.lower().translate(_DIGITS)
    for pair, one in _PAIRS:
        text = text.replace(pair, one)
    return text


def _one_off(one: str, two: str) -> bool:
    """Whether two names of the same length differ in one character, or in two neighbours that change places."""
    if len(one) != len(two):
        return False
    differ = [index for index, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    if len(differ) == 1:
        return one[differ[0]].isalnum() and two[differ[0]].isalnum() and not one[differ[0]].isdecimal()
    return len(differ) == 2 and differ[1] == differ[0] + 1 and one[differ[0]] == two[differ[1]]  # noqa: PLR2004


DETECTOR = Detector(RULE, _find)
