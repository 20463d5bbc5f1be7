"""What calls of functions give that nobody knows: all that they are given, and what the closures among it give back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.analysis import assumed
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.remote import OUTSIDE, is_remote
from scanner.analysis.rows import GIVEN, selects_given
from scanner.analysis.summary import depends_on_caller
from scanner.analysis.values import Val, all_labels, join_all
from scanner.model.facts import Call, CallKind, Var

_OF_LINES = -1 << 40
"""Numbers of places below are those of lines, not of calls in the text."""


def passed_through(evaluator: Evaluator, call: Call, receiver: Val, args: list[Val]) -> Val:
    """An unknown function passes all labels on to its result and to the object it is called on."""
    taken = [Val(labels=all_labels(item)) for item in (receiver, *args)]
    labels = join_all([*taken, *given_back(evaluator, args)], evaluator.state.overflow).labels
    if args and labels and isinstance(call.receiver, Var) and call.receiver.name != "this":
        given = join_all((Val(labels=all_labels(item)) for item in args), evaluator.state.overflow).labels
        if call.kind == CallKind.DYNAMIC:  # a function keeps what it is given, but its name does not become that
            telling = evaluator.state.telling(given).items()
            given = {label: trace for label, trace in telling if label not in OUTSIDE and not is_remote(label)}
        if given:
            known = evaluator.env.get(call.receiver.name, receiver)
            evaluator.env[call.receiver.name] = evaluator.join(known, Val(labels=given))
    made = evaluator.state.site_libraries
    of_client = frozenset(site for site in receiver.sites if site in made or site in evaluator.libraries)
    told = assumed.told(evaluator, call, receiver, args)
    if told:
        of_client |= told
        if isinstance(call.receiver, Var) and call.kind == CallKind.METHOD and call.receiver.name in evaluator.env:
            known = evaluator.env[call.receiver.name]
            evaluator.env[call.receiver.name] = evaluator.join(known, Val(sites=told))
    result = Val(evaluator.unknown(call).texts, labels, sites=of_client)  # `$client->bucket('x')` belongs to it
    return evaluator.join(result, queried(evaluator, args))


def given_back(evaluator: Evaluator, args: Sequence[Val]) -> Iterator[Val]:
    """What closures give back that an unknown function gets: perhaps that is what it gives back, too."""
    for ref in (ref for arg in args if arg.refs for ref in sorted(arg.refs)):
        if ref.function in evaluator.given_back:
            yield Val(labels=evaluator.state.lasting(all_labels(evaluator.given_back[ref.function])))


def queried(evaluator: Evaluator, args: list[Val]) -> Val:
    """Rows of the query that an object of unknown class is given: a connection's `query` and `prepare` do read them."""
    queries = [arg for arg in args if arg.texts and not depends_on_caller(arg)]
    given = [_statement(evaluator)] if any(selects_given(text) for query in queries for text in query.texts) else []
    return join_all([*map(evaluator.rows, queries), *given], evaluator.state.overflow)


def _statement(evaluator: Evaluator) -> Val:
    """What may be a statement that selects what is bound to it (see `fetches.given`): one for each line."""
    site = evaluator.state.site(evaluator.number, _OF_LINES - evaluator.line)
    evaluator.set_site(site, GIVEN, Val(frozenset(["1"])))
    return Val(sites=frozenset([site]), items={"0": evaluator.unknown("a column")})
