"""Applying a function's summary to a call: arguments for parameters, effects, and sinks that callers decide."""

from __future__ import annotations

from collections.abc import Callable

from scanner.analysis import (
    alike,
    containers,
    decoding,
    dispatching,
    following,
    given,
    growing,
    holding,
    hydrating,
    inside,
    keyed,
    lasting,
    lifting,
    objects,
    output,
    plain,
    reaches,
    references,
    remote,
    reported,
    transfer,
)
from scanner.analysis.binding import Binding
from scanner.analysis.closures import evaluate_closure
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.flows import Passed, Step
from scanner.analysis.passing import passed_through
from scanner.analysis.state import State
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import (
    EMPTY,
    PARAM,
    RECEIVER,
    Effect,
    Summary,
    depends_on_caller,
    is_of_part,
    reached,
)
from scanner.analysis.summary import (
    certain as surely,
)
from scanner.analysis.telling import tell_early
from scanner.analysis.values import NOTHING, Trace, Val, join_all, stepped
from scanner.analysis.variants import Given
from scanner.model.facts import Call, Var, decode_body

_INWARD = frozenset({"argument", "printed", "thrown", given.CALLS})
"""Targets of effects that end with the call."""
_MAX_CALLS = 4
"""Calls of a function, one after the other, that tell what is in its static variables."""
_MAX_RECURSIONS = 12
"""Parameters through which what a function passes to itself is followed."""
_MAX_DEEPER = 2
"""Rounds that may bring nothing but parts of parameters: parts of parts have no end, and a value keeps only so many."""


def summary_of(state: State, number: int) -> Summary:
    """Summary of a function, made on demand; a recursive call sees that of the round before, at first none."""
    state.users[number].add(state.current)
    number = state.program.with_body(number)
    known = state.summaries.get(number)
    if known is not None:
        return known
    if number in state.active:
        seen = state.previous.get(number, EMPTY)
        if state.current != number:
            state.early[number].setdefault(state.current, seen)
        return seen
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
        summary = _evaluated(state, number, passed)
        if number in state.growth.early:  # it adds to a property that it took for the class's
            state.growth.early.discard(number)
            state.waiting.forget(number)
            summary = _evaluated(state, number, passed)
        if number in state.users.get(number, ()):
            summary = _of_recursive(state, number, passed, summary)
    finally:
        state.active.pop()
        state.current, state.decoding.inside = outer, inside
    kept = tuple(effect for effect in summary.effects if not _told_to_all(state, effect))
    if len(kept) < len(summary.effects):
        summary = summary._replace(effects=kept)
    state.summaries[number] = summary
    if not passed:
        tell_early(state, number, summary)
    for one in sorted(forgotten, key=repr):  # who passes these clients need not be evaluated again
        _variant(state, number, one)
    return summary


def _told_to_all(state: State, effect: Effect) -> bool:
    """Put what an object of a known place got into the state of all, as far as no caller decides it.

    True where callers need not be told: whoever reads the property finds it there. What stands for many secrets at
    once, as all variables of the environment, is that of this call alone.
    """
    sites = [site for site in (effect.key[0], *effect.alike) if site >= 0] if effect.target == "site" else []
    role, value, is_known = effect.key[1], effect.value, not depends_on_caller(effect.value)
    told = state.single(value)
    if is_known or (role == containers.ROLE and state.has_secret(value)):
        for site in sites:
            state.write_site(site, role, surely(told))
    return bool(sites) and is_known and role.startswith(".") and told is value


def _of_recursive(state: State, number: int, passed: Given, summary: Summary) -> Summary:
    """A function that calls itself, evaluated until no further parameter reaches a sink or comes back.

    `f($n - 1, '', $a, $b)`: what is passed takes one place further with each call.
    """
    before, known = reached(summary), state.previous.get(number) if not passed else None
    if known is not None and before <= reached(known):
        return summary  # it was made with all of it
    for round_ in range(_MAX_RECURSIONS if before else 0):
        state.previous[number] = summary
        summary = _evaluated(state, number, passed)
        after = reached(summary)
        come = [found[-1] for found in after - before]
        if not come or (round_ >= _MAX_DEEPER and all(is_of_part(str(label)) for label in come)):
            break
        before = after
    return summary


