"""What two rules say of one call is said once: the one that is louder there stays.

`eval($_POST['x'])` is text run as code (`dynamic-code`) and data of the request run as code (`request-to-code`). Of
the two the second says nothing that the first does not, unless its severity is higher. So it is with a command that
somebody outside decides (`remote-command`) and the program that it starts (`process-execution`), unless that names a
host. A secret that is written to a place of which nobody knows whether it is a file or an address leaves, in doubt:
`secret-to-network` tells it, and `secret-in-file` does not once more.

A wrapper that can do one thing by several functions is one finding at each of its calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from scanner.detectors.targets import is_host
from scanner.model.finding import Finding

_TOLD_BY: Mapping[str, frozenset[str]] = {
    "request-to-code": frozenset({"dynamic-code", "remote-command"}),
    "process-execution": frozenset({"remote-command"}),
    "secret-in-file": frozenset({"secret-to-network"}),
}
"""Rule -> rules of which a finding at the same call makes its own needless."""
_TAKEN_OVER = frozenset({"channel", "file"})
"""Details that the finding which stays takes from those that are needless."""
_OF_SINK = frozenset({"sink", "via", "url", "channel", "sends", "file"})
"""Details that tell by which function of a wrapper something happens, and how that one is called."""


def once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that another one tells already, and that one with what they know."""
    found = list(_by_wrapper(findings))
    told: dict[tuple[str, tuple[int, int], str], list[Finding]] = defaultdict(list)
    for finding in found:
        if finding.rule in _TOLD_BY and finding.span[1] and not any(map(is_host, finding.destinations)):
            told[finding.path, finding.span, finding.rule].append(finding)
    kept: list[Finding] = []
    needless: set[int] = set()
    for finding in found:
        same = [
            other
            for rule, tellers in _TOLD_BY.items()
            if finding.rule in tellers
            for other in told.get((finding.path, finding.span, rule), ())
            if other.severity.rank >= finding.severity.rank and {*other.secrets} <= {*finding.secrets}
        ]
        needless.update(map(id, same))
        kept.append(_taking_over(finding, same) if same else finding)
    return [finding for finding, original in zip(kept, found, strict=True) if id(original) not in needless]


def _by_wrapper(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What a wrapper does by one of several functions (`curl_exec`, `fopen`) is one finding of its call for each rule.

    Only where all else is the same: what is sent where, how grave and how sure. The one finding names all functions.
    """
    groups: dict[object, list[Finding]] = defaultdict(list)
    for finding in findings:
        if not finding.span[1] or not any(name == "via" for name, _ in finding.details):
            yield finding
            continue
        rest = frozenset(item for item in finding.details if item[0] not in _OF_SINK and not item[0].startswith("tls-"))
        key = (finding.rule, finding.path, finding.span, finding.symbol, finding.callee, finding.code)
        groups[*key, finding.destinations, finding.secrets, finding.severity, finding.confidence, rest].append(finding)
    for group in groups.values():
        first, *others = sorted(group, key=lambda item: (len(item.trace), item.api, item.details, item.message))
        yield _joined(first, others) if others else first


def _joined(finding: Finding, others: list[Finding]) -> Finding:
    details = {*finding.details}.union(*(other.details for other in others))
    more = sum(name == "sink" for name, _ in details) - sum(name == "sink" for name, _ in finding.details)
    also = (
        f", and so do{'es' if more == 1 else ''} {more} more function{'s' if more > 1 else ''} in it"
        if more > 0
        else ""
    )
    return msgspec.structs.replace(finding, details=tuple(sorted(details)), message=finding.message + also)


def _taking_over(finding: Finding, others: list[Finding]) -> Finding:
    """The finding with what the needless ones know beside: a way where it has none, and over what it goes."""
    trace = finding.trace or min((other.trace for other in others), key=_length)
    more = {item for other in others for item in other.details if item[0] in _TAKEN_OVER}
    return msgspec.structs.replace(finding, trace=trace, details=tuple(sorted({*finding.details, *more})))


def _length(trace: tuple[object, ...]) -> tuple[int, str]:
    return len(trace), repr(trace)
