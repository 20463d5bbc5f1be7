"""Rows of a query: functions and methods of PHP that take them out of a result, and variables bound to columns."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.rows import BINDS, FETCH_ALL_FUNCTIONS, FETCH_FUNCTIONS, FETCHES_ALL, VALUE_FUNCTIONS
from scanner.analysis.summary import PARAM
from scanner.analysis.values import NOTHING, Trace, Val, join_all
from scanner.model.facts import Arg, Call, Index, Var


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""


def fetched(result: Val, *, whole: bool) -> Val:
    """A row of a query's result, or all of them: what is known of a row is kept by its columns."""
    row = result.replaced(labels={key: trace for key, trace in result.labels.items() if not key.startswith(PARAM)})
    return Val(rest=row) if whole else row


@handles(*FETCH_FUNCTIONS)
def _fetch(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    row = join_all([fetched(arg, whole=False) for arg in args[:1]], "")
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
def _fetch_all(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    return join_all([fetched(arg, whole=True) for arg in args[:1]], "")


def of_method(evaluator: Evaluator, node: Call, result: Val, method: str) -> Val:
    """A method of a result or statement that gives what a query read."""
    if method in BINDS:
        bind_columns(evaluator, node, result, node.args)
        return NOTHING
    return fetched(result, whole=method in FETCHES_ALL)


def bind_columns(evaluator: Evaluator, node: Call, statement: Val, targets: Sequence[Arg]) -> None:
    """`bind_result($a, $b)`: variables that get the columns in order."""
    for position, target in enumerate(targets):
        item = (statement.items or {}).get(str(position))
        if item is not None:
            evaluator.line = node.line
            evaluator.state.interpreter.write(evaluator, target.value, item)


@handles("mysqli_stmt_bind_result")
def _bind_result(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if args:
        bind_columns(evaluator, node, args[0], node.args[1:])
    return NOTHING
