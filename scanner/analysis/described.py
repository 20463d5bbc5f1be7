"""Calls that a signature describes, of what the program declares itself: a wrapper of its own, a bundled library.

The signature says what such a call does. What its body does besides is the program's doing: whoever wants a secret to
leave by `http_post($url, $data)` adds a line to it. Its sinks count that name a host and get what the caller passes.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import resolution, sinks
from scanner.analysis.application import summary_of
from scanner.analysis.binding import Binding
from scanner.analysis.destinations import is_local, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.flows import texts_in
from scanner.analysis.lifting import lift
from scanner.analysis.shared import LONE, STORE, telling_texts
from scanner.analysis.state import State
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import PARAM, Effect, Hit, depends_on_caller
from scanner.analysis.templates import HoleTable
from scanner.analysis.values import Trace, Val, all_labels, stepped
from scanner.model.facts import Call, CallKind
from scanner.model.signature import Signature

_PLACES = ("url", "host", "dsn", "command")
"""Roles that say where a call goes."""
_CONNECTIONS = frozenset({"db", "ftp", "imap", "ldap", "ssh"})
"""Kinds of calls whose libraries open the connection that is described themselves."""
_MAX_BODIES = 3
_KEEPING = (STORE, LONE, "global")
"""Targets of effects that something is put into a property or a global variable."""


def send(
    evaluator: Evaluator, call: Call, signatures: tuple[Signature, ...], args: list[Val], receiver: Val | None,
    cls: str, name: str,
) -> Val:  # fmt: skip
    """Effect and value of a call that signatures describe. `cls`: the class of a method, `` for a function."""
    state, lower = evaluator.state, name.lower().lstrip("\\")
    api = f"{resolution.written(state, cls)}::{name}" if cls else name
    result = sinks.apply(evaluator, call, signatures, args, receiver, api=api, certain=True)
    bodies = _bodies(state, cls, lower, exact=call.kind == CallKind.STATIC)
    if bodies and (receiver is not None or any(_matters(evaluator, arg) for arg in args)):
        run(evaluator, call, signatures[0], bodies[:_MAX_BODIES], args, receiver)
    return result


def _bodies(state: State, cls: str, name: str, *, exact: bool) -> Sequence[int]:
    """Functions of the program that a call may mean; `exact`: no overrides, as in `parent::name()`."""
    if not cls:
        return state.program.by_name.get(name, ())
    if not exact:
        return resolution.implementations(state, cls, name)
    own = state.program.find_method(cls, name)
    return () if own is None else (own,)


def run(
    evaluator: Evaluator, call: Call, signature: Signature, numbers: Sequence[int], args: list[Val],
    receiver: Val | None,
) -> None:  # fmt: skip
    """What the bodies of what a call calls do beside what is described.

    They send to hosts that they name themselves, and keep secrets where others find them.
    """
    state = evaluator.state
    for number in numbers:
        summary = summary_of(state, number)
        hits = [
            hit
            for hit in summary.hits
            if _goes_elsewhere(state.holes, hit) and not (hit.signature.kind == signature.kind in _CONNECTIONS)
        ]
        kept = [effect for effect in summary.effects if effect.target in _KEEPING and _is_for_all(effect)]
        if not hits and not kept:
            continue
        symbol = state.program.symbol(number)

        def step(trace: Trace, symbol: str = symbol) -> Trace:
            return stepped(trace, evaluator.path, call.line, f"passed to {symbol}()")

        substitution = evaluator.substitution(Binding(evaluator, call, number, args, receiver).argument, step, step)
        for hit in hits:
            lift(evaluator, call, hit, substitution, symbol, certain=True)
        for effect in kept:
            _keep(evaluator, effect, substitution)


def _is_for_all(effect: Effect) -> bool:
    """Whether something is put into a static property or a global variable."""
    cls, _separator, name = effect.key[1].partition("\0")
    return not cls or name.startswith("::")


def _keep(evaluator: Evaluator, effect: Effect, substitution: Substitution) -> None:
    """Secrets and hosts that a body keeps for all the program; of what else it keeps there, that there is some."""
    state, (cls, _separator, name) = evaluator.state, effect.key[1].partition("\0")
    value = substitution.value(effect.value)
    labels = {label: trace for label, trace in all_labels(value).items() if label.startswith(PARAM)}
    nested = telling_texts(texts_in(value))
    state.vague.add((cls, name))
    told = Val(
        telling_texts(value.texts),
        {**state.lasting(all_labels(value)), **labels},
        rest=Val(nested) if nested else None,
    )
    if told.labels or told.texts or nested:
        evaluator.write_shared(effect.target, (cls, name), told, effect.lifts + 1)


def _matters(evaluator: Evaluator, value: Val) -> bool:
    """Whether a value has a secret in it, or what only a caller knows."""
    return any(label.startswith(PARAM) or evaluator.state.is_secret(label) for label in all_labels(value))


def _goes_elsewhere(holes: HoleTable, hit: Hit) -> bool:
    """Whether a sink goes to a host that its function names, with something that callers decide."""
    places = [text for role in _PLACES if role in hit.roles for text in hit.roles[role].texts]
    named = any(_names_host(text, holes) for text in places)
    return named and any(map(depends_on_caller, hit.roles.values()))


def _names_host(text: str, holes: HoleTable) -> bool:
    """Whether an address has its host in it: what callers pass comes behind that."""
    name = url_destination(text, holes, bare_host=True).name
    return "." in name and ":" not in name and not is_local(name)
