"""Connections without a line of their own, grouped so that a reader gets through them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from scanner.model.egress import EgressGap, GapKind, Reference
from scanner.protect.egress.calls import Call, is_test_code
from scanner.report.escape import spell

_TEXTS = {
    GapKind.SETTING: "set by the site: `{subject}` names the host; give --settings to have it in the list",
    GapKind.SETTING_EMPTY: "`{subject}` is empty in the settings: not in use",
    GapKind.SETTING_INVALID: "`{subject}` names no host: look at its value",
    GapKind.MAIL_SERVER: "mail goes to the mail server of this installation (php.ini, sendmail or SMTP settings): "
    "allow that host; recipients cannot be listed",
    GapKind.OWN_SERVER: "the installation calls its own address: allow it where that leaves the machine",
    GapKind.USER_INPUT: "the visitor's request names the host: no list can hold it",
    GapKind.UNRESOLVED: "the host could not be worked out: look at the calls",
    GapKind.OPEN_END: "something follows the known part of `{subject}`: it can become any host",
    GapKind.NOT_A_HOST: "`{subject}` stands in the host's place and is no full name of a host",
    GapKind.TOO_WIDE: "`{subject}` would allow domains of anybody",
    GapKind.PROGRAM: "another program is started: what it connects to is not seen",
    GapKind.FILE: "file functions whose path is not known: a connection only if the path is an address",
}
_BY_PART = frozenset({GapKind.USER_INPUT, GapKind.UNRESOLVED, GapKind.PROGRAM})
"""Grouped by package or area; the other kinds by what they are about."""
_ORDER = list(GapKind)


def gaps(found: Iterable[tuple[GapKind, str, Call]]) -> tuple[EgressGap, ...]:
    """One gap for each kind and subject, in the order of their weight."""
    groups: dict[tuple[GapKind, str], list[Call]] = defaultdict(list)
    for kind, subject, call in found:
        groups[kind, _subject(kind, subject, call)].append(call)
    ordered = sorted(groups.items(), key=lambda item: (_ORDER.index(item[0][0]), item[0][1]))
    return tuple(_gap(kind, subject, group) for (kind, subject), group in ordered)


def _subject(kind: GapKind, subject: str, call: Call) -> str:
    if kind is GapKind.MAIL_SERVER:
        return "local-mail-server"
    if kind is GapKind.FILE:
        return "files"
    if kind is GapKind.SETTING_INVALID:
        return call.place.wrong
    return part(call.reference) if kind in _BY_PART else subject


def part(reference: Reference) -> str:
    """Part of the release that a call stands in: package, test code, or the folder below the version folder."""
    if reference.package:
        return reference.package
    if is_test_code(reference.path):
        return "test code"
    folders = [name for name in reference.path.split("/")[:-1] if name != "redcap_v@"]
    return folders[0] if folders else "top folder"


def _gap(kind: GapKind, subject: str, group: list[Call]) -> EgressGap:
    return EgressGap(
        kind=kind,
        subject=subject,
        text=_TEXTS[kind].format(subject=spell(subject, 200)),
        services=tuple(sorted({service for call in group for service in call.services})),
        references=tuple(sorted({call.reference for call in group})),
    )
