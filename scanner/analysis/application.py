"""Applying a function's summary to a call: arguments for parameters, effects, and sinks that callers decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.analysis import (
    assumed,
    code,
    containers,
    decoding,
    following,
    given,
    holding,
    hydrating,
    keeping,
    objects,
    reaches,
    references,
    remote,
    reported,
    sinks,
    transfer,
)
from scanner.analysis.binding import Binding
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.passing import passed_through
from scanner.analysis.state import State
from scanner.analysis.summary import (
    EMPTY,
    MAX_LIFTS,
    MAX_NAMED_LIFTS,
    MAX_PAYLOAD_LIFTS,
    MAX_URL_LIFTS,
    PARAM,
    Effect,
    Hit,
    Substitution,
    Summary,
    closed,
    depends_on_caller,
    parameters_only,
)
from scanner.analysis.templates import is_known, parameters
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all, stepped
from scanner.analysis.variants import Given
from scanner.model.facts import Call, decode_body
from scanner.model.signature import Certainty


def summary_of(state: State, number: int) -> Summary:
    """Summary of a function, made on demand; a recursive call sees that of the round before, at first none."""
    state.users[number].add(state.current)
    number = state.program.with_body(number)
    known = state.summaries.get(number)
    if known is not None:
        return known
    if number in state.active:
        return state.previous.get(number, EMPTY)
    if len(state.active) >= state.limits.call_depth:
        state.limit("call-depth", number)
        state.cut[number].add(state.current)
        return state.previous.get(number, EMPTY)
    return compute(state, number)


def _variant(state: State, number: int, passed: Given) -> Summary:
    """Summary of a function for callers that pass it a client; the general one where it calls itself."""
    number = state.program.with_body(number)
    known = state.variants.of_function.setdefault(number, {})
    if passed not in known:
        general = state.summaries.get(number, EMPTY)
        if number in state.active or len(state.active) >= state.limits.call_depth:
            return general
        state.variants.made += 1
        known[passed] = compute(state, number, passed)
        state.summaries[number] = general
    return known[passed]


def _of_object(state: State, number: int, summary: Summary, receiver: Val | None) -> Summary:
    """The summary with the value for objects of the receiver's class, where that may be another (see `late`)."""
    number = state.program.with_body(number)
    classes = state.late.classes(number, receiver, summary) if number not in state.active else []
    if not classes or len(state.active) >= state.limits.call_depth:
        return summary
    values: list[Val] = []
    for cls in classes:
        value = state.late.known(number, cls, summary)
        if value is None:
            value = _value_for(state, number, cls)
            state.late.keep(number, cls, summary, value)
        values.append(value)
    return summary._replace(returns=join_all(values, state.overflow))


def _value_for(state: State, number: int, cls: str) -> Val:
    """What a method that only computes a value gives on objects of one class."""
    state.active.append(number)
    outer, state.current = state.current, number
    try:
        evaluator = Evaluator(state, number)
        evaluator.on_object_of(cls)
        transfer.run(evaluator, decode_body(evaluator.fact.body))
        return evaluator.summary().returns
    finally:
        state.active.pop()
        state.current = outer


def compute(state: State, number: int, passed: Given = ()) -> Summary:
    """Evaluate a function and keep its summary. `passed`: clients that it gets (see `variants`)."""
    forgotten = {} if passed else state.variants.of_function.pop(number, {})
    state.active.append(number)
    outer, state.current = state.current, number
    inside, state.decoding.inside = state.decoding.inside, 0
    try:
        evaluator = Evaluator(state, number)
        evaluator.accept(passed)
        transfer.run(evaluator, decode_body(evaluator.fact.body))
        _run_late_closures(evaluator)
        keeping.flush(evaluator)
        for instance in evaluator.ending:
            objects.destroyed(evaluator, instance)
        summary = evaluator.summary()
    finally:
        state.active.pop()
        state.current, state.decoding.inside = outer, inside
    kept: list[Effect] = []
    for effect in summary.effects:
        if effect.target == "site" and effect.key[0] >= 0 and not depends_on_caller(effect.value):
            state.write_site(effect.key[0], effect.key[1], effect.value)
            if effect.key[1].startswith("."):
                continue  # a property of a known object: whoever reads it finds it in the state of all
        kept.append(effect)
    if len(kept) < len(summary.effects):
        summary = summary._replace(effects=tuple(kept))
    state.summaries[number] = summary
    for one in sorted(forgotten, key=repr):  # who passes these clients need not be evaluated again
        _variant(state, number, one)
    return summary