def _evaluated(state: State, number: int, passed: Given) -> Summary:
    """Evaluate a function, again where it finds in static variables what it has left there."""
    for _call in range(_MAX_CALLS):
        evaluator = _evaluate(state, number, passed)
        changed = lasting.have_changed(evaluator)
        if not changed:
            break
    else:
        state.vague.update(changed)  # each call leaves something else
        evaluator = _evaluate(state, number, passed)
    return alike.in_result(evaluator.summary())


def _evaluate(state: State, number: int, passed: Given) -> Evaluator:
    evaluator = Evaluator(state, number)
    evaluator.accept(passed)
    transfer.run(evaluator, decode_body(evaluator.fact.body))
    _run_late_closures(evaluator)
    output.flush(evaluator)
    for instance in evaluator.ending:
        objects.destroyed(evaluator, instance)
    return evaluator


def _run_late_closures(evaluator: Evaluator) -> None:
    """Closures that capture by reference may run when the variables have their last values (shutdown functions)."""
    for number in sorted(evaluator.closures):
        if any(by_ref for _name, by_ref in evaluator.state.program.functions[number].captures):
            evaluate_closure(evaluator, number)


def apply_summary(
    evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None, *, certain: bool = True
) -> Val:
    """Effect of calling a function of the program with these arguments."""
    evaluator.age()
    state = evaluator.state
    decoded = decoding.decode(evaluator, call, number, args, receiver) if args else None
    if decoded is not None and decoded.is_whole and not decoding.dispatches(evaluator, number):
        return decoded.value
    if args and (told := dispatching.run(evaluator, call, number, args, receiver)) is not None:
        return _with_return_types(state, number, _better(evaluator, told, decoded))
    body = state.program.with_body(number)
    said, reads = state.decoding.dispatchers.get(body), state.decoding.lookups.get(body)
    given_clients = state.variants.given(evaluator, state.program.functions[number], number, args) if args else ()
    worth = given_clients or following.worth(state, number)
    if not (worth or any(following.holds_secret(evaluator, arg) for arg in args)):
        state.kept.passed_over.add(number)
        state.users[number].add(state.current)
        evaluator.lead_past(number, args)
        result = passed_through(evaluator, call, receiver or NOTHING, args)
        return _with_return_types(state, number, _better(evaluator, result, decoded))
    summary = summary_of(state, number)
    if args and state.decoding.lookups.get(body) is not reads:  # its evaluation said so
        decoded = decoding.decode(evaluator, call, number, args, receiver)
    binding = _note_passed(evaluator, call, number, args, receiver)
    if args and state.decoding.dispatchers.get(body) is not said:  # likewise
        told = dispatching.run(evaluator, call, number, args, receiver)
        if told is not None:
            return _with_return_types(state, number, _better(evaluator, told, decoded))
    if args and summary.hits:
        told = dispatching.reshaped(evaluator, call, number, args, receiver, summary.hits)
        if told is not None:
            return _with_return_types(state, number, _better(evaluator, told, decoded))
    if summary is EMPTY:
        return _better(evaluator, passed_through(evaluator, call, receiver or NOTHING, args), decoded)
    summary = _variant(state, number, given_clients) if given_clients else _of_object(state, number, summary, receiver)
    state.mixing.passed(evaluator.number, number, call)
    binding = binding or Binding(evaluator, call, number, following.printable(evaluator, number, args), receiver)
    result = _applied(evaluator, call, number, summary, binding, args, receiver, certain=certain)
    references.slots_passed(evaluator, call, number)
    return _with_return_types(state, number, _better(evaluator, result, decoded))


