"""From a report to an allow-list: lines with their reasons, and what no line can hold."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.model.egress import (
    BrowserHost,
    EgressList,
    EgressRule,
    GapKind,
    Host,
    HostKind,
    Need,
    Reference,
    Service,
)
from scanner.model.report import Report
from scanner.protect.egress.calls import Call, calls, is_test_code, setting_of
from scanner.protect.egress.gaps import gaps
from scanner.protect.egress.hosts import depth, is_local, read_host, reverse_key, widen
from scanner.protect.egress.places import LOCAL, UNRESOLVED
from scanner.protect.egress.services import BROWSER_CHANNELS, FILE_CHANNELS, NO_HOST_SCHEMES, PROGRAM_CHANNELS
from scanner.protect.egress.suffixes import is_public, stores, strangers

_SPECIAL = {
    "user-input": GapKind.USER_INPUT,
    "own-server": GapKind.OWN_SERVER,
    "local-mail-server": GapKind.MAIL_SERVER,
}
_METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200"})
_MOST_SYMBOLS = 3


def build(
    report: Report,
    features: Mapping[str, str],
    values: Mapping[str, str] | None = None,
    accepted: Iterable[str] = (),
) -> EgressList:
    """The allow-list of one release.

    `features`: host or pattern to the feature of the product that is known to call it. `values`: settings of a site,
    by name. `accepted`: hosts or wildcards that somebody has looked at, so that they are not held back.
    """
    values = values or {}
    found: dict[Host, list[Call]] = defaultdict(list)
    without: list[tuple[GapKind, str, Call]] = []
    browser: dict[str, set[Reference]] = defaultdict(set)
    for call in calls(report.findings, values):
        name = call.place.name
        if name == LOCAL or is_local(name):
            continue
        if call.channel in BROWSER_CHANNELS:
            browser[name].add(call.reference)
            continue
        host = _host(call)
        kind = _gap(call, host, values)
        if host is not None and kind is None:
            found[host].append(call)
        elif kind is not None:
            without.append((kind, setting_of(name) or name, call))
    rules = [_rule(host, group, features, values, frozenset(accepted)) for host, group in found.items()]
    return EgressList(
        release=report.release.name,
        version=report.release.version or "",
        rules=tuple(sorted(rules, key=lambda item: reverse_key(item.host))),
        gaps=gaps(without),
        browser=tuple(BrowserHost(name, tuple(sorted(places))) for name, places in sorted(browser.items())),
        incomplete=report.coverage.incomplete,
    )


def _host(call: Call) -> Host | None:
    """Host that a call's destination names: patterns with a fixed end as a wildcard."""
    name = call.place.name
    if setting_of(name) or name in _SPECIAL or call.place.scheme in NO_HOST_SCHEMES:
        return None
    if "*" in name:
        return None if "*" in name.rpartition(".")[2] else read_host(widen(name))
    return read_host(name)


def _gap(call: Call, host: Host | None, values: Mapping[str, str]) -> GapKind | None:
    """Why a call has no line, None when it has one."""
    name = call.place.name
    if call.channel in PROGRAM_CHANNELS:
        return GapKind.PROGRAM
    if call.channel == "mail" and host is None:
        return GapKind.MAIL_SERVER
    if call.channel == "ipc":
        return None  # messages inside the machine
    if call.place.wrong:
        return GapKind.SETTING_INVALID
    if name == UNRESOLVED or setting_of(name):
        return _open(call, setting_of(name), values)
    if name in _SPECIAL:
        return _SPECIAL[name]
    if host is None:
        return GapKind.OPEN_END if "*" in name.rpartition(".")[2] else GapKind.NOT_A_HOST
    if host.kind is HostKind.WILDCARD and is_public(host.base):
        return GapKind.TOO_WIDE
    return None


def _open(call: Call, setting: str, values: Mapping[str, str]) -> GapKind:
    """Kind of a call whose host is not known, or is named by a setting."""
    if call.channel in FILE_CHANNELS:
        return GapKind.FILE
    if not setting:
        return GapKind.UNRESOLVED
    return GapKind.SETTING_EMPTY if setting in values else GapKind.SETTING


