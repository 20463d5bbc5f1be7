"""Which functions are evaluated, and in which order, until nothing changes.

A function is a root when its calls or words touch the catalogue. Callers of a function whose sinks its parameters
decide are evaluated next, by name, so that wrappers are followed outwards; functions that read a changed store are
evaluated again, a bounded number of times. Orders are by number, so results do not depend on scheduling.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from scanner.analysis import writers
from scanner.analysis.bounds import Limits
from scanner.analysis.destinations import UNRESOLVED, looks_like_host, stays_here, url_destination
from scanner.analysis.following import names_kept_secret
from scanner.analysis.interpreter import PhpInterpreter
from scanner.analysis.keyed import asks_for_unsaid, under_any_key
from scanner.analysis.program import Program
from scanner.analysis.relevance import Callers, relevance
from scanner.analysis.state import Note, Output, SecretRead, State
from scanner.analysis.summary import EMPTY, Hit, Summary, depends_on_caller
from scanner.analysis.telling import tell_users
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, chain, join
from scanner.analysis.waiting import Shares
from scanner.model.report import ANALYSIS_ERROR
from scanner.model.signature import Catalogue
from scanner.signatures.match import Matcher

_DEEPENINGS = 4
"""How often what was called too deep is evaluated from the top; what is too deep even then is counted."""


class Result(NamedTuple):
    """What the program phase found."""

    state: State
    hits: tuple[Hit, ...]
    reads: tuple[SecretRead, ...]
    outputs: tuple[Output, ...]
    notes: tuple[Note, ...]
    limits: tuple[tuple[str, int], ...]
    evaluated: int


def solve(program: Program, catalogue: Catalogue, matcher: Matcher, limits: Limits | None = None) -> Result:
    """Run the program phase over linked facts."""
    interpreter = PhpInterpreter()
    state = interpreter.state = State(program, catalogue, matcher, limits or Limits(), interpreter)
    done: set[int] = set()
    relevant = relevance(program, catalogue, matcher, state.origins.functions)
    state.followed = relevant.followed
    callers = Callers(program, relevant.names)
    asked: set[int] = set()
    wave = sorted(relevant.roots, key=lambda number: (_turn(program, number), number))
    evaluated, deepenings = 0, _DEEPENINGS
    while wave:
        for number in wave:
            if number not in done:
                done.add(number)
                evaluated += 1
                _summary(state, number)
        wave = sorted(_wrapper_callers(state, callers, asked) - done)
        if not wave and deepenings:
            deepenings -= 1
            evaluated += _deepen(state)
            wave = sorted(_wrapper_callers(state, callers, asked) - done)
        wave = (
            wave or _left(state, done) or [number for number in writers.waiting(state, callers) if number not in done]
        )
    writers.made_nowhere(state)
    writers.called_nowhere(state)
    evaluated += _settle(state)
    for number in _left(state, done):  # left in a second round only, where the stack was deeper
        evaluated += 1
        _summary(state, number)
    return Result(
        state,
        tuple(_final_hits(state)),
        tuple(sorted(state.reads)),
        _in_order(state.all_outputs()),
        tuple(sorted(state.notes)),
        tuple(sorted(state.limits_hit)),
        evaluated,
    )


def _summary(state: State, number: int) -> Summary:
    """Summary of one function; where the analyser breaks over it, none, and that is counted."""
    try:
        return state.interpreter.summary(number)
    except Exception:  # noqa: BLE001  scanned code is hostile: what one function breaks must not end the scan
        state.limit(ANALYSIS_ERROR, number)
        return state.summaries.setdefault(number, EMPTY)


def _in_order(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """Outputs by where they stand, then by what reaches them: one place is seen several times, loops run twice."""
    ordered: list[Output] = []
    for _where, same in groupby(sorted(outputs, key=_place), _place):
        several = list(same)
        ordered += sorted(several, key=_ways) if len(several) > 1 else several
    return tuple(ordered)


def _place(output: Output) -> tuple[object, ...]:
    return (*output[:7], output.via, output.inner)


def _ways(output: Output) -> list[object]:
    return [(label, trace.length, chain(trace)) for label, trace in output.labels]


def _turn(program: Program, number: int) -> int:
    """Functions whose purpose is to set what others read come first, so that little is done twice.

    Before all others those that call nothing: what they set is known at once.
    """
    fact = program.functions[number]
    fills = not fact.name or fact.name.lower() == "__construct"
    return 2 if not fills else int(bool(fact.called))


def _left(state: State, done: set[int]) -> list[int]:
    """Closures that ran nowhere: what they call must be seen all the same."""
    return sorted(state.left_closures - state.run_closures - done)


def _deepen(state: State) -> int:
    """Evaluate what was called too deep, from here, then again those that went on without it.

    Returns the number of evaluations.
    """
    cut = {number: sorted(found) for number, found in sorted(state.cut.items())}
    state.cut.clear()
    for number in cut:
        state.limits_hit.discard(("call-depth", number))
        _summary(state, number)
    waiting = sorted({caller for found in cut.values() for caller in found if caller in state.summaries})
    for number in waiting:
        before = state.previous[number] = state.summaries.pop(number)
        summary = _summary(state, number)
        _tell_users(state, number, before, summary)
    return len(cut) + len(waiting)


def _settle(state: State) -> int:
    """Evaluate again what was made too early, until nothing changes that there is room for (see `waiting`).

    Returns the number of evaluations.
    """
    functions = state.program.functions
    shares = Shares(state.limits, lambda number: functions[number].size)
    evaluated = 0
    while True:
        _wake(state)
        waiting, asking = state.waiting, state.variants.asking
        known = {n: state.summaries[n] for n in waiting.texts | waiting.words if n in state.summaries}
        waiting.texts = {n for n in waiting.texts if n in known and (known[n].hits or n in asking)}
        waiting.words = {n for n, summary in known.items() if _gives_host(summary)}
        wave = shares.of(waiting, state.summaries)
        waiting.clear()
        if not wave:
            break
        before = {number: state.summaries.pop(number) for number in wave}
        state.previous.update(before)
        for number in wave:
            evaluated += 1
            summary = _summary(state, number)
            _tell_users(state, number, before.pop(number), summary)
            state.previous.pop(number, None)  # nobody asks for it any more, and it is large
    for number in sorted(shares.left_out):
        state.limit("rounds", number)
    return evaluated


def _gives_host(summary: Summary) -> bool:
    """Whether a function gives back a host, this machine perhaps: which one may depend on any text, as on a key."""
    return any(is_known(text) and looks_like_host(text) for text in summary.returns.texts)


def _tell_users(state: State, number: int, before: Summary, after: Summary) -> None:
    """Who calls a function, or calls what it is the body of, is told of its new summary."""
    users = state.users[number] | state.users[state.program.outline_of.get(number, number)]
    tell_users(state, users, before, after)


def _wake(state: State) -> None:
    """Who passed over a function that turns out to name a place where a secret is kept is evaluated again."""
    for number in sorted(state.kept.passed_over):
        if names_kept_secret(state, number):
            state.kept.passed_over.discard(number)
            state.waiting.code |= state.users[number]


def _wrapper_callers(state: State, callers: Callers, seen: set[int]) -> set[int]:
    """Callers of functions whose sinks or sources a caller must see; `seen` are those asked about before."""
    found: set[int] = set()
    for number in sorted(state.summaries.keys() - seen):
        if state.program.functions[number].name and _matters_to_callers(state, state.summaries[number]):
            seen.add(number)
            found.update(callers.of(number))
    return {number for number in found if state.program.functions[number].name != "{closure}"}


def _matters_to_callers(state: State, summary: Summary) -> bool:
    if any(state.is_followed(label) for label in summary.returns.labels):
        return True
    if summary.returns.height and state.has_secret(summary.returns):  # in an array
        return True
    return any(_decided_by_caller(hit) for hit in summary.hits)


def _decided_by_caller(hit: Hit) -> bool:
    return any(site < 0 for site in hit.sites) or any(depends_on_caller(value) for value in hit.roles.values())


def _final_hits(state: State) -> Iterable[Hit]:
    """All hits with the global state of the handles that take part, in order of place."""
    found: dict[tuple[object, ...], Hit] = {}
    for number in sorted(state.summaries):
        variants = [one for _given, one in sorted(state.variants.of_function.get(number, {}).items(), key=repr)]
        is_called = writers.is_called(state, number)
        for hit in (hit for summary in (state.summaries[number], *variants) for hit in summary.hits):
            if not is_called and any(asks_for_unsaid(value, state.holes) for value in hit.roles.values()):
                hit = hit._replace(roles=under_any_key(state.interpreter.evaluator(number), hit.roles))  # noqa: PLW2901
            key = (state.program.path(hit.function), hit.start, hit.function, hit.signature.id, hit.inner)
            roles = _with_global_sites(state, hit)
            known = found.get(key)
            if known is not None:  # a closure, or a decoder, that several functions ran with values of their own
                roles = {
                    role: _joined(state, known.roles.get(role), roles.get(role)) for role in (*known.roles, *roles)
                }
            found[key] = hit._replace(roles=roles)
    for place in sorted(found, key=repr):
        yield found[place]


def _joined(state: State, one: Val | None, two: Val | None) -> Val:
    """Values of one argument from several runs; an address of which nothing is known adds nothing to one that is."""
    both = join(one or NOTHING, two or NOTHING, state.overflow)
    named = frozenset(
        text for text in both.texts if "://" in text and url_destination(text, state.holes).name != UNRESOLVED
    )
    return both.replaced(texts=named) if named and all("://" in text for text in both.texts) else both


def _with_global_sites(state: State, hit: Hit) -> dict[str, Val]:
    roles = dict(hit.roles)
    for site in sorted(hit.sites):
        for role, value in state.site_states.get(site, {}).items():
            if role in hit.decided:
                continue  # the sink itself has what all callers put there; this call is about its own
            whole = (
                value.replaced(texts=value.texts | {state.overflow}) if _is_vague(state, site, role, value) else value
            )
            roles[role] = join(roles[role], whole, state.overflow) if role in roles else whole
    return roles


def _is_vague(state: State, site: int, role: str, value: Val) -> bool:
    """Whether an object was told what nobody knows as well, and what is known names no host of others."""
    return (site, role) in state.vague_sites and stays_here(value.texts, state.holes)