def _run_late_closures(evaluator: Evaluator) -> None:
    """Closures that capture by reference may run when the variables have their last values (shutdown functions)."""
    for number in sorted(evaluator.closures):
        if any(by_ref for _name, by_ref in evaluator.state.program.functions[number].captures):
            evaluate_closure(evaluator, number)


def evaluate_closure(
    evaluator: Evaluator,
    number: int,
    args: list[Val] | None = None,
    carried: Mapping[str, Val] | None = None,
    scope: str = "",
) -> Val:
    """Run a closure's body with the variables it captures; its sinks belong to the function around it.

    `carried`: captured variables of a closure that was made elsewhere. `scope`: class that it was bound to.
    """
    state = evaluator.state
    if number in state.active:  # one closure may hold another of the same place: `array_reduce` of closures
        return Val(labels=state.lasting(join_all((Val(labels=all_labels(arg)) for arg in args or ()), "").labels))
    deep = len(state.active) >= state.limits.call_depth
    if deep:
        state.limit("call-depth", state.current)
        state.cut[state.current].add(state.current)
    if deep or not state.run_inside(number):
        state.left_closures.add(number)
        return NOTHING
    state.run_closures.add(number)
    state.active.append(number)
    try:
        inner = Evaluator(state, number)
        inner.cls = scope or inner.cls
        inner.concrete = evaluator.concrete
        inner.adopt(evaluator, args, carried)
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
    evaluator.take_over(inner, foreign=carried is not None)
    if inner.returns.labels or inner.returns.height:
        evaluator.given_back[number] = inner.returns
    written = [inner.env[param.name] for param in inner.fact.params if param.by_ref and param.name in inner.env]
    if not written:
        return inner.returns
    return join_all([inner.returns, *(Val(labels=all_labels(value)) for value in written)], evaluator.state.overflow)


def apply_summary(
    evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None, *, certain: bool = True
) -> Val:
    """Effect of calling a function of the program with these arguments."""
    state = evaluator.state
    decoded = decoding.decode(evaluator, call, number, args, receiver) if args else None
    if decoded is not None and not decoding.dispatches(evaluator, number):
        return decoded
    given_clients = state.variants.given(evaluator, state.program.functions[number], number, args) if args else ()
    if not (given_clients or following.worth(state, number) or any(following.holds_secret(state, arg) for arg in args)):
        state.kept.passed_over.add(number)
        state.users[number].add(state.current)
        return _with_return_types(state, number, passed_through(evaluator, call, receiver or NOTHING, args))
    summary = summary_of(state, number)
    if summary is EMPTY:
        return decoded or passed_through(evaluator, call, receiver or NOTHING, args)
    summary = _variant(state, number, given_clients) if given_clients else _of_object(state, number, summary, receiver)
    state.mixing.passed(evaluator.number, number, call)
    symbol = state.program.symbol(number)
    passed_to, returned_by = f"passed to {symbol}()", f"returned by {symbol}()"

    def step(trace: Trace) -> Trace:
        return stepped(trace, evaluator.path, call.line, passed_to)

    def returned(trace: Trace) -> Trace:
        return stepped(trace, evaluator.path, call.line, returned_by)

    returns = _with_step(evaluator, summary.returns, returned)
    if not summary.effects and not summary.hits and not summary.reaches and not depends_on_caller(returns):
        return _with_return_types(state, number, _better(evaluator, returns, decoded))
    binding = Binding(evaluator, call, number, following.printable(evaluator, number, args), receiver)
    substitution = evaluator.substitution(binding.argument, step, returned)
    back = _apply_effects(evaluator, call, number, summary, substitution)
    for hit in summary.hits:
        lift(evaluator, call, hit, substitution, symbol, certain=certain)
    reaches.lift(evaluator, call, summary.reaches, substitution, symbol)
    result = evaluator.join(substitution.value(returns), back)
    if state.program.functions[number].is_abstract and not summary.returns.texts:
        result = evaluator.join(result, passed_through(evaluator, call, receiver or NOTHING, args))
    return _with_return_types(state, number, _better(evaluator, result, decoded))


