"""Rows of a query: functions and methods of PHP that take them out of a result, and variables bound to columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.rows import (
    BINDS,
    FETCH_ALL_FUNCTIONS,
    FETCH_FUNCTIONS,
    FETCHES_ALL,
    GIVEN,
    VALUE_FUNCTIONS,
    VALUES,
    selects_given,
)
from scanner.analysis.summary import PARAM
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all
from scanner.model.facts import Arg, Call, Const, Index, Var

BINDING = frozenset({"mysqli_stmt_bind_result"})
"""Functions that bind variables to columns: what they write to their arguments is known."""
_BY_NAME = "bindcolumn"
"""`$statement->bindColumn('name', $variable)`."""
_BOUND = "payload"
"""Role of what is bound to a statement."""
_YES = Val(frozenset(["1"]))


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""


def fetched(result: Val, *, whole: bool) -> Val:
    """A row of a query's result, or all of them: what is known of a row is kept by its columns."""
    labels = {key: trace for key, trace in result.labels.items() if not key.startswith(PARAM)}
    row = result.replaced(labels=labels)
    return Val(rest=row) if whole else row


@handles(*FETCH_FUNCTIONS)
def _fetch(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    row = join_all([fetched(evaluator.join(arg, given(evaluator, arg)), whole=False) for arg in args[:1]], "")
    source = evaluator.state.matcher.source(str(node.name).lower())
    if source is None:
        return row
    origin = {source.label: Trace(evaluator.path, node.line, f"{node.name}()", None, 1)}
    return evaluator.join(row, Val(evaluator.unknown(node).texts, origin))


@handles(*VALUE_FUNCTIONS)
def _fetch_value(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    row = _fetch(evaluator, node, args)
    columns = evaluator.known_texts(args[2]) if len(args) > 2 else ["0"]  # noqa: PLR2004  result, row, column
    return evaluator.element(row, columns, Index(Var("row"), None)) if row.items else row


@handles(*FETCH_ALL_FUNCTIONS)
def _fetch_all(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    return join_all([fetched(evaluator.join(arg, given(evaluator, arg)), whole=True) for arg in args[:1]], "")


def of_method(evaluator: Evaluator, node: Call, result: Val, method: str) -> Val:
    """A method of a result or statement that gives what a query read."""
    if method in BINDS:
        targets = node.args if method != _BY_NAME else node.args[1:2]
        bind_columns(evaluator, node, result, targets)
        return NOTHING
    row = fetched(evaluator.join(result, given(evaluator, result)), whole=method in FETCHES_ALL)
    if method not in VALUES or not row.items:
        return row
    column = node.args[0].value if node.args else Const("0")
    return evaluator.element(row, evaluator.known_texts(evaluator.value(column)), Index(Var("row"), column))


def prepared(evaluator: Evaluator, query: Val, statement: Val) -> Val:
    """A statement that selects values which are bound to it (`select ?`): it is known as such; its row has a column."""
    if not any(map(selects_given, query.texts)):
        return NOTHING
    for site in sorted(statement.sites):
        evaluator.set_site(site, GIVEN, _YES)
    return Val(items={"0": evaluator.unknown("a column")})


def executed(evaluator: Evaluator, handles: Iterable[int], values: Val) -> None:
    """`execute([$value])`: what such a statement is run with is bound to it."""
    labels = all_labels(values)
    for site in sorted(handles) if labels else ():
        held = evaluator.with_sites({}, frozenset([site]))
        if GIVEN in held:
            evaluator.set_site(site, _BOUND, evaluator.join(held.get(_BOUND, NOTHING), Val(labels=labels)))


def given(evaluator: Evaluator, statement: Val) -> Val:
    """What such a statement gives back: what was bound to it."""
    held = evaluator.with_sites({}, statement.sites)
    if GIVEN not in held:
        return NOTHING
    labels = evaluator.state.telling(all_labels(held.get(_BOUND, NOTHING)))
    columns = dict.fromkeys(statement.items or (), Val(labels=labels))
    return Val(rest=Val(labels=labels), items=columns or None) if labels else NOTHING


def bind_columns(evaluator: Evaluator, node: Call, statement: Val, targets: Sequence[Arg]) -> None:
    """`bind_result($a, $b)`: variables that get the columns in order."""
    bound = given(evaluator, statement).rest
    for position, target in enumerate(targets):
        item = (statement.items or {}).get(str(position), bound)
        if item is None and node.name in BINDING:
            item = Val(evaluator.unknown(target.value).texts, statement.labels)
        if item is not None:
            item = item if bound is None else evaluator.join(item, bound)
            evaluator.line = node.line
            evaluator.state.interpreter.write(evaluator, target.value, item)


@handles(*BINDING)
def _bind_result(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if args:
        bind_columns(evaluator, node, args[0], node.args[1:])
    return NOTHING
