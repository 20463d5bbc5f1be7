"""Calls of a method on an object of unknown class: what matters of the methods of that name, whichever it is.

An object that nobody can tell the class of has one of many methods: their writes would mix everything with everything,
but a secret that one of them sends, keeps or gives back must be seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.application import summary_of
from scanner.analysis.binding import Binding
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.following import holds_secret, names_kept_secret
from scanner.analysis.keyed import NAMED, asks_for_unsaid
from scanner.analysis.lifting import lift
from scanner.analysis.shared import LONE, STORE
from scanner.analysis.state import State
from scanner.analysis.substitution import Substitution, same
from scanner.analysis.summary import Effect
from scanner.analysis.values import Trace, Val, stepped
from scanner.model.facts import SHORT_BODY, Call
from scanner.model.signature import Certainty

_MAX_OTHERS = 60
"""Methods of one name whose sinks are looked at beside those that a call surely may mean."""


def apply_sinks(
    evaluator: Evaluator, call: Call, numbers: Sequence[int], args: list[Val], receiver: Val | None
) -> None:
    """What functions that this call only perhaps means send of its secrets, or keep of credentials."""
    state = evaluator.state
    if not any(holds_secret(evaluator, arg) for arg in args):
        return
    credentials = bool(state.origins.credentials_in(args))
    worth = [number for number in numbers if number in state.followed or (credentials and _may_keep(state, number))]
    for number in worth[:_MAX_OTHERS]:
        summary = summary_of(state, number)
        hits = [hit for hit in summary.hits if hit.signature.certainty is not Certainty.NEVER_ALONE]
        kept = [effect for effect in summary.effects if _is_property(effect)]
        if not hits and not kept:
            continue
        symbol = state.program.symbol(number)

        def step(trace: Trace, symbol: str = symbol) -> Trace:
            return stepped(trace, evaluator.path, call.line, f"passed to {symbol}()")

        binding = Binding(evaluator, call, number, args, receiver)
        substitution = evaluator.substitution(binding.argument, step, step)
        _keep_credentials(evaluator, kept, substitution)
        for hit in hits:
            lift(evaluator, call, hit, substitution, symbol, certain=False)


def _is_property(effect: Effect) -> bool:
    """Whether a function writes to a property that all objects of its class share here."""
    return effect.target == NAMED or (effect.target in (STORE, LONE) and effect.key[1][:1] > "\2")


def _may_keep(state: State, number: int) -> bool:
    fact = state.program.functions[number]
    return bool(fact.params) and fact.size <= SHORT_BODY


def _keep_credentials(evaluator: Evaluator, kept: Sequence[Effect], substitution: Substitution) -> None:
    """What `database.php` holds and a function perhaps puts into a property is there for the methods of its class."""
    origins = evaluator.state.origins
    for effect in kept:
        if effect.target == NAMED:
            evaluator.put_perhaps(effect, substitution)
            continue
        secrets = origins.credentials_in([substitution.value(effect.value)])
        cls, _separator, member = effect.key[1].partition("\0")
        evaluator.state.write_store((cls, member), Val(labels=secrets))


def credentials_of(evaluator: Evaluator, call: Call, numbers: Sequence[int], args: list[Val]) -> dict[str, Trace]:
    """What `database.php` holds and one of these functions gives back."""
    state = evaluator.state
    found: dict[str, Trace] = {}

    for number in numbers:
        if number not in state.followed and not names_kept_secret(state, number):
            state.kept.passed_over.add(number)
            state.users[number].add(state.current)
            continue
        text = f"returned by {state.program.symbol(number)}()"
        returns = summary_of(state, number).returns
        if asks_for_unsaid(returns, state.holes):
            argument = Binding(evaluator, call, number, args, None).argument
            returns = evaluator.substitution(argument, same, same).value(returns)
        for label, trace in state.origins.credentials(returns.labels).items():
            if label not in found:
                found[label] = stepped(trace, evaluator.path, call.line, text)
    return found