def _better(evaluator: Evaluator, result: Val, decoded: Val | None) -> Val:
    """A result with the text that running the function for these arguments gave: the summary has none that is known."""
    if decoded is None:
        return result
    return evaluator.join(decoded, Val(labels=result.labels, types=result.types, sites=result.sites))


def _apply_effects(evaluator: Evaluator, call: Call, number: int, summary: Summary, substitution: Substitution) -> Val:
    """What a callee does besides its value; what comes back of the functions that it was given."""
    back = NOTHING
    for effect in summary.effects:
        if references.is_not_assigned(evaluator, number, effect):
            continue
        if effect.target == given.CALLS:
            back = evaluator.join(back, given.run(evaluator, call, effect, substitution, summary.returns))
        elif effect.target == hydrating.MEMBERS:
            hydrating.filled(evaluator, effect, substitution)
        elif effect.target == references.KEPT:
            references.kept(evaluator, call, effect)
        else:
            _apply_effect(evaluator, call, effect, substitution)
    return back


def _with_step(evaluator: Evaluator, value: Val, step: Callable[[Trace], Trace], depth: int = 2) -> Val:
    """The value with a step added to the ways of what the callee itself put in."""
    labels = {
        label: trace if label.startswith(PARAM) or remote.is_open(label) else step(trace)
        for label, trace in evaluator.followed(value.labels).items()
    }
    items = value.items
    if depth and items and any(item.labels or item.items for item in items.values()):
        items = {key: _with_step(evaluator, item, step, depth - 1) for key, item in items.items()}
    rest = _with_step(evaluator, value.rest, step, depth - 1) if depth and value.rest is not None else value.rest
    if not labels and not value.labels and items is value.items and rest is value.rest:
        return value
    return value.replaced(labels=labels, items=items, rest=rest)


def _with_return_types(state: State, number: int, result: Val) -> Val:
    """The result with the classes that the function declares to return."""
    types = state.program.return_classes(number)
    return result.replaced(types=result.types | types) if types - result.types else result


def _apply_effect(evaluator: Evaluator, call: Call, effect: Effect, substitution: Substitution) -> None:
    number, name = effect.key
    if effect.target == "argument":
        if number < len(call.args):
            transfer.write(evaluator, call.args[number].value, substitution.value(effect.value))
    elif effect.target == "site":
        sites = substitution.sites(frozenset([number]))
        if name == containers.ROLE:
            sites = frozenset(site for site in sites if containers.holds(evaluator, site))
        value = substitution.value(effect.value) if sites else NOTHING
        for site in sorted(sites):
            evaluator.set_site(site, name, value)
        if number >= 0 and name in holding.OF_DATABASE:  # an object that a constructor made, of which it keeps the rest
            _connected_inside(evaluator, number, sites, name, value)
        if name == containers.ROLE:
            evaluator.stored_sites |= sites
            _put_on(evaluator, sites, name, value)
        elif evaluator.state.is_kept_handle(number):
            _put_on(evaluator, sites, name, value)
    elif effect.target in ("printed", "thrown"):
        _apply_shown(evaluator, effect, substitution.value(effect.value))
    else:
        value = substitution.value(effect.value)
        cls, _separator, member = name.partition("\0")
        evaluator.write_shared(effect.target, (cls, member), value, effect.lifts + 1)


def _put_on(evaluator: Evaluator, sites: frozenset[int], role: str, value: Val) -> None:
    """What a callee put into a collection, or on a handle that a store holds: it is there, wherever that is kept."""
    for site in sorted(sites) if not depends_on_caller(value) else ():
        if site >= 0:
            evaluator.state.write_site(site, role, value)


