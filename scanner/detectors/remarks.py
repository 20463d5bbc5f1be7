"""Remarks about files that are not PHP as findings: destinations, and one finding for what is said often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scanner.analysis.destinations import UNRESOLVED, Destination, url_destination
from scanner.analysis.templates import HoleTable
from scanner.detectors.base import Scene, printable
from scanner.model.facts import Const
from scanner.model.finding import Confidence, Finding, Rule, Severity
from scanner.model.other import HOLE, Remark

BROWSER = ("channel", "browser")
"""Detail of what the visitor's browser contacts, not the server."""
SCRIPT = ("channel", "script")
"""Detail of what a script for a shell or another interpreter contacts when somebody runs it."""
RISK = ("risk", "runs code, uses the network or gives privileges")
"""Detail of what is high when it is new."""
_SAMPLES = re.compile(
    r"(?:^|/)(?:examples?|samples?|demos?|docs?|documentation|tests?|unittests?|clients?|api_examples?|fixtures)/",
    re.IGNORECASE,
)
_CONSTANT = re.compile(r"php:\s*(?:echo\s+)?([A-Z_][A-Za-z0-9_]*)\s*;?\Z")
_OWN = re.compile(r"(?:\w+\.)*location\.(?:origin|protocol|host|hostname)\Z|php:\s*APP_(?:PATH_\w+|URL_\w+)\s*;?\Z")
_HOST = re.compile(r"(?:\*\.)?(?:[\w-]+\.)+[\w*-]+\Z|[\d.]+\Z|[0-9a-f:][0-9a-f]*+:[0-9a-f:]++\Z")


class Place(NamedTuple):
    """A remark and where it stands."""

    path: str
    remark: Remark


def places(scene: Scene, kind: str) -> Iterator[Place]:
    """Remarks of a kind, in the order of paths and places."""
    for path, other in sorted(scene.others.items()):
        for remark in other.remarks:
            if remark.kind == kind:
                yield Place(path, remark)


def destination(scene: Scene, remark: Remark, *, bare_host: bool = False) -> Destination:
    """Where a remark's target leads, as for calls of PHP."""
    table = HoleTable()
    parts = remark.target.encode("utf-8", "replace").decode("latin-1").split(HOLE.encode().decode("latin-1"))
    text = parts[0]
    for number, part in enumerate(parts[1:]):
        description = remark.holes[number] if number < len(remark.holes) else ""
        text += _piece(scene, table, description) + part
    return url_destination(text, table, bare_host=bare_host)


def _piece(scene: Scene, table: HoleTable, description: str) -> str:
    """What stands in a hole: the value of a constant of the program, else a hole of the table."""
    if _OWN.match(description):
        return table.template("own-server", description)
    constant = _CONSTANT.match(description)
    if constant is not None:
        values = {
            unit.value.value for unit in scene.program.constants.get(constant[1], ()) if isinstance(unit.value, Const)
        }
        if len(values) == 1 and isinstance(value := values.pop(), str):
            return value
    return table.template("unknown", description.encode("utf-8", "replace").decode("latin-1") or "?")


def is_sample(path: str) -> bool:
    """Whether a file most likely is an example for people."""
    return _SAMPLES.search(path) is not None


def is_named(name: str) -> bool:
    """Whether a destination names a host."""
    return name != UNRESOLVED and bool(_HOST.match(name)) and name != "127.0.0.1"


def finding_of(
    rule: Rule,
    place: Place,
    *,
    severity: Severity,
    message: str,
    confidence: Confidence = Confidence.CERTAIN,
    destinations: Iterable[str] = (),
    secrets: Iterable[str] = (),
    details: Iterable[tuple[str, str]] = (),
    api: str = "",
) -> Finding:
    """A finding where the remark stands. It has no code as evidence: that would be normalised as PHP."""
    remark = place.remark
    return Finding(
        rule=rule.id,
        category=rule.category,
        severity=severity,
        confidence=confidence,
        path=place.path,
        line=remark.line,
        end_line=max(remark.line, remark.end_line),
        symbol="",
        api=_shown(api or remark.api),
        message=_shown(message),
        destinations=tuple(sorted({_shown(item) for item in destinations})),
        secrets=tuple(sorted(set(secrets))),
        details=tuple(sorted({(key, _shown(value)) for key, value in details})),
        callee=_shown(api or remark.api).lower(),
        span=(remark.start, remark.start) if remark.start else (0, 0),
    )


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8", "replace")


def first_of_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each thing that a file says often: the first, with the worst severity of all of them."""
    kept: dict[tuple[object, ...], Finding] = {}
    for item in findings:
        key = (item.rule, item.path, item.api, item.destinations, item.secrets)
        kept.setdefault(key, item)
    yield from kept.values()


__all__ = [
    "BROWSER",
    "RISK",
    "SCRIPT",
    "Place",
    "destination",
    "finding_of",
    "first_of_each",
    "is_named",
    "is_sample",
    "places",
    "printable",
]
