"""Sinks of a callee that its parameters decide: they are sinks of the call that passes what decides."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.analysis import (
    assumed,
    code,
    holding,
    keeping,
    reaches,
    sensitive,
    sinks,
)
from scanner.analysis.decisive import URL_ROLES, decisive
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.state import State
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import (
    MAX_LIFTS,
    MAX_NAMED_LIFTS,
    MAX_PAYLOAD_LIFTS,
    MAX_URL_LIFTS,
    Hit,
    closed,
    depends_on_caller,
    parameters_only,
)
from scanner.analysis.templates import is_known, parameters
from scanner.analysis.values import NOTHING, Val, all_labels
from scanner.model.facts import Call
from scanner.model.signature import Certainty

_TOLD_BY_ANY_ROLE = frozenset({"exec", "process", code.KIND, sensitive.SETTING})
"""Kinds of calls that are no addresses: whatever a caller says of them decides."""


def lift(evaluator: Evaluator, call: Call, hit: Hit, substitution: Substitution, symbol: str, *, certain: bool) -> None:
    """A sink that the callee's parameters decide is a sink of this call."""
    symbolic_site = any(site < 0 for site in hit.sites)
    if not symbolic_site and not any(depends_on_caller(value) for value in hit.roles.values()):
        return
    sites = substitution.sites(hit.sites)
    only_paths = sites == hit.sites and hit.signature.certainty is Certainty.IF_URL
    if only_paths and not _may_get_url(evaluator, hit, substitution):
        return
    roles = {role: substitution.value(parameters_only(value)) for role, value in hit.roles.items()}
    if hit.signature.kind == assumed.KIND and assumed.is_known(evaluator, roles):
        return
    roles = decisive(evaluator, hit.signature, evaluator.with_sites(roles, sites - hit.sites))
    by_object = symbolic_site and _names_other_place(evaluator, sites - hit.sites, hit.roles)
    if by_object or _names_place(hit, roles):  # the callee's own finding says what is sent, and not where to
        roles = _with_secrets(evaluator, hit, roles)
    if "file" in roles and depends_on_caller(hit.roles["file"]):
        held = keeping.kept_under(evaluator, "file", roles["file"])
        roles["payload"] = evaluator.join(roles.get("payload", NOTHING), held)
    worth = by_object or _worth_lifting(evaluator, hit, roles, sites)
    if not worth or _tells_nothing(evaluator, hit, roles, sites):
        return
    if _too_deep(evaluator.state, hit, roles, symbolic=symbolic_site):
        evaluator.state.limit("wrapper-depth", evaluator.number)
        return
    lifted = hit._replace(
        function=evaluator.number, line=call.line, end_line=call.end_line, start=call.start, end=call.end, sites=sites,
        roles=roles, via=(symbol, *hit.via), certain=hit.certain and certain,
        hops=reaches.with_hop(evaluator.state.program.path(hit.function), hit),
        decided=frozenset(role for role, value in hit.roles.items() if depends_on_caller(value)),
    )  # fmt: skip
    evaluator.add_hit(lifted)
    if hit.signature.kind == code.KIND and code.tells(evaluator, roles.get("code", NOTHING)):
        code.follow(evaluator, call, roles["code"])
    if hit.signature.kind == sensitive.WRITE and hit.api != "copy":
        sensitive.follow_written(evaluator, call, roles.get("content", NOTHING))


