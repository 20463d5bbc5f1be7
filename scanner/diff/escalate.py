"""Severity of change: what is new weighs more than what was there.

A destination that the baseline never named makes a new or changed call `high`, and so does any new behaviour of a
bundled package that changed under its old version. Such a destination is loud once in a file or package: see `repeats`.
A call that is the same and goes where it went, by other functions than before, is `low`. The table is in
docs/severity.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from scanner.detectors.browser_request import QUIET, RUNS
from scanner.detectors.egress import BY_CALLERS, BY_OBJECT, ELSEWHERE, TOLD_INSIDE
from scanner.detectors.leaks import UNNAMED
from scanner.detectors.open_page import ADDRESS
from scanner.detectors.remarks import BROWSER, RISK, SCRIPT
from scanner.detectors.request_to_code import RULE as REQUEST_TO_CODE
from scanner.detectors.targets import is_public
from scanner.detectors.temper import SAMPLE, names_hosts
from scanner.diff.repeats import Raised, told_once
from scanner.model.finding import TRIGGER, Category, Confidence, Finding, Severity
from scanner.model.report import BaselineState, Comparison, FindingChange
from scanner.signatures.expectations import allows

_UNRESOLVED = "unresolved"
_NAMELESS = frozenset({_UNRESOLVED, "user-input", "own-server", "local", "local-mail-server"})
_ASKED = frozenset({"user-input"})
"""Where a call goes of which a request names the address, and nothing else does."""
_OPENS = frozenset({"outbound-call", "url-capable-call"})
_NOWHERE = frozenset({_UNRESOLVED, "own-server", "local", "local-mail-server"})
_ACTIVE = frozenset({Category.EGRESS, Category.EXFILTRATION, Category.PAYLOAD, Category.CONCEALMENT})
"""What a package must not begin to do while its version stays."""
_WAY = frozenset({"sink", "via", "url"})
"""Details that say by which functions data leaves, and how the rest of an address is written."""
_QUIETED = frozenset({BY_OBJECT, TOLD_INSIDE})
"""Details of calls of which other findings tell where they go."""
_COMPOSERS = re.compile(r"(?:^|/)vendor/(?:autoload|composer/\w+)\.php\Z")
"""What Composer writes itself: it belongs to no package."""
_STATES = [BaselineState.NEW, BaselineState.UPDATED, BaselineState.ABSENT, BaselineState.UNCHANGED]


class _Before(NamedTuple):
    """What the baseline had."""

    hosts: frozenset[str]
    """What the server contacted."""
    browser_hosts: frozenset[str]
    """What it or the browser of a visitor contacted."""
    pages: dict[str, str]
    """Path -> access class."""
    tampered: frozenset[str]
    """Packages that changed under their old version."""
    placed: frozenset[str] = frozenset()
    """What calls of the current release contact that name it in their own file, or nothing else beside it."""
    allowed: tuple[str, ...] = ()
    """Hosts that the site allows: a call to one is no news."""
    idle: frozenset[str] = frozenset()
    """Pages of the current release that do nothing: no call, no program, no file, no secret."""


def escalate(comparison: Comparison, allowed: Sequence[str] = ()) -> Comparison:
    """The comparison with severities raised where the change is what matters.

    `allowed`: hosts, and `*.` with a domain, that the site allows.
    """
    baseline = comparison.baseline
    outbound = [
        item
        for item in baseline.findings
        if item.category in (Category.EGRESS, Category.EXFILTRATION) and names_hosts(item)
    ]
    before = _Before(
        frozenset(host for finding in outbound if _by_server(finding) for host in finding.destinations),
        frozenset(host for finding in outbound for host in finding.destinations),
        {endpoint.path: endpoint.auth for endpoint in baseline.endpoints},
        frozenset(item.name for item in comparison.packages if item.content_changed_without_version),
        frozenset(
            host
            for finding in comparison.current.findings
            if finding.category is Category.EGRESS and ELSEWHERE not in finding.details
            for host in finding.destinations
        ),
        tuple(allowed),
        frozenset(endpoint.path for endpoint in comparison.current.endpoints if not endpoint.effects),
    )
    changes: list[FindingChange] = []
    news: list[Raised] = []
    for change in comparison.changes:
        raised = _raised(change, before)
        hosts = _new_hosts(change, raised, before)
        if hosts:
            news.append(Raised(raised, hosts))
        else:
            changes.append(raised)
    return msgspec.structs.replace(comparison, changes=tuple(sorted((*changes, *told_once(news)), key=_order)))


def _new_hosts(change: FindingChange, raised: FindingChange, before: _Before) -> frozenset[str]:
    """The hosts for which alone a finding is loud; none where it is so for anything else."""
    finding = change.current
    if raised is change or finding is None or raised.finding.severity is not Severity.HIGH:
        return frozenset()
    if finding.package in before.tampered or RISK in finding.details or _gained_secret(change, finding):
        return frozenset()
    browser = finding.category is Category.EGRESS and not {BROWSER, SCRIPT}.isdisjoint(finding.details)
    return frozenset(_unknown(finding, before, of_browser=browser))


def _by_server(finding: Finding) -> bool:
    """Whether the server itself is what connects."""
    return {BROWSER, SCRIPT}.isdisjoint(finding.details)


def _raised(change: FindingChange, before: _Before) -> FindingChange:
    finding = change.current
    if finding is None or change.state not in (BaselineState.NEW, BaselineState.UPDATED):
        return change
    if finding.package not in before.tampered and _only_lost_triggers(change, finding):
        return msgspec.structs.replace(change, current=msgspec.structs.replace(finding, severity=Severity.LOW))
    own = Severity.LOW if _goes_as_before(change, finding) else finding.severity
    grades = (own, _severity(change, finding, before), _of_trigger(change, finding, before))
    severity = min(grades, key=lambda item: item.rank)
    if severity is finding.severity:
        return change
    return msgspec.structs.replace(change, current=msgspec.structs.replace(finding, severity=severity))


def _goes_as_before(change: FindingChange, finding: Finding) -> bool:
    """Whether a call that was there goes to the same places with the same code: a wrapper that it uses was changed."""
    old = change.baseline
    if old is None or finding.category is not Category.EGRESS or finding.severity is not Severity.MEDIUM:
        return False
    same = (old.destinations, old.secrets, old.code) == (finding.destinations, finding.secrets, finding.code)
    return same and all(item[0] in _WAY or item in _QUIETED for item in {*old.details} ^ {*finding.details})


def _only_lost_triggers(change: FindingChange, finding: Finding) -> bool:
    """Whether code does what it did, and all that changed is that fewer kinds of callers come to it."""
    old = change.baseline
    if old is None or finding.severity.rank > Severity.MEDIUM.rank or old.severity is not finding.severity:
        return False
    same = (old.destinations, old.secrets, old.code) == (finding.destinations, finding.secrets, finding.code)
    gone = {*old.details} - {*finding.details}
    return same and bool(gone) and {*finding.details} <= {*old.details} and all(name == TRIGGER for name, _ in gone)


def _severity(change: FindingChange, finding: Finding, before: _Before) -> Severity:
    """What the change by itself amounts to."""
    if SAMPLE in finding.details:
        return Severity.INFO
    if finding.package in before.tampered and finding.category in _ACTIVE:
        return Severity.HIGH
    if finding.category is Category.PAYLOAD and finding.severity.rank <= Severity.MEDIUM.rank:
        guessed = finding.confidence is Confidence.POSSIBLE
        commanded = (
            finding.rule == REQUEST_TO_CODE.id and finding.severity is Severity.MEDIUM and change.baseline is None
        )
        return Severity.HIGH if (commanded or _unknown(finding, before)) and not guessed else Severity.INFO
    if RISK in finding.details or _gained_secret(change, finding):
        return Severity.HIGH
    if finding.category is Category.EGRESS and not {BROWSER, SCRIPT}.isdisjoint(finding.details):
        return _of_browser(finding, before)
    if finding.category is Category.EGRESS:
        return _of_call(change, finding, before)
    if finding.category is Category.ENDPOINT and finding.api == "none":
        page = dict(finding.details).get(ADDRESS, finding.path)
        bundled = finding.package or _COMPOSERS.search(finding.path)
        harmless = bool(bundled) and page in before.idle  # the file of a library that runs its own `init()`
        return Severity.HIGH if before.pages.get(page) != "none" and not harmless else Severity.INFO
    return Severity.INFO


def _gained_secret(change: FindingChange, finding: Finding) -> bool:
    """Whether a single secret leaves for a place that nobody names, however far, and did not leave there before."""
    return UNNAMED in finding.details and (change.baseline is None or UNNAMED not in change.baseline.details)


def _of_trigger(change: FindingChange, finding: Finding, before: _Before) -> Severity:
    """A call that an open page, a command or cron reaches now, and reached by none of these in the baseline."""
    if change.baseline is None or not before.pages or finding.confidence is Confidence.POSSIBLE:
        return Severity.INFO
    gained = _triggers(finding) - _triggers(change.baseline)
    nowhere = bool(finding.destinations) and _NOWHERE.issuperset(finding.destinations)
    return Severity.MEDIUM if gained and not nowhere and BY_CALLERS not in finding.details else Severity.INFO


def _triggers(finding: Finding) -> set[str]:
    return {value for name, value in finding.details if name == TRIGGER}


def _unknown(finding: Finding, before: _Before, *, of_browser: bool = False) -> set[str]:
    """Hosts and settings that the baseline never named and that the site does not allow."""
    known = before.browser_hosts if of_browser else before.hosts
    named = {host for host in finding.destinations if host not in known and host not in _NAMELESS}
    return {host for host in named if not allows(before.allowed, host)}


def _of_browser(finding: Finding, before: _Before) -> Severity:
    """A new or changed request of the browser or of a script: code from an unknown host runs in every page."""
    unknown = {host for host in finding.destinations if host not in before.browser_hosts and host not in _NAMELESS}
    if not unknown or QUIET in finding.details:
        return Severity.INFO
    return Severity.HIGH if RUNS in finding.details else Severity.MEDIUM


def _of_call(change: FindingChange, finding: Finding, before: _Before) -> Severity:
    """A new or changed outbound call, by where it goes now and went before."""
    if not _QUIETED.isdisjoint(finding.details):
        return Severity.INFO
    gained = set(finding.destinations)
    settings = set(finding.details)
    if change.baseline is not None:
        gained -= set(change.baseline.destinations)
        settings -= set(change.baseline.details)
    if change.baseline is None and gained == _ASKED and finding.rule in _OPENS:
        direct = all(name != "via" for name, _ in finding.details)
        return Severity.HIGH if direct or finding.confidence is not Confidence.POSSIBLE else Severity.INFO
    unknown = _unknown(finding, before)
    if any(map(is_public, unknown)):
        vague = finding.confidence is Confidence.POSSIBLE and finding.rule == "url-capable-call"
        vague = vague or (ELSEWHERE in finding.details and before.placed >= unknown)
        return Severity.MEDIUM if vague else Severity.HIGH
    redirected = change.baseline is not None and bool(gained - _NAMELESS)
    hidden = _UNRESOLVED in gained and finding.confidence is not Confidence.POSSIBLE
    weakened = any(name.startswith("tls-") for name, _ in settings)
    return Severity.MEDIUM if unknown or redirected or hidden or weakened else Severity.INFO


def _order(change: FindingChange) -> tuple[int, int, str, int, str, str]:
    finding = change.finding
    return (
        _STATES.index(change.state), finding.severity.rank, finding.path, finding.line, finding.rule, finding.identity,
    )  # fmt: skip
