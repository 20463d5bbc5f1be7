"""From the findings of a scan to the single connections that an allow-list is made of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scanner.model.egress import Reference, Service
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.protect.egress.places import CONFIG, Place, carried, places
from scanner.protect.egress.services import BROWSER_CHANNELS, DNS, NO_HOST_SCHEMES, services

_SITE_TABLE = re.compile(r"(?:\w+_)?(?:projects|settings)\.|\w*credentials\w*\.")
"""Start of a secret's label: tables in which a site keeps what it has set up for a feature."""
_ACCOUNTS = frozenset({"sdk", "storage-sdk"})
"""Channels of services that nobody uses without an account."""
_NO_CONNECTIONS = frozenset({"script", "config default"})
"""Channels of what the server does not contact by itself: a script that a person runs, the default of a setting."""
_WORST = frozenset({Severity.CRITICAL, Severity.HIGH})
TEST_FOLDERS = frozenset({"test", "tests", "unittests", "testing"})


class Call(NamedTuple):
    """One connection: a call and one of its destinations."""

    place: Place
    services: tuple[Service, ...]
    reference: Reference
    channel: str
    carries: frozenset[str]
    """Settings and keys of the site that go along."""
    keyed: bool
    """The class, or the kind of call, needs a key or setting of the site."""
    grave: str
    """Rule and place of a critical or high finding about this destination, `` for none."""
    possible: bool
    """It is a connection only if a path happens to be an address."""


class _Site(NamedTuple):
    """Where a call stands: findings of several rules about it have the same."""

    path: str
    line: int
    end_line: int
    api: str


def calls(findings: Iterable[Finding], values: Mapping[str, str]) -> list[Call]:
    """Connections of all egress and exfiltration findings, one per call and destination.

    A finding about a secret says what a call carries; the finding about the call itself says how it connects.
    """
    by_site: dict[_Site, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.category in (Category.EGRESS, Category.EXFILTRATION):
            by_site[_Site(finding.path, finding.line, finding.end_line, finding.api)].append(finding)
    by_class: dict[tuple[str, str], set[str]] = defaultdict(set)
    for group in by_site.values():
        for finding in group:
            by_class[_class(finding)] |= _carried(finding)
    return [call for group in by_site.values() for call in _calls(group, values, by_class)]


def _calls(
    group: list[Finding], values: Mapping[str, str], by_class: Mapping[tuple[str, str], set[str]]
) -> Iterable[Call]:
    main = next((item for item in group if item.category is Category.EGRESS), group[0])
    channel = next(iter(details(main, "channel")), "")
    if not channel or channel in _NO_CONNECTIONS:
        return  # a secret in the answer to the browser: no connection of the server
    shown = tuple(text for item in group for text in details(item, "url"))
    names = sorted({name for item in group for name in item.destinations})
    if channel == "mail":
        shown = ()  # shown are the recipients
    own = {setting for item in group for setting in _carried(item)}
    for name in names:
        grave = next((item for item in group if item.severity in _WORST and name in item.destinations), None)
        for place in places(name, shown, values):
            yield Call(
                place=place,
                services=_services(main, channel, place),
                reference=Reference(main.path, main.line, main.symbol, main.api, main.package),
                channel=channel,
                carries=frozenset(own) - set(place.settings),
                keyed=channel in _ACCOUNTS or bool(by_class[_class(main)]),
                grave=f"{grave.rule} at {grave.path}:{grave.line}" if grave else "",
                possible=main.confidence is Confidence.POSSIBLE,
            )


def _services(finding: Finding, channel: str, place: Place) -> tuple[Service, ...]:
    if channel == "dns":
        return DNS
    scheme = "https" if place.scheme in NO_HOST_SCHEMES else place.scheme
    return services(channel, finding.api, scheme, place.port)


def details(finding: Finding, name: str) -> list[str]:
    """Values of one detail of a finding."""
    return [value for key, value in finding.details if key == name]


def _class(finding: Finding) -> tuple[str, str]:
    """The class or file that a call belongs to: what it carries in one method, its feature needs in all."""
    owner = finding.symbol.rpartition("::")[0]
    return finding.path, owner or finding.symbol


def _carried(finding: Finding) -> set[str]:
    """Settings and keys of the site that a call carries. Credentials of the installation itself do not count."""
    found = {name for text in details(finding, "url") for name in carried((text,))} if _is_http(finding) else set()
    for label in finding.secrets:
        if label.startswith("config."):
            found.add(label.removeprefix("config."))
        elif _SITE_TABLE.match(label):
            found.add(label)
    return {name for name in found if not name.startswith("env.")}


def _is_http(finding: Finding) -> bool:
    channels = details(finding, "channel")
    return not any(channel in ("mail", "db") or channel in BROWSER_CHANNELS for channel in channels)


def is_test_code(path: str) -> bool:
    """Whether a file is a test of the release itself."""
    return any(part.lower() in TEST_FOLDERS for part in path.split("/")[:-1])


def setting_of(name: str) -> str:
    """Setting that a destination stands for, `` when it stands for none."""
    return name.removeprefix(CONFIG) if name.startswith(CONFIG) else name if name.startswith("env:") else ""