def _note_passed(
    evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None
) -> Binding | None:
    """Keep what a call passes that can flow to stores further on: the arguments, where there is such a one."""
    flows, program = evaluator.state.flows, evaluator.state.program
    if all(flows.flowing(arg) is NOTHING for arg in args) and (receiver is None or flows.flowing(receiver) is NOTHING):
        return None
    binding = Binding(evaluator, call, number, following.printable(evaluator, number, args), receiver)
    passed = ((i, binding.argument(i)) for i in range(RECEIVER, len(program.functions[number].params) + 1))
    passed = ((i, surely(value) if evaluator.crossing else value) for i, value in passed)
    given = {index: value for index, value in passed if flows.flowing(value) is not NOTHING}
    if given:
        step = Step(evaluator.path, call.line, f"passed to {program.symbol(number)}()")
        noted = Passed(step, given, _changing(evaluator, call))
        evaluator.note_passed(program.with_body(number), call.start, noted)
    return binding


def _applied(
    evaluator: Evaluator, call: Call, number: int, summary: Summary, binding: Binding, args: list[Val],
    receiver: Val | None, *, certain: bool,
) -> Val:  # fmt: skip
    """Effects of a summary with these arguments; what comes back."""
    state = evaluator.state
    symbol = state.program.symbol(number)
    passed_to, returned_by = f"passed to {symbol}()", f"returned by {symbol}()"

    def step(trace: Trace) -> Trace:
        return stepped(trace, evaluator.path, call.line, passed_to)

    def returned(trace: Trace) -> Trace:
        return stepped(trace, evaluator.path, call.line, returned_by)

    returns = _with_step(evaluator, summary.returns, returned)
    if not (summary.effects or summary.hits or summary.reaches) and not depends_on_caller(returns):
        return returns
    substitution = evaluator.substitution(binding.argument, step, returned)
    substitution.changed = _changing(evaluator, call)
    substitution.of_trait = number in state.program.in_traits
    outward = substitution
    if evaluator.crossing and not _INWARD.issuperset(effect.target for effect in summary.effects):
        state.limit("one-of-many", evaluator.number)  # of a hook's handlers, each would keep what any hook is handed
        outward = evaluator.substitution(lambda index: surely(binding.argument(index)), step, returned)
    back = _apply_effects(evaluator, call, number, summary, substitution, outward)
    for hit in summary.hits:
        lifting.lift(evaluator, call, hit, substitution, symbol, certain=certain)
    reaches.lift(evaluator, call, summary.reaches, substitution, symbol)
    result = evaluator.join(substitution.value(returns), back)
    if state.program.functions[number].is_abstract and not summary.returns.texts:
        result = evaluator.join(result, passed_through(evaluator, call, receiver or NOTHING, args))
    return result


def _changing(evaluator: Evaluator, call: Call) -> Callable[[str], bool]:
    """Whether the argument for a parameter's template is no expression that gives a name as it is."""

    def changed(template: str) -> bool:
        index = evaluator.state.holes.parameter_of(template)
        return 0 <= index < len(call.args) and not plain.is_plain(evaluator, call.args[index].value)

    return changed


def _better(evaluator: Evaluator, result: Val, decoded: decoding.Decoded | None) -> Val:
    """A result with the text that running the function for these arguments gave: the summary has none that is known."""
    if decoded is None:
        return result
    if not decoded.is_whole:
        return evaluator.join(result, decoded.value)
    return evaluator.join(decoded.value, Val(labels=result.labels, types=result.types, sites=result.sites))


def _apply_effects(
    evaluator: Evaluator, call: Call, number: int, summary: Summary, substitution: Substitution, outward: Substitution
) -> Val:
    """What a callee does besides its value; what comes back of the functions that it was given.

    `outward`: the same as `substitution` for what it does to places that outlive the call.
    """
    back = NOTHING
    for effect in summary.effects:
        if references.is_not_assigned(evaluator, number, effect):
            continue
        told = substitution if effect.target in _INWARD else outward
        if effect.target == given.CALLS:
            back = evaluator.join(back, given.run(evaluator, call, effect, told, summary.returns))
        elif effect.target == hydrating.MEMBERS:
            hydrating.filled(evaluator, effect, told)
        elif effect.target == inside.INSIDE:
            inside.put(evaluator, effect, told)
        elif effect.target == keyed.NAMED:
            evaluator.put_by_callee(effect, told)
        elif effect.target == references.KEPT:
            references.kept(evaluator, call, effect)
        else:
            _apply_effect(evaluator, call, number, effect, told)
    return back


