"""The way out of a release before any vendor's language: what it connects to, why, and what a list cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec


class HostKind(StrEnum):
    """How a line of an allow-list names a host."""

    NAME = "name"
    WILDCARD = "wildcard"
    """`*.example.org`: every name below, at any depth, not the name itself."""
    ADDRESS = "address"
    """An IP address."""
    ANY = "any"
    """Everything; only in deployed lists."""


class Host(msgspec.Struct, frozen=True, order=True):
    """One validated host: nothing in it has a meaning in a configuration language."""

    kind: HostKind
    text: str
    """Lower case, without a dot at the end: the name in its ASCII form, the wildcard with its `*.`, the address."""

    @property
    def base(self) -> str:
        """The name below which a wildcard allows everything; else the text itself."""
        return self.text.removeprefix("*.") if self.kind is HostKind.WILDCARD else self.text


class Need(StrEnum):
    """Whether an installation needs a line."""

    REQUIRED = "required"
    """The release calls it and nothing of the site is seen in the call: no setting, no key of the site."""
    OPTIONAL = "optional"
    """The call carries a setting or key of the site, or stands in a bundled package or in test code only."""
    SITE = "site"
    """The host itself is set by the site."""


class Service(msgspec.Struct, frozen=True, order=True):
    """Protocol and port of a connection."""

    protocol: str
    """`https http smtp ldap mysql ssh dns ...`, `any` when the code does not tell."""
    port: int
    """1 to 65535; 0 when it is not known."""
    transport: str = "tcp"


class Reference(msgspec.Struct, frozen=True, order=True):
    """A call in the release."""

    path: str
    """Canonical."""
    line: int
    symbol: str
    api: str
    package: str = ""


class EgressRule(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an allow-list."""

    host: Host
    services: tuple[Service, ...]
    """Sorted."""
    need: Need
    feature: str
    """What it is for: REDCap's feature when it is known, else package or area and symbol."""
    references: tuple[Reference, ...]
    """Sorted, first-party code first."""
    settings: tuple[str, ...] = ()
    """Settings that name the host, or that the calls carry, sorted."""
    known: bool = True
    """One of the hosts that REDCap's own features are documented to call, or one that the site has set."""
    unused: bool = False
    """Every call carries a setting that is empty in the given export."""
    held: str = ""
    """Why the line is held back until somebody has looked at the code: `` when it is not."""
    depth: int = 0
    """Labels that the code fills in before a wildcard's base."""
    notes: tuple[str, ...] = ()
    """What a list with this line still lets through, or why it is wider than the code."""


class GapKind(StrEnum):
    """Why a connection has no line of its own."""

    SETTING = "setting"
    """The site sets the host, and no value was given."""
    SETTING_EMPTY = "setting-empty"
    """The setting is empty in the given export: not in use."""
    SETTING_INVALID = "setting-invalid"
    """The setting's value names no host."""
    MAIL_SERVER = "mail-server"
    OWN_SERVER = "own-server"
    USER_INPUT = "user-input"
    UNRESOLVED = "unresolved"
    OPEN_END = "open-end"
    """The code puts something behind the known part of the host: it can become any host."""
    NOT_A_HOST = "not-a-host"
    """What stands in the host's place can be none."""
    TOO_WIDE = "too-wide"
    """The wildcard would allow the names of strangers."""
    PROGRAM = "program"
    """Another program is started; where that connects to is not seen."""
    FILE = "file"
    """A file function whose path is not known: a connection only if the path is an address."""


class EgressGap(msgspec.Struct, frozen=True, kw_only=True):
    """Connections that the list cannot hold, those of one kind and one place together."""

    kind: GapKind
    subject: str
    """The setting, the pattern, or the part of the release it is about."""
    text: str
    """One sentence for the administrator."""
    services: tuple[Service, ...] = ()
    references: tuple[Reference, ...] = ()


class BrowserHost(msgspec.Struct, frozen=True, order=True):
    """A host that the visitor's browser contacts, not the server: none of an egress list's business."""

    host: str
    references: tuple[Reference, ...]


class EgressList(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a release connects to, in the order of an allow-list."""

    release: str
    version: str
    rules: tuple[EgressRule, ...]
    """Sorted by host."""
    gaps: tuple[EgressGap, ...] = ()
    browser: tuple[BrowserHost, ...] = ()
    incomplete: bool = False
    """The scan did not read the whole release."""


class Deployed(msgspec.Struct, frozen=True, order=True):
    """One entry of a list that is in force."""

    host: Host
    ports: tuple[int, ...] = ()
    """Sorted; empty for every port."""
    apex: bool = False
    """A wildcard that allows the name below `*.` too."""
    depth: int = 0
    """A wildcard that allows so many labels in front, no more and no fewer; 0 for any number."""
    line: int = 0
    """1-based, 0 where the format has no lines."""


class EgressTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One product that an allow-list is written for. A module with a `TARGET` is found by its package."""

    name: str
    """Word for `--target`."""
    title: str
    checked: str
    """How the tests check the generated text: by the product itself, by the vendor's schema, by a golden file."""
    file: str
    """Usual name of the file."""
    limits: tuple[str, ...]
    """What the product cannot enforce, one sentence each."""
    enforces: Callable[[EgressRule], str]
    """Why a rule cannot be written for the product; `` when it can."""
    render: Callable[[EgressList], str]
    """Text in the product's language. Same list, same text. It holds every rule that the product can enforce."""
    parse: Callable[[str], tuple[Deployed, ...]]
    """Entries of a text that `render` made or that was written by hand. Raises: ConfigurationError."""
    ports: bool
    """The product tells ports apart."""


class WideEntry(msgspec.Struct, frozen=True, order=True):
    """A deployed entry that allows more than it should."""

    entry: Deployed
    why: str
    severe: bool
    """It allows names of strangers, not only more names of the same owner."""
    instead: tuple[str, ...] = ()
    """Hosts of the release below it."""


class EgressCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed list against what a release needs."""

    target: str
    entries: int
    missing: tuple[EgressRule, ...] = ()
    unused: tuple[Deployed, ...] = ()
    wide: tuple[WideEntry, ...] = ()
    held: tuple[EgressRule, ...] = ()
    """Rules that are held back; `allowed` of them are allowed by the deployed list all the same."""
    allowed: tuple[str, ...] = ()
    other: tuple[EgressRule, ...] = ()
    """Rules that this product cannot enforce: another layer has to."""
    new: tuple[EgressRule, ...] = ()
    """Rules of the release that the baseline did not need."""
    gone: tuple[EgressRule, ...] = ()
    new_gaps: tuple[EgressGap, ...] = ()
    """Gaps of the release that the baseline had not: settings that name a host, and the like."""
    baseline: str = ""

    @property
    def failed(self) -> bool:
        """Something is missing, or an entry allows names of strangers or a host that is held back."""
        return bool(self.missing or self.allowed) or any(item.severe for item in self.wide)
