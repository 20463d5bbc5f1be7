"""Loops that are run round by round, as PHP would run them, and what leaves them (see `unrolling` for which).

`break`, `continue` and `return` end a round or a loop where it is known that they run. Where that is not known, the
loop is no longer followed exactly: nothing has happened, and it is approximated like every other.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import collecting, containers, documents, listed, ordered, plain, references
from scanner.analysis.arithmetic import of_key, truth
from scanner.analysis.course import LOST, Leaving
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.shared import BUFFER
from scanner.analysis.unrolling import CHECKS, MAX_ROUNDS, MAX_STEPS, content, worth
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import (
    BREAK,
    CONTINUE,
    GOTO,
    Assign,
    Const,
    Expr,
    Loop,
    Op,
    Return,
    Statement,
    Value,
    Var,
    nodes,
)

HEADS = frozenset({"foreach", "foreach-key", "foreach-ref"})
_MAX_TEST = 8
"""Statements of a test."""
_LEAVING = frozenset({BREAK, CONTINUE, GOTO})


def leaves(arm: Sequence[Statement]) -> bool:
    """Whether the last statement of an arm ends a round of the loop around it."""
    last = arm[-1] if arm else None
    return isinstance(last, Expr) and isinstance(last.value, Op) and last.value.op in _LEAVING


def tested_by(body: Sequence[Statement], position: int) -> Loop | None:
    """The loop whose test begins with a statement, in front of the loop, where it stands, too; None for no such one."""
    for number, following in enumerate(body[position + 1 : position + 1 + _MAX_TEST], 1):
        if isinstance(following, Loop):
            return following if following.tests == number else None
    return None


def leave(evaluator: Evaluator, node: Op) -> None:
    """`break`, `continue` or `goto` in a loop that is followed exactly."""
    if not evaluator.course.exact_loops:
        return
    loops = next((int(one.value) for one in node.operands if isinstance(one, Const) and one.value), 0)
    known = not evaluator.uncertain and node.op != GOTO and 0 < loops <= evaluator.course.exact_loops
    evaluator.course.leaving = Leaving(loops, node.op == CONTINUE) if known else LOST


def end(evaluator: Evaluator) -> None:
    """`return` in a loop that is followed exactly; what follows the loops is looked at all the same."""
    if evaluator.course.exact_loops and not evaluator.uncertain:
        evaluator.course.leaving = Leaving(evaluator.course.exact_loops)


def unrolled(evaluator: Evaluator, statement: Loop) -> bool:
    """Run a loop that decodes round by round; False, and nothing has happened, where something is not known."""
    loop, untested = evaluator.course.untested
    evaluator.course.untested = None, {}
    heads = [item for item in statement.body if isinstance(item, Assign) and item.op in HEADS]
    if not heads and _is_endless(statement) and not _is_left(statement):
        return False
    built = worth(
        statement.body[len(heads) :],
        evaluator.state.computes,
        prints=BUFFER in evaluator.env,
        collects=lambda place: _is_followed(evaluator, place),
    )
    if evaluator.uncertain or not built:
        return False
    env, concrete, steps, tested = dict(evaluator.env), evaluator.concrete, evaluator.steps, evaluator.tested
    returns = evaluator.returns
    evaluator.env = dict(untested) if loop is statement else evaluator.env
    evaluator.concrete, evaluator.tested, evaluator.steps = True, [], 0
    evaluator.course.exact_loops += 1
    try:
        if _each(evaluator, statement, heads) if heads else _rounds(evaluator, statement):
            return True
    finally:
        evaluator.concrete, evaluator.tested = concrete, tested
        evaluator.steps = steps
        evaluator.course.exact_loops -= 1
    evaluator.env, evaluator.returns = env, returns
    return False


def _is_endless(statement: Loop) -> bool:
    """`while (true)`, `for (;;)`: what ends it is not in the test."""
    last = statement.body[-1] if statement.tests else None
    return not statement.tests or (isinstance(last, Expr) and isinstance(last.value, Const))


def _is_left(statement: Loop) -> bool:
    """Whether something in a loop leaves it."""
    return any(isinstance(node, Return) or (isinstance(node, Op) and node.op == BREAK) for node in nodes(statement))


def _rounds(evaluator: Evaluator, statement: Loop) -> bool:
    """`for`, `while`, `do`: as long as the test is true."""
    run = evaluator.state.interpreter.statements
    count = len(statement.body)
    test, step = statement.body[count - statement.tests :], count - statement.tests - statement.updates
    if not statement.late:
        run(evaluator, test)
    known = content(evaluator.env)
    for number in range(MAX_ROUNDS):
        if test and (not statement.late or number):
            result = truth(evaluator.tested[-1]) if evaluator.tested else None
            if not result:
                return result is not None
        if number in CHECKS or number % CHECKS[-1] == CHECKS[-1] - 1:
            before, known = known, content(evaluator.env)
            if before == known:  # nothing but counters has changed: what ends this loop is not modelled
                return False
        evaluator.tested.clear()
        if not _affordable(evaluator):
            return False
        run(evaluator, statement.body[:step])
        if evaluator.course.leaving is not None and not _goes_on(evaluator):
            return evaluator.course.leaving != LOST
        run(evaluator, statement.body[step:])
    return False


def _goes_on(evaluator: Evaluator) -> bool:
    """After something has left a round: whether this loop has a next one."""
    leaving = evaluator.course.leaving
    if leaving is None or leaving == LOST:
        return leaving is None
    evaluator.course.leaving = leaving._replace(loops=leaving.loops - 1) if leaving.loops > 1 else None
    return leaving.loops == 1 and leaving.continues


def _each(evaluator: Evaluator, statement: Loop, heads: list[Assign]) -> bool:
    """`foreach` over an array whose elements are known."""
    value = _walked_over(evaluator, heads)
    if not value.items or value.rest is not None or value.loose or documents.is_part(evaluator, value):
        return False
    if evaluator.state.growth.in_texts(value.texts):  # the list of one object, among what others of its class hold
        return False
    body, parts = statement.body[len(heads) :], evaluator.state.interpreter
    for head in heads:
        plain.note(evaluator, head, value)
    for key, item in list(value.items.items()):
        for head in heads:
            if head.op == "foreach-ref" and isinstance(head.target, Var):
                references.forget(evaluator, head.target.name)  # it is no name of the last round's element any more
            given = of_key(key) if head.op == "foreach-key" else references.now(evaluator, head, key, item)
            parts.write(evaluator, head.target, given)
            references.in_round(evaluator, head, key)
        evaluator.tested.clear()
        if not _affordable(evaluator):
            return False
        parts.statements(evaluator, body)
        if evaluator.course.leaving is not None and not _goes_on(evaluator):
            return evaluator.course.leaving != LOST
    return True


def _walked_over(evaluator: Evaluator, heads: Sequence[Assign]) -> Val:
    """What `foreach` goes over, which is evaluated once: of a collection its elements, where all are known."""
    evaluator.looping -= 1
    value = evaluator.value(heads[0].value)
    evaluator.looping += 1
    if not value.types:
        return value
    known = collecting.listed(evaluator, value)
    collecting.walked(evaluator, value)
    if known is not None and len({key for key, _item in known}) < len(known):
        known = None if any(head.op == "foreach-key" for head in heads) else listed.numbered(known)
    if known is not None:
        return listed.array(known)
    return value if not containers.container(evaluator, value) else NOTHING


def _is_followed(evaluator: Evaluator, place: Value) -> bool:
    """Whether a variable holds a collection of PHP whose content is known."""
    value = evaluator.env.get(place.name) if isinstance(place, Var) else None
    return value is not None and ordered.held(evaluator.env, value) is not None


def _affordable(evaluator: Evaluator) -> bool:
    """Whether the budget of the release is not yet spent; what this loop has run counts for it."""
    state = evaluator.state
    state.decoding.unrolled += max(evaluator.steps, 1)
    evaluator.steps = 0
    if state.decoding.unrolled > MAX_STEPS:
        state.limit("decoding-steps", evaluator.number)
        return False
    return True