def _names_place(hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether a call says in words where its callee sends something, and the callee leaves that to it."""
    return any(
        any(map(_leaves_host, hit.roles[role].texts)) and not roles[role].texts <= hit.roles[role].texts
        for role in URL_ROLES
        if role in hit.roles and role in roles
    )


def _leaves_host(text: str) -> bool:
    """Whether the host of an address is a caller's to say."""
    return bool(parameters(text)) and sinks.KNOWN_HOST.search(text) is None


def _names_other_place(evaluator: Evaluator, sites: frozenset[int], own: Mapping[str, Val]) -> bool:
    """Whether an object says in words where a call goes, and the call does not say that itself."""
    held = [evaluator.sites[site] for site in sites if site in evaluator.sites]
    return any(
        is_known(text) and (role not in own or text not in own[role].texts)
        for roles in held
        for role in holding.OF_DATABASE
        if role in roles
        for text in roles[role].texts
    )


def _with_secrets(evaluator: Evaluator, hit: Hit, roles: dict[str, Val]) -> dict[str, Val]:
    """The roles with the secrets that the callee itself gives to an object whose host only this call names."""
    for role, value in hit.roles.items():
        secrets = {label: way for label, way in all_labels(value).items() if evaluator.state.is_specific(label)}
        if secrets:
            roles[role] = evaluator.join(roles.get(role, NOTHING), Val(labels=secrets))
    return roles


def _too_deep(state: State, hit: Hit, roles: Mapping[str, Val], *, symbolic: bool) -> bool:
    """Whether a sink is followed no further outwards; wrappers that call each other by name are, for a known host.

    `roles`: those of the hit as the caller sees them.
    """
    levels = reaches.levels(state, hit)
    if levels == len(hit.via) and _names_host(hit):
        return levels >= MAX_NAMED_LIFTS
    return levels >= _max_lifts(state, hit, roles, symbolic=symbolic)


def _max_lifts(state: State, hit: Hit, roles: Mapping[str, Val], *, symbolic: bool) -> int:
    """How many levels of wrappers are followed: fewest where no caller decides an address, as for logs and the like."""
    if "command" in hit.roles or _names_host(hit):
        return MAX_LIFTS
    if hit.signature.certainty is Certainty.IF_URL:
        return MAX_URL_LIFTS
    addressed = [role for role in URL_ROLES if role in roles]
    if not addressed and hit.signature.certainty is Certainty.IF_REMOTE and not symbolic:
        return MAX_PAYLOAD_LIFTS
    if addressed and not symbolic and not any(depends_on_caller(roles[role]) for role in addressed):
        return MAX_LIFTS if _tells_address(state, hit, roles) else MAX_PAYLOAD_LIFTS
    return MAX_LIFTS


def _names_host(hit: Hit) -> bool:
    """Whether the beginning of an address is known: then the call surely is one."""
    return any("://" in text for role in URL_ROLES if role in hit.roles for text in hit.roles[role].texts)


def _tells_address(state: State, hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether any piece of where a call goes is known, or may come to be by way of its object."""
    if hit.signature.destinations:
        return True
    told = [roles, *(state.site_states.get(site, {}) for site in sorted(hit.sites) if site >= 0)]
    return any(len(text) > 1 for each in told for role in URL_ROLES if role in each for text in each[role].texts)


def _tells_nothing(evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val], sites: frozenset[int]) -> bool:
    """Whether only properties of an object decide the sink, and nothing is known of them here."""
    holes = evaluator.state.holes
    if sites - hit.sites or any(depends_on_caller(closed(value, holes)) for value in hit.roles.values()):
        return False
    decided = [roles[role] for role, value in hit.roles.items() if depends_on_caller(value)]
    return not any(
        depends_on_caller(value) or all_labels(value) or any(not evaluator.state.says_nothing(t) for t in value.texts)
        for value in decided
    )


def _may_get_url(evaluator: Evaluator, hit: Hit, substitution: Substitution) -> bool:
    """Whether a file function's path can be an address here; most paths are not, and cost nothing more."""
    if "xml" in hit.roles:
        return True  # the document itself names the address
    used = {role: hit.roles[role] for role in (*URL_ROLES, *sinks.sent_by_context(hit)) if role in hit.roles}
    return _goes_to_url(evaluator, hit, {role: substitution.value(value) for role, value in used.items()})


def _goes_to_url(evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether a file function's path may be an address: as it is written, or because of a secret.

    No file's name needs one, and none is opened with one in a header. A path that begins with what nobody knows is
    left to callers further out: the secret may be theirs.
    """
    state = evaluator.state
    paths = [roles[role] for role in URL_ROLES if role in roles]
    if any(sinks.may_be_url(text, state.holes) for path in paths for text in path.texts):
        return True
    unknown = [path for path in paths if any(text and state.holes.hole(text[0]) is not None for text in path.texts)]
    open_place = unknown or not all(path.texts for path in paths)  # a property of the own object leaves no text
    told = [*unknown, *(roles[role] for role in sinks.sent_by_context(hit) if role in roles and open_place)]
    return any(state.has_secret(value) or depends_on_caller(value) for value in told)


def _worth_lifting(evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val], sites: frozenset[int]) -> bool:
    """Whether a caller decides something that a reader or a further caller must know: a destination, or a secret."""
    if hit.signature.kind == sensitive.WRITE:
        return sensitive.writes_code(roles)
    if any(site < 0 for site in sites):
        return True
    decided = {role for role, value in hit.roles.items() if role in roles and depends_on_caller(value)}
    sent = decided.intersection(sinks.sent_by_context(hit))
    decided.intersection_update(URL_ROLES)
    if hit.signature.certainty is Certainty.IF_URL and decided:
        return _goes_to_url(evaluator, hit, {role: roles[role] for role in decided | sent})
    if decided or hit.signature.kind in _TOLD_BY_ANY_ROLE:
        return True
    return any(
        depends_on_caller(value) or any(evaluator.state.is_secret(label) for label in all_labels(value))
        for value in roles.values()
    )
