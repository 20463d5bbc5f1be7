"""Labels of data that comes from another machine: the answer of an outbound call, and what a visitor uploads.

A label `~response:<destination>` names where the answer came from. Where callers of a wrapper decide that, the label
holds the template of the address (`~response:` and a parameter's character) and is told at the call. `~maybe:` is the
same for functions that read files as well as URLs: it vanishes when the place turns out to be a local one; `~named:`
for servers of which only those count that the code names. Labels
begin with `~` so that they are the first to be given up where a value carries too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scanner.analysis.destinations import LOCAL, OWN_SERVER, UNRESOLVED, USER_INPUT, is_local, url_destination
from scanner.analysis.templates import PARAMETERS, HoleTable
from scanner.analysis.values import Trace, Val
from scanner.model.signature import CallableKind, Certainty, Signature

ANSWER = "response"
"""Label of whatever a described call gives back, a local file's content included: it is not text of the release."""
RESPONSE = "~response:"
_MAYBE = "~maybe:"
_NAMED = "~named:"
UPLOAD = "~upload"
REQUEST = "request"
OUTSIDE = frozenset({REQUEST, ANSWER, "database", "file", "upload", "session"})
"""Labels of data that does not come from the release, whatever machine it comes from."""
_SERVICES = frozenset({"http", "sdk", "soap", "ftp", "storage-sdk"})
_SERVERS = frozenset({"socket", "ssh", "ldap", "mail", "dns"})
"""Kinds whose usual answer is the data of a server of the site: it counts where the code names the host."""
FILE_KINDS = frozenset({"file-url", "image-url", "xml-url", "include-url"})
_PLACES = ("url", "url-extra", "host", "dsn", "location", "base_uri", "server", "bucket")
_BARE = frozenset({"host", "server"})
_MAX_PLACES = 4
_MAX_TEXT = 200
_PREDICATES = frozenset(
    {"file_exists", "is_file", "is_dir", "is_link", "is_readable", "is_writable", "is_writeable", "is_executable",
     "checkdnsrr", "dns_check_record", "copy", "rename", "unlink", "mkdir", "rmdir", "touch"}
)  # fmt: skip
_ADDRESSES = frozenset({"gethostbyname", "gethostbynamel"})
"""Functions that give back addresses: numbers are no code, file or path that another machine sends."""
_BODY = re.compile(r"php://input\b", re.IGNORECASE)
FILE_FIELDS = frozenset({"name", "type", "size", "error", "full_path"})
"""What `$_FILES` says of an upload, unlike what was uploaded."""


def is_remote(label: str) -> bool:
    """Whether a label means data from another machine: an answer or an upload."""
    return label.startswith("~")


def is_open(label: str) -> bool:
    """Whether callers decide what a label stands for."""
    return label.startswith("~") and PARAMETERS.search(label) is not None


def host_of(label: str) -> str:
    """Destination of a response's label, `` for other labels."""
    if not label.startswith(RESPONSE):
        return ""
    return UNRESOLVED if PARAMETERS.search(label) else label.removeprefix(RESPONSE)


def answers_yes_or_no(signature: Signature) -> bool:
    """Whether a function only says whether something is so: nothing that another machine sends is in its result."""
    return signature.type is CallableKind.FUNCTION and signature.callable in _PREDICATES


def answers(signature: Signature, roles: Mapping[str, Val], holes: HoleTable, trace: Trace) -> dict[str, Trace]:
    """Labels of what a call gives back, by where it goes."""
    if signature.kind in _SERVICES:
        prefix = RESPONSE
    elif signature.kind in _SERVERS:
        prefix = _NAMED
    elif signature.kind in FILE_KINDS:
        prefix = _MAYBE
    else:
        return {}
    numbers = signature.type is CallableKind.FUNCTION and signature.callable in _ADDRESSES
    if signature.certainty is Certainty.NEVER_ALONE or numbers:
        return {}
    texts = sorted({(text, role in _BARE) for role in _PLACES if role in roles for text in roles[role].texts})
    if prefix == _MAYBE and any(_BODY.match(text) for text, _bare in texts):
        return {UPLOAD: trace, REQUEST: trace}
    labels = {_label(text, holes, prefix, bare=bare) for text, bare in texts[:_MAX_PLACES]}
    labels |= {RESPONSE + host for host in signature.destinations[:1]}
    if prefix == RESPONSE and not labels - {""} and signature.certainty is Certainty.ALWAYS:
        labels = {RESPONSE + UNRESOLVED}
    return dict.fromkeys(sorted(labels - {""}), trace)


def read_at(texts: Iterable[str], holes: HoleTable, trace: Trace) -> dict[str, Trace]:
    """Labels of what a file function reads at places of which some may be addresses."""
    found = sorted(texts)
    if any(_BODY.match(text) for text in found):
        return {UPLOAD: trace, REQUEST: trace}
    labels = {_label(text, holes, _MAYBE, bare=False) for text in found[:_MAX_PLACES]}
    return dict.fromkeys(sorted(labels - {""}), trace)


def _label(text: str, holes: HoleTable, prefix: str, *, bare: bool) -> str:
    """Label for an answer from the place that a template names; `` for one that says nothing."""
    place = url_destination(text, holes, bare_host=bare or prefix != _MAYBE, is_path=prefix == _MAYBE and not bare)
    if is_local(place.name):
        return ""
    if place.name == UNRESOLVED:
        if PARAMETERS.search(text[:_MAX_TEXT]):
            return (_NAMED if bare and prefix == _MAYBE else prefix) + text[:_MAX_TEXT]
        return RESPONSE + UNRESOLVED if prefix == RESPONSE else ""
    if prefix == RESPONSE or names_host(place.name) or (prefix == _MAYBE and place.scheme):
        return RESPONSE + place.name
    return ""


def names_host(name: str) -> bool:
    """Whether a destination is a host that the code names, not a setting, a variable or the request."""
    return name not in (UNRESOLVED, USER_INPUT, OWN_SERVER, LOCAL) and not name.startswith(("config:", "env:"))


def told(label: str, expanded: frozenset[str], holes: HoleTable) -> frozenset[str]:
    """Labels in the place of an open one, once its address is what callers pass."""
    prefix = label[: label.index(":") + 1]
    names = {_label(text, holes, prefix, bare=prefix == _NAMED) for text in sorted(expanded)[:_MAX_PLACES]}
    return frozenset(names - {""})


def is_named(label: str) -> bool:
    """Whether a label is an answer of which is known where it came from."""
    return label.startswith(RESPONSE) and not is_open(label) and label != RESPONSE + UNRESOLVED


def template_of(label: str) -> str:
    """Template of the address in an open label."""
    return label.partition(":")[2]


def shut(label: str, holes: HoleTable) -> str:
    """Label without what only properties of a caller's object decide; `` for one that says nothing then."""
    if not any(holes.is_property(part) for part in label if part >= "\U00100000"):
        return label
    return RESPONSE + UNRESOLVED if label.startswith(RESPONSE) else ""
