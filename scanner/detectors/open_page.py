"""# open-page.

## What it does
Lists every page that can be called without a login: it defines `NOAUTH` before the authenticating bootstrap, or never
loads it. Pages that check an API token or a survey hash are named as such. So are routes: what a request can choose
behind one page (`index.php?route=Controller:method`) when the page, or a list that names the route, lets it past the
login; the finding stands at the code that the route runs.

## Why is this bad
Anyone on the network can run it. A page that becomes open in a release is news.

## Example
```php
define("NOAUTH", true);
require_once dirname(__FILE__) . "/Config/init_global.php";
```

## References
- CWE-306
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scanner.analysis.endpoints import Endpoint
from scanner.detectors.base import Detector, Scene, rule
from scanner.model.finding import Category, Confidence, Finding, Severity

ADDRESS = "address"
"""Key of a finding's details: the route's address, where that is not the path of its code."""
RULE = rule("open-page", Category.ENDPOINT, "Page that needs no login", __doc__)


def _find(scene: Scene) -> Iterable[Finding]:
    opened = {endpoint.path for endpoint in scene.endpoints if endpoint.auth != "login"}
    for endpoint in scene.endpoints:
        if endpoint.auth == "login":
            continue
        place = _place(scene, endpoint)
        if endpoint.functions and not place.symbol and place.path in opened:
            continue  # a file that is open by itself, too
        yield Finding(
            rule=RULE.id,
            category=RULE.category,
            severity=Severity.MEDIUM if endpoint.auth == "none" else Severity.LOW,
            confidence=Confidence.LIKELY,
            path=place.path,
            line=place.line,
            end_line=place.line,
            symbol=place.symbol,
            api=endpoint.auth,
            message=f"{endpoint.path} can be called without a login ({endpoint.auth}): it {endpoint.how}",
            details=(("auth", endpoint.auth), ("how", endpoint.how), *_address(endpoint)),
            callee="route" if endpoint.functions else "page",
        )


class _Place(NamedTuple):
    """Where the code of a page stands: its file, or the method that a route runs."""

    path: str
    line: int
    symbol: str


def _place(scene: Scene, endpoint: Endpoint) -> _Place:
    if not endpoint.functions:
        return _Place(endpoint.path, 1, "")
    number = endpoint.functions[0]
    program = scene.program
    return _Place(program.path(number), program.functions[number].line, program.symbol(number))


def _address(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    return ((ADDRESS, endpoint.path),) if endpoint.functions else ()


DETECTOR = Detector(RULE, _find)