def _with_step(evaluator: Evaluator, value: Val, step: Callable[[Trace], Trace], depth: int = 2) -> Val:
    """The value with a step added to the ways of what the callee itself put in."""
    labels = {
        label: trace if label.startswith(PARAM) or remote.is_open(label) else step(trace)
        for label, trace in evaluator.followed(value.labels).items()
    }
    items, rest = value.items, value.rest
    if depth and items and any(item.labels or item.items for item in items.values()):
        several = {id(item): item for item in (*items.values(), *([] if rest is None else [rest]))}
        done = {place: _with_step(evaluator, item, step, depth - 1) for place, item in several.items()}
        items = {key: done[id(item)] for key, item in items.items()}
        rest = rest and done[id(rest)]
    elif depth and rest is not None:
        rest = _with_step(evaluator, rest, step, depth - 1)
    if not labels and not value.labels and items is value.items and rest is value.rest:
        return value
    return value.replaced(labels=labels, items=items, rest=rest)


def _with_return_types(state: State, number: int, result: Val) -> Val:
    """The result with the classes that the function declares to return."""
    types = state.program.return_classes(number)
    return result.replaced(types=result.types | types) if types - result.types else result


def _apply_effect(evaluator: Evaluator, call: Call, callee: int, effect: Effect, substitution: Substitution) -> None:
    number, name = effect.key
    if effect.target == "argument":
        if number < len(call.args):
            place = call.args[number].value
            transfer.write(evaluator, place, substitution.value(effect.value))
            evaluator.changed.update([place.name] if isinstance(place, Var) else ())
    elif effect.target == "site":
        _put_on_objects(evaluator, effect, substitution)
    elif effect.target in ("printed", "thrown"):
        _apply_shown(evaluator, effect, substitution.value(effect.value))
    else:
        value = substitution.value(effect.value)
        cls, _separator, member = name.partition("\0")
        evaluator.write_shared(effect.target, (cls, member), value, effect.lifts + 1, callee)


def _put_on_objects(evaluator: Evaluator, effect: Effect, substitution: Substitution) -> None:
    """What a callee put on handles and objects that it got or made."""
    number, name = effect.key
    sites = substitution.sites(frozenset([number, *effect.alike]))
    if name == containers.ROLE:
        sites = frozenset(site for site in sites if containers.holds(evaluator, site))
    value = growing.put(evaluator, effect, substitution, sites) if sites else NOTHING
    for site in sorted(sites):
        evaluator.set_site(site, name, value)
        if number >= 0:
            evaluator.levels[site, name] = max(evaluator.levels.get((site, name), 0), effect.lifts + 1)
    if number >= 0 and name in holding.OF_DATABASE:  # an object that a constructor made, of which it keeps the rest
        _connected_inside(evaluator, number, sites, name, value)
    if name == containers.ROLE:
        evaluator.stored_sites |= sites
        _put_on(evaluator, sites, name, value)
    elif evaluator.state.is_kept_handle(number):
        _put_on(evaluator, sites, name, value)


def _put_on(evaluator: Evaluator, sites: frozenset[int], role: str, value: Val) -> None:
    """What a callee put into a collection, or on a handle that a store holds: it is there, wherever that is kept.

    In a property only as far as one call tells it of all (see `_told_to_all`).
    """
    value = evaluator.state.single(value) if role[0] == "." else value
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
    if effect.target == "printed":
        evaluator.take_printed(Val(value.texts, value.labels))
    else:
        evaluator.thrown = evaluator.join(evaluator.thrown, Val(labels=value.labels, types=value.types))
        reported.report(evaluator, reported.EXCEPTION, [value])
