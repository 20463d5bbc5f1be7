"""What a call keeps on the handles and objects that it gets or makes, for the calls that use them later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.analysis.destinations import UNRESOLVED, USER_INPUT, is_local, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, all_labels, all_sites, join_all
from scanner.model.facts import Call
from scanner.model.signature import CallableKind, Certainty, Signature

HANDLE_ROLES = ("handle", "client", "request")
_LISTED = frozenset({"client", "request"})
"""Of these, what may come as a list: handlers of a log, requests of a pool."""
ANY_NAME_IN = "*."
"""Begins a destination of which only the zone is known."""
OF_DATABASE = ("host", "dsn", "server", "url")
"""Roles of what names the host of a database; also the keys under which one stands in an array."""
_DEPTH_OF_HOSTS = 2


def prepares(signature: Signature, receiver: Val | None) -> bool:
    """Whether a method only keeps what it is given for what its object sends later (`$mail->addContent(...)`)."""
    return (
        receiver is not None
        and signature.type is CallableKind.METHOD
        and signature.certainty is Certainty.NEVER_ALONE
        and signature.phase == "execute"
        and signature.kind != "redirect"
    )


def only_configures(signature: Signature) -> bool:
    """Whether a call neither makes a handle nor sends, whatever its phase is called."""
    return signature.certainty is Certainty.NEVER_ALONE and signature.phase not in ("construct", "execute", "send")


def handles_of(roles: Mapping[str, Val], receiver: Val | None) -> frozenset[int]:
    """Handles and objects that take part in a call."""
    sites = receiver.sites if receiver is not None else frozenset[int]()
    for role in (*HANDLE_ROLES, "context"):
        if role in roles:
            sites |= all_sites(roles[role]) if role in _LISTED else roles[role].sites
    return sites


def configure(
    evaluator: Evaluator,
    signature: Signature,
    call: Call,
    roles: dict[str, Val],
    handles: frozenset[int],
    receiver: Val | None,
) -> Val:
    """Put what is set on the handle; without a handle to put it on, the value itself carries it."""
    state = {role: value for role, value in roles.items() if role not in HANDLE_ROLES}
    if sum(argument.role == "handle" for argument in signature.arguments) > 1:  # curl_multi_add_handle
        state = evaluator.with_sites(state, handles)
    owned = receiver is not None and signature.type is CallableKind.METHOD
    put_on(evaluator, {**roles, **state}, receiver.sites if owned and receiver is not None else handles)
    if receiver is not None and signature.type is CallableKind.METHOD:
        labels = join_all((Val(labels=all_labels(value)) for value in state.values()), evaluator.state.overflow).labels
        return receiver if not labels else evaluator.join(receiver, Val(labels=labels))
    if not handles:
        return construct(evaluator, signature, call, roles, receiver)
    return NOTHING


def put_on(evaluator: Evaluator, roles: Mapping[str, Val], handles: frozenset[int]) -> None:
    """Put on handles what a call gives them, and what the objects hold that it gives.

    `withUri(new Uri(...))`, `withBody($stream)`, `pushHandler(new SocketHandler(...))`.
    """
    given = {site for role, value in roles.items() for site in (all_sites(value) if value.height else value.sites)}
    inner = evaluator.with_sites({}, frozenset(given - handles))
    address = roles.get("url", NOTHING)
    if any(role in evaluator.sites.get(site, {}) for site in address.sites for role in OF_DATABASE):
        texts = frozenset(filter(is_known, address.texts))  # what the object is called says nothing, what it holds does
        roles = {**roles, "url": address.replaced(texts=texts)}
    for site in sorted(handles):
        for role, value in (*roles.items(), *inner.items()):
            if role not in HANDLE_ROLES and not role.startswith("."):
                evaluator.set_site(site, role, value)


def construct(
    evaluator: Evaluator, signature: Signature, call: Call, roles: dict[str, Val], receiver: Val | None
) -> Val:
    """A new handle: later calls find what it was made with."""
    site = evaluator.state.site(evaluator.number, call.start)
    targets = (receiver.sites if receiver is not None and signature.type is CallableKind.NEW else frozenset()) | {site}
    for target in sorted(targets):
        evaluator.of_library(target, signature.lib)
        for role, value in roles.items():
            if role not in HANDLE_ROLES:
                evaluator.set_site(target, role, value)
    made_by = (receiver,) if receiver is not None and signature.type is CallableKind.METHOD else ()
    for value in (*roles.values(), *made_by):
        for other in sorted((all_sites(value) if value.height else value.sites) - targets):
            for role, known in evaluator.sites.get(other, {}).items():
                evaluator.set_site(site, role, known)
    labels = join_all((Val(labels=all_labels(value)) for value in roles.values()), evaluator.state.overflow).labels
    types = receiver.types if receiver is not None else frozenset[str]()
    texts = evaluator.unknown(call).texts
    if signature.callable == "tempnam":
        texts = frozenset("/tmp/" + text for text in texts)  # noqa: S108  a path of the scanned program
    return Val(texts, labels, types, sites=frozenset(targets))


def remember_host(
    evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], handles: frozenset[int]
) -> None:
    """A call that connects a handle which was made before: what is sent on it later goes there."""
    if signature.phase != "connect":
        return
    for role in ("host", "dsn", "url"):
        for site in sorted(handles) if role in roles else ():
            evaluator.set_site(site, role, roles[role])


def is_foreign(evaluator: Evaluator, held: Mapping[str, Val]) -> bool:
    """Whether a connection goes to a host that the code names itself."""
    holes = evaluator.state.holes
    texts = [text for role in OF_DATABASE if role in held for text in held[role].texts if text[-1:] != ":"]
    names = [(url_destination(text, holes, bare_host=True).name, is_known(text)) for text in texts]
    return any(
        name.startswith(ANY_NAME_IN) or (known and not is_local(name) and name not in (UNRESOLVED, USER_INPUT))
        for name, known in names
    )


def listed_hosts(roles: Mapping[str, Val]) -> frozenset[str]:
    """Hosts of places that are given as arrays: `[['h', 11211]]`, `['host' => 'h', 'port' => 6379]`."""
    given = join_all((roles[role] for role in OF_DATABASE if role in roles and roles[role].items), "")
    return frozenset(_hosts_in(given, _DEPTH_OF_HOSTS))


def _hosts_in(value: Val, depth: int) -> Iterator[str]:
    """Texts of an array, and of arrays in it, that can name a host: the one under such a key, or all but numbers."""
    items = value.items or {}
    named = [items[key] for key in OF_DATABASE if key in items]
    for item in named or items.values():
        yield from (text for text in item.texts if not text.isdecimal())
        if item.items and depth:
            yield from _hosts_in(item, depth - 1)


def is_elsewhere(evaluator: Evaluator, held: Mapping[str, Val]) -> bool:
    """Whether a connection may go to another machine: one that a setting names, or of which nothing tells the host."""
    texts = [text for role in OF_DATABASE if role in held for text in held[role].texts]
    return any(not is_local(url_destination(text, evaluator.state.holes, bare_host=True).name) for text in texts)


def connected(evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], handles: frozenset[int]) -> None:
    """A call that connects: what is sent on its handle later goes to the host that it names."""
    remember_host(evaluator, signature, roles, handles)
    if signature.kind == "db" and signature.phase in ("connect", "construct") and is_foreign(evaluator, roles):
        evaluator.state.variants.foreign |= {site for site in handles if site >= 0}
        for site in sorted(handles):
            evaluator.of_library(site, signature.lib)
