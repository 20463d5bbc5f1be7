"""Calls of what nobody knows that are given an address and a secret: they are taken to send it there.

`$client->fetch('https://example.net/?k=' . $secret)` where the class of `$client` cannot be told, `$f($url, $secret)`
where nobody can tell what `$f` is, a function of an extension that the catalogue does not have. Code that has both in
hand has a reason; only a host that the code names itself, and a secret of the site, are enough for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.analysis import documents, templates
from scanner.analysis.containers import container
from scanner.analysis.describe import callee_text
from scanner.analysis.destinations import COMMON_DOMAINS, is_local, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.summary import PARAM, Hit, depends_on_caller
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, merge_labels
from scanner.model.facts import Call
from scanner.model.signature import CallableKind, Certainty, Signature

KIND = "assumed"
"""Kind of the signature below: no rule about calls that leave the server asks for it, only those about secrets."""
_SIGNATURE = Signature(
    id="php.assumed", callable="", type=CallableKind.METHOD, kind=KIND, lib="php", phase="execute",
    certainty=Certainty.IF_URL,
)  # fmt: skip
_ADDRESS = re.compile(r"(?:https?|ftps?|wss?|tcp|udp|ssl|tls)://(?=[a-z0-9\[])", re.IGNORECASE)
_BARE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}([a-z]{2,24})|\d{1,3}(?:\.\d{1,3}){3}", re.IGNORECASE
)
"""The name of a host, or an IPv4 address."""
_PORTS = frozenset(
    {"21", "22", "23", "25", "53", "80", "110", "143", "389", "443", "465", "514", "587", "636", "853", "990", "993",
     "995", "1080", "1883", "3128", "3306", "5222", "5432", "5672", "6379", "6667", "8000", "8080", "8443", "8883",
     "8888", "9000", "9200", "11211", "27017"}
)  # fmt: skip
"""Ports of common services."""
_OF_NAMESPACES = re.compile(r"ns$|namespace|schema|lookupprefix", re.IGNORECASE)
"""In the names of methods that are given addresses as names."""
_RECEIVER = "client"
"""Role of the object whose method is called, where callers decide which it is."""
_ADDRESS_OF = "address"
"""Role of an object of an unknown class: addresses that it was told."""
_NOWHERE = frozenset[str]()
_MAX_TEXTS = 4
_MAX_ITEMS = 16
"""Elements of an array up to which it can be what a client is told."""


def apply(evaluator: Evaluator, call: Call, api: str, args: Sequence[Val], receiver: Val = NOTHING) -> None:
    """Note what a call of an unknown function or method is given, where that is an address and a secret."""
    held = _properties(evaluator, receiver)
    labels = _secrets(evaluator, [*args, *held, Val(labels=receiver.labels)])
    if not labels or _names(call, api) or container(evaluator, receiver):
        return
    addresses = _addresses(evaluator, [*args, *held]) | _told(evaluator, receiver)
    if not addresses or any(hit.start == call.start for hit in evaluator.hits.values()):
        return
    roles = {"url": Val(addresses), "payload": Val(labels=labels)}
    if depends_on_caller(receiver):
        roles[_RECEIVER] = receiver
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, _SIGNATURE, api, roles, frozenset(), (),
            (evaluator.path, call.line), certain=False, computed=evaluator.computed,
        )
    )  # fmt: skip


def told(evaluator: Evaluator, call: Call, receiver: Val, args: Sequence[Val]) -> frozenset[int]:
    """Objects that know an address now: the one that is called and what it gives, `$client->setUrl(...)->post($x)`."""
    addresses = _NOWHERE if _names(call, callee_text(call)) else _addresses(evaluator, args)
    if not addresses:
        return frozenset(site for site in receiver.sites if _ADDRESS_OF in evaluator.sites.get(site, ()))
    known = frozenset(site for site in receiver.sites if site >= 0)
    sites = known or frozenset([evaluator.state.site(evaluator.number, call.start)])
    for site in sorted(sites):
        evaluator.set_site(site, _ADDRESS_OF, Val(addresses))
    return sites


def _names(call: Call, api: str) -> bool:
    """Whether addresses are names where they are given: of namespaces, in a document."""
    return _OF_NAMESPACES.search(api) is not None or str(call.name).lower() in documents.PUTS


def _properties(evaluator: Evaluator, receiver: Val) -> list[Val]:
    """What was set on an object here: `$client->url = ...`."""
    roles = (evaluator.sites.get(site, {}) for site in sorted(receiver.sites) if site >= 0)
    return [value for held in roles for role, value in sorted(held.items()) if role.startswith(".")]


def _told(evaluator: Evaluator, receiver: Val) -> frozenset[str]:
    """Addresses that an object was told before, here or where it was made."""
    found: frozenset[str] = frozenset()
    for site in sorted(receiver.sites):
        here = evaluator.sites.get(site, {}).get(_ADDRESS_OF)
        elsewhere = evaluator.state.read_site(site, _ADDRESS_OF) if site >= 0 else None
        found = found.union(*(value.texts for value in (here, elsewhere) if value is not None))
    return found


def is_known(evaluator: Evaluator, roles: Mapping[str, Val]) -> bool:
    """Whether the caller of a function with such a call gives it an object whose methods can be followed."""
    return bool(evaluator.state.program.own_classes(roles.get(_RECEIVER, NOTHING).types))


def _secrets(evaluator: Evaluator, args: Sequence[Val]) -> dict[str, Trace]:
    """Single secrets of the site, and what only a caller knows."""
    found: dict[str, Trace] = {}
    for arg in args:
        if arg.labels or arg.height:
            found = dict(merge_labels(found, evaluator.state.lasting(all_labels(arg))))
    return found if any(label.startswith(PARAM) or evaluator.state.is_specific(label) for label in found) else {}


def _values(args: Sequence[Val]) -> Iterator[Val]:
    for arg in args:
        yield arg
        if arg.items and len(arg.items) <= _MAX_ITEMS:
            yield from arg.items.values()


def _hosts(values: Sequence[Val]) -> list[str]:
    """Hosts without a scheme: by their top-level domain, or by the port beside them."""
    ports = any(not _PORTS.isdisjoint(value.texts) for value in values)
    named = ((text, _BARE.fullmatch(text)) for value in values for text in value.texts if templates.is_known(text))
    return [
        text
        for text, match in named
        if match and ((match[1] or "").lower() in COMMON_DOMAINS or (ports and text.count(".") > 1))
    ]


def _addresses(evaluator: Evaluator, args: Sequence[Val]) -> frozenset[str]:
    """Addresses of hosts that the code names."""
    values = list(_values(args))
    found = [text for value in values for text in value.texts if _ADDRESS.match(text)]
    found += [f"tcp://{text}" for text in _hosts(values)]
    holes = evaluator.state.holes
    return frozenset(text for text in sorted(found)[:_MAX_TEXTS] if not is_local(url_destination(text, holes).name))