def _connected_inside(evaluator: Evaluator, made: int, sites: frozenset[int], role: str, value: Val) -> None:
    """A database connection that a callee opened, to a host that this call decides: it is used wherever it was kept."""
    if evaluator.state.variants.databases.isdisjoint(evaluator.state.site_libraries.get(made, ())):
        return
    evaluator.stored_sites |= sites
    _put_on(evaluator, sites, role, value)
    if depends_on_caller(value):
        return
    if holding.is_foreign(evaluator, {role: value}):
        evaluator.state.variants.foreign |= sites


def _apply_shown(evaluator: Evaluator, effect: Effect, value: Val) -> None:
    """What a callee prints or throws."""
    labels = Val(labels=value.labels)
    if effect.target == "printed":
        evaluator.printed = evaluator.join(evaluator.printed, labels)
    else:
        evaluator.thrown = evaluator.join(evaluator.thrown, labels.replaced(types=value.types))
        reported.report(evaluator, reported.EXCEPTION, [value])


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
    roles = sinks.decisive(evaluator, hit.signature, evaluator.with_sites(roles, sites - hit.sites))
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


def _names_place(hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether a call says in words where its callee sends something, and the callee leaves that to it."""
    return any(
        any(map(_leaves_host, hit.roles[role].texts)) and not roles[role].texts <= hit.roles[role].texts
        for role in sinks.URL_ROLES
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
    addressed = [role for role in sinks.URL_ROLES if role in roles]
    if not addressed and hit.signature.certainty is Certainty.IF_REMOTE and not symbolic:
        return MAX_PAYLOAD_LIFTS
    if addressed and not symbolic and not any(depends_on_caller(roles[role]) for role in addressed):
        return MAX_LIFTS if _tells_address(state, hit, roles) else MAX_PAYLOAD_LIFTS
    return MAX_LIFTS


def _names_host(hit: Hit) -> bool:
    """Whether the beginning of an address is known: then the call surely is one."""
    return any("://" in text for role in sinks.URL_ROLES if role in hit.roles for text in hit.roles[role].texts)


def _tells_address(state: State, hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether any piece of where a call goes is known, or may come to be by way of its object."""
    if hit.signature.destinations:
        return True
    told = [roles, *(state.site_states.get(site, {}) for site in sorted(hit.sites) if site >= 0)]
    return any(len(text) > 1 for each in told for role in sinks.URL_ROLES if role in each for text in each[role].texts)


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
    used = {role: hit.roles[role] for role in (*sinks.URL_ROLES, *sinks.sent_by_context(hit)) if role in hit.roles}
    return _goes_to_url(evaluator, hit, {role: substitution.value(value) for role, value in used.items()})


def _goes_to_url(evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val]) -> bool:
    """Whether a file function's path may be an address: as it is written, or because of a secret.

    No file's name needs one, and none is opened with one in a header. A path that begins with what nobody knows is
    left to callers further out: the secret may be theirs.
    """
    state = evaluator.state
    paths = [roles[role] for role in sinks.URL_ROLES if role in roles]
    if any(sinks.may_be_url(text, state.holes) for path in paths for text in path.texts):
        return True
    unknown = [path for path in paths if any(text and state.holes.hole(text[0]) is not None for text in path.texts)]
    open_place = unknown or not all(path.texts for path in paths)  # a property of the own object leaves no text
    told = [*unknown, *(roles[role] for role in sinks.sent_by_context(hit) if role in roles and open_place)]
    return any(bool(state.secrets_of(value)) or depends_on_caller(value) for value in told)


def _worth_lifting(evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val], sites: frozenset[int]) -> bool:
    """Whether a caller decides something that a reader or a further caller must know: a destination, or a secret."""
    if any(site < 0 for site in sites):
        return True
    decided = {role for role, value in hit.roles.items() if role in roles and depends_on_caller(value)}
    sent = decided.intersection(sinks.sent_by_context(hit))
    decided.intersection_update(sinks.URL_ROLES)
    if hit.signature.certainty is Certainty.IF_URL and decided:
        return _goes_to_url(evaluator, hit, {role: roles[role] for role in decided | sent})
    if decided or hit.signature.kind in ("exec", "process", code.KIND):
        return True
    return any(
        depends_on_caller(value) or any(evaluator.state.is_secret(label) for label in all_labels(value))
        for value in roles.values()
    )
