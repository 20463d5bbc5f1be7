"""Calls of a page's code: files that it includes, functions that it enters, gates that it meets."""

from __future__ import annotations

from abc import ABC, abstractmethod

from scanner.analysis.include_graph import INCLUDES
from scanner.analysis.pages.conditions import ANY, Chosen
from scanner.analysis.pages.effects import effect_of, only_looks
from scanner.analysis.pages.gates import BOOTSTRAPS, END, SWITCH, Asked, is_gate, listed_pages, switched_off
from scanner.analysis.pages.paths import HOLE
from scanner.analysis.pages.seen import Act, Flow, Outcome, Seen, Shared, Where
from scanner.analysis.pages.state import PageState
from scanner.model.facts import (
    Call,
    CallKind,
    Choice,
    Const,
    Op,
    Param,
    Statement,
    Value,
    Var,
    decode_body,
)

_OBJECT = Var("this")
_MAX_DEPTH = 24
_MAX_METHODS = 3
"""Methods of one name that an object of unknown class is taken to have."""


class Callees(ABC):
    """The part of a walk that leaves the statement at hand."""

    def __init__(self, shared: Shared, page: int, chosen: Chosen = ANY) -> None:
        self._shared = shared
        self._chosen = chosen
        self._program = shared.program
        self._page = page
        self._path = shared.program.files[page].path
        self._steps = 0
        self._request_decides = False
        self._deaths = 0
        """Ways that ended by an `Error`, which code around it may catch."""
        self._stack: list[int] = []
        self._bodies: dict[tuple[object, ...], tuple[Flow, PageState]] = {}
        self.seen = Seen()
        self.calls = False
        """The page's own file scope calls code of the release."""
        self.gives = False
        """It returns a value: a file that others include."""
        self.goes_on = False
        """Some way through the page comes to its end without a login."""
        self.state = PageState()

    @abstractmethod
    def _file(self, number: int, state: PageState, depth: int) -> Flow:
        """Run a file's own code."""

    @abstractmethod
    def _block(self, statements: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        """Run statements in order."""

    @abstractmethod
    def _whole(self, statements: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        """Run all statements of a function or a file."""

    @abstractmethod
    def _value(self, value: Value, state: PageState, where: Where) -> Flow:
        """Run the calls in an expression, innermost first."""

    def _dies(self) -> Flow:
        """An `Error` is thrown: something is missing that only other pages load."""
        self.seen.ended.add("undefined")
        self._deaths += 1
        return Flow.STOP

    def _has_library(self, state: PageState) -> bool:
        """Whether the page has loaded declarations: then what seems to be missing may have come in some other way."""
        if state.unknown or state.autoload:
            return True
        others = (self._program.files[number].facts for number in state.loaded if number != self._page)
        return any(len(facts.functions) > 1 or facts.classes for facts in others)

    def _call(self, call: Call, state: PageState, where: Where) -> Flow:
        parts: list[Value] = [arg.value for arg in call.args]
        if call.kind in (CallKind.METHOD, CallKind.DYNAMIC) and not isinstance(call.receiver, (str, type(None))):
            parts.insert(0, call.receiver)
        for part in parts:
            flow = self._value(part, state, where)
            if flow is not Flow.NEXT:
                return flow
        name = call.short_name
        if call.kind == CallKind.CONSTRUCT:
            return self._construct(name, call, state, where)
        if call.kind == CallKind.METHOD and call.receiver == _OBJECT and self._own(where):
            return self._dies()  # a view that an object includes: called directly it has no object
        effect = effect_of(name, call)
        if effect:
            self._act(effect, call, state, where)
        if call.kind == CallKind.FUNCTION:
            return self._function(name, call, state, where)
        if call.kind in (CallKind.STATIC, CallKind.NEW, CallKind.METHOD):
            return self._method(name, call, state, where)
        self.calls |= self._own(where)
        return Flow.NEXT

    def _act(self, effect: str, call: Call, state: PageState, where: Where) -> None:
        state.acts.add(effect)
        if not state.asked:
            self.seen.acts.setdefault(effect, Act((*self._stack, where.file), call.line))

    def _construct(self, name: str, call: Call, state: PageState, where: Where) -> Flow:
        if name in INCLUDES:
            return self._include(name, call, state, where)
        if name in END:
            self.seen.ended.add("exit")
            self.seen.ends.add((where.file, where.function))
            return Flow.STOP
        if name in ("echo", "print"):
            self._act("output", call, state, where)
        elif name == "eval":
            self._act("exec", call, state, where)
            state.unknown = True
        return Flow.NEXT

    def _include(self, name: str, call: Call, state: PageState, where: Where) -> Flow:
        path = call.args[0].value if call.args else Const("")
        texts = state.texts if where.function < 0 else {}
        here = self._program.files[where.file].path
        found = [self._shared.paths.fold(option, here, texts) for option in _either(path)]
        text = found[-1] if found else HOLE
        named = [self._shared.paths.included(option, where.file) for option in found]
        targets = sorted({target for files in named for target in files}) if all(named) else []
        if text.rpartition("/")[2].lower() in ("database.php", "autoload.php"):
            state.autoload = state.autoload or text.lower().endswith("autoload.php")
            if not targets:
                return Flow.NEXT
        if not targets:
            state.unknown = True
            self._act("include", call, state, where)
            return Flow.NEXT
        once = name.endswith("_once")
        ways: list[PageState] = []
        flow = Flow.STOP
        for target in targets:
            if target in self._stack or (once and target in state.loaded):
                ways.append(state.copy())
                continue
            way, flow = self._included(target, state, where)
            if flow is Flow.NEXT:
                ways.append(way)
        if not ways:
            return flow
        state.take(ways)
        return Flow.NEXT

    def _included(self, target: int, state: PageState, where: Where) -> tuple[PageState, Flow]:
        """The state after a file was run, and how it ended; worked out once for pages that begin alike."""
        if where.depth >= _MAX_DEPTH:
            return state.copy(), Flow.NEXT
        if self._shared.leads.by_name and self._program.files[target].path.rpartition("/")[2].lower() in BOOTSTRAPS:
            return self._by_name(target, state)
        key = (target, self._chosen, tuple(self._stack[1:]), *state.key(self._page))
        outcome = self._shared.outcomes.get((self._listed(), *key))
        if outcome is None:
            before, self.seen = self.seen, Seen()
            way = state.copy()
            flow = self._file(target, way, where.depth + 1)
            if self.seen.logins or way.bypass.keys() - state.bypass.keys():
                self.seen.boot.add(target)
            self._asked(0, flow, way)
            outcome = Outcome(flow, way, self.seen)
            self.seen = before
            self._shared.outcomes[self._listed(), *key] = outcome
        self.seen.add(outcome.seen)
        self._deaths += outcome.flow is Flow.STOP and "undefined" in outcome.seen.ended
        way = outcome.state.copy()
        way.loaded |= state.loaded
        return way, outcome.flow

    def _by_name(self, target: int, state: PageState) -> tuple[PageState, Flow]:
        """A file that is known to ask for the login, where the function that asks is not in the release."""
        way = state.copy()
        self.seen.boot.add(target)
        if SWITCH in state.constants:
            way.bypass[f"defines {SWITCH}"] = self.seen.passed[f"defines {SWITCH}"] = state.constants[SWITCH]
            return way, Flow.NEXT
        self.seen.logins += 1
        self.seen.ended.add("login")
        return way, Flow.STOP

    def _listed(self) -> str:
        """The page's path when some gate knows it by name, else `` as for every other page."""
        path = f"/{self._path.lower()}"
        return path if any(path.endswith(f"/{name}") for name in self._shared.lists) else ""

    def _asked(self, logins: int, flow: Flow, way: PageState) -> None:
        """Code that asks for a login, unless its own conditions say otherwise, has asked: no request decides it."""
        if self.seen.logins > logins and flow is not Flow.STOP and not way.bypass and not self._request_decides:
            way.asked = True

    def _function(self, name: str, call: Call, state: PageState, where: Where) -> Flow:
        if name == "define" and call.args:
            key = call.args[0].value
            if isinstance(key, Const) and isinstance(key.value, str):
                state.constants[key.value] = True
        elif name == "spl_autoload_register":
            state.autoload = True
        elif name == "extract":
            state.unknown = True
        known = self._program.by_name.get(str(call.name).lower(), ()) or self._program.by_name.get(name, ())
        if not known:
            return Flow.NEXT
        usable = [number for number in known if self._program.file_of[number] in state.loaded]
        if not usable and not self._has_library(state):
            return self._dies()
        return self._enter(name, (usable or list(known))[:2], call, state, where)

    def _method(self, name: str, call: Call, state: PageState, where: Where) -> Flow:
        if call.kind == CallKind.METHOD:
            return self._on_object(name, call, state, where)
        written = call.name if call.kind == CallKind.NEW else call.receiver
        if not isinstance(written, str):
            return Flow.NEXT
        if written.lower() in ("self", "static", "parent", "$this"):
            key = self._program.class_key(where.function) if where.function >= 0 else ""
        else:
            key = self._program.find_class(written)
        if key not in self._program.classes:
            return Flow.NEXT
        files = {unit.file for unit in self._program.classes[key]}
        if not (files & state.loaded or self._has_library(state)):
            return self._dies()
        found = self._program.find_method(key, "__construct" if call.kind == CallKind.NEW else name)
        return Flow.NEXT if found is None else self._enter(name, [found], call, state, where)

    def _on_object(self, name: str, call: Call, state: PageState, where: Where) -> Flow:
        """A method of an object: only a gate, what leads to one, and one of its own that ends all are of interest."""
        if call.receiver == _OBJECT and where.function >= 0:
            own = self._program.find_method(self._program.class_key(where.function), name)
            if own is not None and self._shared.always_ends(own):
                return self._enter(name, [own], call, state, where)
        found = [n for n in self._program.by_method.get(name, ()) if n in self._shared.leads.functions or is_gate(name)]
        return self._enter(name, found, call, state, where) if 0 < len(found) <= _MAX_METHODS else Flow.NEXT

    def _own(self, where: Where) -> bool:
        """Whether code is the page's own file scope."""
        return where.file == self._page and where.function < 0

    def _enter(self, name: str, functions: list[int], call: Call, state: PageState, where: Where) -> Flow:
        """Walk into one of several functions; a gate that lets nobody past makes the page one behind a login."""
        self.calls |= self._own(where) and call.kind in (CallKind.FUNCTION, CallKind.STATIC)
        ways: list[PageState] = []
        flow = Flow.NEXT
        for number in functions:
            way = state.copy()
            logins = self.seen.logins
            flow = self._body(name, number, call, way, where)
            self._asked(logins, flow, way)
            if flow is Flow.NEXT:
                ways.append(way)
        if not ways:
            return flow
        state.take(ways)
        return Flow.NEXT

    def _body(self, name: str, number: int, call: Call, state: PageState, where: Where) -> Flow:
        gate = is_gate(name)
        if not gate and number not in self._shared.leads.functions:
            if not self._shared.always_ends(number):
                self._note_entered(number, state)
                return Flow.NEXT
            self.seen.ended.add("exit")
            self.seen.ends.add((where.file, where.function))
            return Flow.STOP
        if where.depth >= _MAX_DEPTH:
            return Flow.NEXT
        lowered = self._program.with_body(number)
        fact = self._program.functions[lowered]
        params = _switches(fact.params, call)
        inside = Where(self._program.file_of[lowered], lowered, where.depth + 1, params)
        if gate:
            return self._gate(decode_body(fact.body), state, inside)
        key = (number, tuple(sorted(params.items())), tuple(sorted(state.constants.items())))
        known = self._bodies.get(key)
        if known is None:
            self._bodies[key] = (Flow.NEXT, state.copy())  # what calls itself adds nothing
            self._note_entered(number, state)
            flow = self._whole(decode_body(fact.body), state, inside)
            self._bodies[key] = known = (flow, state.copy())
        else:
            state.add(known[1])
        return known[0]

    def _note_entered(self, number: int, state: PageState) -> None:
        """Remember a function that does something; of an outline the names alone do not tell."""
        functions = self._program.functions
        if not (only_looks(functions[number]) and only_looks(functions[self._program.with_body(number)])):
            state.entered.add(number)

    def _gate(self, statements: tuple[Statement, ...], state: PageState, where: Where) -> Flow:
        """A gate is passed over where its first statements return for a constant or for a listed page."""
        self._shared.lists.update(listed_pages(self._program, where.function, statements))
        asked = Asked(self._path, self._chosen)
        found = switched_off(self._program, where.function, statements, state.constants, asked)
        if not found:
            self.seen.logins += 1
            self.seen.ended.add("login")
            return Flow.STOP
        passed = {switch.why: switch.sure for switch in found}
        state.bypass.update(passed)
        self.seen.passed.update(passed)
        return Flow.NEXT


def _either(value: Value) -> list[Value]:
    """What a value is chosen from: `getenv('ROOT') ? ... : ...`, without the condition."""
    if not isinstance(value, Choice):
        return [value]
    return [option for option in value.options if not (isinstance(option, Op) and option.op == "condition")]


def _switches(params: tuple[Param, ...], call: Call) -> dict[str, bool]:
    """Parameters that are given, or default to, true or false."""
    found: dict[str, bool] = {}
    for position, param in enumerate(params):
        named = [arg.value for arg in call.args if arg.name == param.name]
        value = named[0] if named else param.default
        if not named and position < len(call.args) and not call.args[position].name:
            value = call.args[position].value
        if isinstance(value, Const) and isinstance(value.value, bool):
            found[f"${param.name}"] = value.value
    return found