def _rule(
    host: Host,
    group: list[Call],
    features: Mapping[str, str],
    values: Mapping[str, str],
    accepted: frozenset[str],
) -> EgressRule:
    known = next((text for pattern, text in sorted(features.items()) if _known(host, pattern)), "")
    site = any(call.place.settings and "*" not in call.place.name for call in group)
    references = sorted({call.reference for call in group}, key=lambda item: (bool(item.package), item))
    held = "" if host.text in accepted else _held(host, group, known=bool(known) or site)
    carried = {name for call in group for name in (*call.carries, *call.place.settings)}
    return EgressRule(
        host=host,
        services=_services(group),
        need=_need(group, site=site),
        feature=known or _feature(references),
        references=tuple(references),
        settings=tuple(sorted(carried)),
        known=bool(known) or site,
        unused=all(_is_off(call, values) for call in group),
        held=held,
        depth=max(depth(call.place.name) for call in group) if host.kind is HostKind.WILDCARD else 0,
        notes=_notes(host, group, held),
    )


def _services(group: list[Call]) -> tuple[Service, ...]:
    """Services of all calls. A look-up of the name goes with every connection, so it is named only where it is all."""
    found = {service for call in group for service in call.services}
    return tuple(sorted({service for service in found if service.protocol != "dns"} or found))


def _known(host: Host, pattern: str) -> bool:
    return fnmatch.fnmatchcase(host.text, pattern)


def _need(group: list[Call], *, site: bool) -> Need:
    if site:
        return Need.SITE
    return Need.OPTIONAL if all(_is_optional(call) for call in group) else Need.REQUIRED


def _is_optional(call: Call) -> bool:
    reference = call.reference
    return bool(call.keyed or reference.package or call.possible or is_test_code(reference.path))


def _is_off(call: Call, values: Mapping[str, str]) -> bool:
    """Whether every setting that the call carries is empty in the export."""
    needed = {*call.carries, *call.place.settings}
    return bool(needed) and all(values.get(name, "?").strip() in ("", "0") for name in needed)


def _held(host: Host, group: list[Call], *, known: bool) -> str:
    """Why somebody has to look before a line comes into force."""
    if host.kind is HostKind.WILDCARD:
        why = strangers(host.base)
        if why:
            return f"too wide: {why}; name your own host instead, or give --settings"
    if host.text in _METADATA:
        return "look first: the metadata service of the cloud hands out the machine's own credentials"
    grave = sorted({call.grave for call in group if call.grave})
    if grave and not known:
        return f"look at the code first: {grave[0]}"
    return ""


def _feature(references: list[Reference]) -> str:
    """What a host is for, from where it is called."""
    first = references[0]
    if first.package:
        return f"package {first.package}"
    symbols = sorted({item.symbol or item.path for item in references if not item.package})
    shown = ", ".join(symbols[:_MOST_SYMBOLS])
    return shown if len(symbols) <= _MOST_SYMBOLS else f"{shown} and {len(symbols) - _MOST_SYMBOLS} more"


def _notes(host: Host, group: list[Call], held: str) -> tuple[str, ...]:
    services = _services(group)
    grave = sorted({call.grave for call in group if call.grave})
    patterns = ", ".join(sorted({call.place.name for call in group}))
    notes = {
        f"the code fills in {patterns}: any name below {host.base} is allowed": host.kind is HostKind.WILDCARD,
        "an address, not a name: products that look at names cannot see it": host.kind is HostKind.ADDRESS,
        f"{stores(host.text)}: data can leave through an account of a stranger": bool(stores(host.text)),
        f"no list can tell this from the host's normal use: {''.join(grave[:1])}": bool(grave) and not held,
        "the name is looked up, not connected to: the question itself can carry data to its name server": all(
            service.protocol == "dns" for service in services
        ),
        "the port is not known": any(service.port == 0 for service in services),
        "FTP opens further connections on ports that the server chooses": any(
            service.protocol in ("ftp", "ftps") for service in services
        ),
    }
    return tuple(sorted(text for text, applies in notes.items() if applies))
