"""Abstract execution of a page's own code, until it asks for a login, ends, or dies.

A file that is called directly has only what it loads itself: a call of a function that nothing loaded defines ends it,
as PHP does with an error. That tells pages from the fragments that other pages include.
"""

from __future__ import annotations

from scanner.analysis.pages.callees import Callees
from scanner.analysis.pages.conditions import REQUEST, ask, asks_for_cli, compared, is_own, key_of, keys_in, operands
from scanner.analysis.pages.paths import HOLE
from scanner.analysis.pages.seen import Flow, Where, catching
from scanner.analysis.pages.state import PageState
from scanner.model.facts import (
    Assign,
    AssignExpr,
    Branch,
    Call,
    Choice,
    Const,
    ConstRef,
    Expr,
    Globals,
    Loop,
    Op,
    Return,
    Statement,
    StaticVar,
    Value,
    Var,
    decode_body,
)

_MAX_STEPS = 20_000
"""Statements of one page that are walked."""
_CHOSEN = frozenset({"_GET", "_REQUEST", "_COOKIE"})
"""What a caller chooses freely; a login form sends `_POST`."""


class Walk(Callees):
    """One page. `state` is what holds at its end; `ended` says why it ended, where that is known."""

    _early: list[PageState]
    """What holds where the code at hand returned before its end."""

    def run(self) -> None:
        """Walk the page from its first statement."""
        self._early = []
        self.goes_on = self._file(self._page, self.state, 0) is Flow.NEXT

    # -- code -------------------------------------------------------------------------------------------------

    def _file(self, number: int, state: PageState, depth: int) -> Flow:
        state.loaded.add(number)
        unit = self._program.files[number]
        if unit.facts.gaps:
            state.unknown = True
        self._stack.append(number)
        flow = self._whole(decode_body(unit.facts.functions[0].body), state, Where(number, -1, depth))
        self._stack.pop()
        return flow

    def _whole(self, statements: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        """All of a function's or a file's code: where one way returns early, a way that ends later does not end it."""
        outer, self._early = self._early, []
        flow = self._block(statements, state, where)
        early, self._early = self._early, outer
        if flow is Flow.STOP and early and not state.asked:
            state.take(early)
            return Flow.NEXT
        return Flow.NEXT if flow is Flow.RETURN else flow

    def _block(self, statements: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        caught = -1
        for position, statement in enumerate(statements):
            if position < caught:
                continue
            if state.asked:
                self.seen.ended.add("login")
                return Flow.STOP
            self._steps += 1
            if self._steps > _MAX_STEPS:
                self.seen.ended.add("steps")
                return Flow.STOP
            if position == caught and isinstance(statement, Branch):
                statement = Branch(catching(statement), total=True)  # noqa: PLW2901  one of them surely runs
            deaths = self._deaths
            flow = self._statement(statement, statements[:position], state, where)
            if flow is Flow.STOP and self._deaths > deaths:
                caught = next((at for at in range(position + 1, len(statements)) if catching(statements[at])), -1)
                flow = flow if caught < 0 else Flow.NEXT
            if flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def _statement(self, statement: Statement, before: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        if isinstance(statement, Branch):
            return self._branch(statement, before, state, where)
        if isinstance(statement, Loop):
            way = state.copy()
            flow = self._block(statement.body, way, where)
            state.take([state.copy(), way] if flow is Flow.NEXT else [state.copy()])
            return Flow.NEXT
        if isinstance(statement, (Expr, Assign, Return)):
            flow = self._value(statement.value, state, where)
            if flow is Flow.NEXT and isinstance(statement, Assign):
                self._remember(statement, state, where)
                flow = self._value(statement.target, state, where)
            if flow is Flow.NEXT and isinstance(statement, Return):
                self.gives |= self._own(where) and statement.value != Const(None)
                return Flow.RETURN
            return flow
        if isinstance(statement, Globals) and where.function >= 0:
            names = {f"${name}" for name in statement.names}
            where.switches.update((name, sure) for name, sure in state.switches.items() if name in names)
        elif isinstance(statement, StaticVar) and statement.value is not None:
            return self._value(statement.value, state, where)
        return Flow.NEXT

    def _remember(self, statement: Assign, state: PageState, where: Where) -> None:
        """Texts of the page's variables: paths are often put together before they are included."""
        if isinstance(statement.target, Var) and where.function < 0:
            here = self._program.files[where.file].path
            text = self._shared.paths.fold(statement.value, here, state.texts) if statement.op == "=" else HOLE
            state.texts[statement.target.name] = text
            value = statement.value.value if isinstance(statement.value, Const) else None
            state.switches.pop(f"${statement.target.name}", None)
            if isinstance(value, bool) and statement.op == "=":
                state.switches[f"${statement.target.name}"] = value

    def _branch(self, branch: Branch, before: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        """Each arm that its condition does not exclude."""
        ways: list[PageState] = []
        flows: set[Flow] = set()
        conditions = self._conditions(branch, before)
        keys = {key for condition in conditions for key in keys_in(condition)}
        if keys:
            self.seen.named.update(text for condition in conditions for text in compared(condition))
        settled = False
        for position, arm in enumerate(branch.arms):
            truth = self._ask(conditions[position], state, where) if position < len(conditions) else None
            if truth is False:
                continue
            way = state.copy()
            logins = self.seen.logins
            flow = self._arm(arm, way, where)
            self._note_keys(keys, state, way, flow)
            if self.seen.logins != logins and truth is None and any(source in _CHOSEN for source, _key in keys):
                self._request_decides = True
            flows.add(flow)
            if flow is Flow.NEXT:
                ways.append(way)
            elif flow is Flow.STOP and truth is True and asks_for_cli(conditions[position]):
                self.seen.ended.add("cli")
            if truth is True:
                settled = True
                break
        if not settled and not branch.total:
            ways.append(state.copy())
            flows.add(Flow.NEXT)
        if Flow.NEXT in flows or not flows:
            state.take(ways)
            return Flow.NEXT
        return Flow.RETURN if Flow.RETURN in flows else Flow.STOP

    def _arm(self, statements: tuple[Statement, ...], way: PageState, where: Where) -> Flow:
        flow = self._block(statements, way, where)
        if flow is Flow.RETURN:
            self._early.append(way)
        return flow

    def _conditions(self, branch: Branch, before: tuple[Statement, ...]) -> list[Value]:
        """The conditions of the arms: the expressions that stand right before an `if`."""
        wanted = len(branch.arms) - int(branch.total)
        found: list[Value] = []
        for statement in reversed(before):
            if len(found) == wanted or not isinstance(statement, Expr):
                break
            found.append(statement.value)
        return found[::-1] if len(found) == wanted else []

    def _note_keys(self, keys: set[tuple[str, str]], before: PageState, way: PageState, flow: Flow) -> None:
        """Request keys that decide whether the page goes on, or whether a constant is defined."""
        keys = {(source, key) for source, key in keys if source in REQUEST}
        if keys and (flow is Flow.STOP or way.constants != before.constants or way.bypass != before.bypass):
            self.seen.conditions |= keys

    # -- expressions ------------------------------------------------------------------------------------------

    def _value(self, value: Value, state: PageState, where: Where) -> Flow:
        """Run the calls in an expression, innermost first."""
        if isinstance(value, Call):
            return self._call(value, state, where)
        if isinstance(value, Op) and value.op in ("&&", "and", "||", "or") and len(value.operands) > 1:
            return self._short_circuit(value, state, where)
        if isinstance(value, Choice):
            return self._choice(value, state, where)
        if isinstance(value, AssignExpr):
            return self._statement(value.op, (), state, where)
        if isinstance(value, ConstRef):
            return self._constant(value, state, where)
        key = key_of(value)
        if key is not None:
            state.keys.add(((where.file, where.function), *key))
        for part in operands(value):
            flow = self._value(part, state, where)
            if flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def _short_circuit(self, value: Op, state: PageState, where: Where) -> Flow:
        left, right = value.operands[0], value.operands[1]
        flow = self._value(left, state, where)
        if flow is not Flow.NEXT:
            return flow
        truth = self._ask(left, state, where)
        goes_on = value.op in ("&&", "and")
        if truth is (not goes_on):
            return Flow.NEXT
        way = state.copy()
        flow = self._value(right, way, where)
        self._note_keys(set(keys_in(left)), state, way, flow)
        if truth is None:
            state.take([state.copy(), way] if flow is Flow.NEXT else [state.copy()])
            return Flow.NEXT
        state.take([way])
        return flow

    def _choice(self, value: Choice, state: PageState, where: Where) -> Flow:
        ways: list[PageState] = []
        for option in value.options:
            way = state.copy()
            if self._value(option, way, where) is Flow.NEXT:
                ways.append(way)
        if not ways:
            return Flow.STOP
        state.take(ways)
        return Flow.NEXT

    def _constant(self, value: ConstRef, state: PageState, where: Where) -> Flow:
        """A constant that only code defines which was not loaded ends the page (an Error since PHP 8)."""
        units = self._program.constants.get(value.name, ())
        if (
            where.function >= 0
            or not units
            or is_own(value.name)
            or value.name in state.constants
            or self._has_library(state)
            or any(self._program.file_of[unit.function] in state.loaded for unit in units)
        ):
            return Flow.NEXT
        return self._dies()

    def _ask(self, condition: Value, state: PageState, where: Where) -> bool | None:
        if where.function < 0:
            return ask(condition, {**state.constants, **state.switches}, self._chosen)
        return ask(condition, {**state.constants, **where.switches}, self._chosen)
