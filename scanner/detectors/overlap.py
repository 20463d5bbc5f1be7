"""What two rules say of one call is said once: the one that is louder there stays.

`eval($_POST['x'])` is text run as code (`dynamic-code`) and data of the request run as code (`request-to-code`). Of
the two the second says nothing that the first does not, unless its severity is higher. So it is with a command that
somebody outside decides (`remote-command`) and the program that it starts (`process-execution`), unless that names a
host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from scanner.detectors.targets import is_host
from scanner.model.finding import Finding

_TOLD_BY: Mapping[str, frozenset[str]] = {
    "request-to-code": frozenset({"dynamic-code", "remote-command"}),
    "process-execution": frozenset({"remote-command"}),
}
"""Rule -> rules of which a finding at the same call makes its own needless."""


def once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that another one tells already, and that one with what they know."""
    found = list(findings)
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
            if other.severity.rank >= finding.severity.rank
        ]
        needless.update(map(id, same))
        kept.append(_taking_over(finding, same) if same else finding)
    return [finding for finding, original in zip(kept, found, strict=True) if id(original) not in needless]


def _taking_over(finding: Finding, others: list[Finding]) -> Finding:
    """The finding with what the needless ones know beside: their way if it has none, and over which channel it goes."""
    trace = finding.trace or min((other.trace for other in others), key=_length)
    channels = {item for other in others for item in other.details if item[0] == "channel"}
    return msgspec.structs.replace(finding, trace=trace, details=tuple(sorted({*finding.details, *channels})))


def _length(trace: tuple[object, ...]) -> tuple[int, str]:
    return len(trace), repr(trace)
