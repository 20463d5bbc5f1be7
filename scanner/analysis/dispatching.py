"""Dispatchers: short functions that call what an argument of theirs names, or pass on all that they get.

`function run($name, ...$args) { return self::TABLE[$name](...$args); }` says nothing by itself: what it does is another
thing for each name. Where a call says the name, or gives a handle to one that passes on all it gets, the function is
run with what this call passes, as if its text stood there; what it does then is what this call does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from scanner.analysis import includes, reaches, transfer
from scanner.analysis.binding import by_parameter
from scanner.analysis.by_reference import passed_back
from scanner.analysis.callbacks import BY_VALUE
from scanner.analysis.code import KIND as CODE
from scanner.analysis.decisive import URL_ROLES
from scanner.analysis.dispatcher import NONE, Dispatcher
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.frame import Frame
from scanner.analysis.include_graph import INCLUDES
from scanner.analysis.lookups import computed_names
from scanner.analysis.sensitive import SETTING, WRITE
from scanner.analysis.state import NOBODY, State
from scanner.analysis.statements import KIND as STATEMENT
from scanner.analysis.summary import Hit
from scanner.analysis.templates import FIRST_PARAMETER, FIRST_PRIVATE, is_known, parameters
from scanner.analysis.unrolling import RESHAPING
from scanner.analysis.values import Val
from scanner.model.facts import (
    SHORT_BODY,
    ArrayLit,
    Assign,
    Call,
    CallKind,
    Closure,
    FunctionFact,
    Index,
    Prop,
    StaticProp,
    Value,
    Var,
    decode_body,
    nodes,
)
from scanner.model.signature import Certainty

_OF_ARRAY = ("call_user_func_array", "forward_static_call_array")
_LOOPS = frozenset({"foreach", "foreach-key"})
"""A function that calls one after the other is told what by whoever filled the list, not by the call."""
_ALL = "func_get_args"
_ONE = "func_get_arg"
_OF_LIST = frozenset({-1})
"""Stands for the arguments as a list."""
_NO_CALL = frozenset({SETTING, WRITE, STATEMENT, CODE})
"""Kinds of calls that do not leave the server themselves."""
_HOST_STANDS = re.compile(rf"[a-z]{{2,8}}://[^/?#{FIRST_PRIVATE}-\U0010ffff]{{3,}}[/?#]")
_MAX_NAMES = 3
"""Names that one argument may be known to have."""
_MAX_IN_ONE = 200
"""Calls that are followed in one function, those of closures counted: tables of actions are long."""
_MAX_IN_ALL = 10_000
"""Calls of dispatchers that are followed in one release."""


def run(evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> Val | None:
    """Value of a call of a dispatcher that says what is called, with all that it does; None when it is none."""
    state = evaluator.state
    number = state.program.with_body(number)
    found = _dispatcher(state, number)
    if found is NONE or number in state.active or len(state.active) >= state.limits.call_depth:
        return None
    values = by_parameter(evaluator, call, number, args, receiver)
    handed = found.forwards and any(_has_handle(evaluator, arg) for arg in args)
    made = any(_is_foreign(state, values[index]) for index in found.classes)
    read = any(_is_said(values[index]) for index in found.reads)
    if found.reads and not read:
        _leave_to_callers(evaluator, [values[index] for index in found.reads], "reads")
    paths = [one for index in found.includes for one in (args if index < 0 else [values[index]])]
    loaded = any(_is_path(evaluator, path) for path in paths)
    if paths and not loaded:
        _leave_to_callers(evaluator, paths, "includes")
    if not handed and not made and not read and not loaded:
        if not found.names:
            return None
        if not all(_is_said(values[index]) if index >= 0 else any(map(_is_said, args)) for index in found.names):
            _leave_to_callers(evaluator, [values[index] for index in found.names if index >= 0])
            return None
    return _told(evaluator, call, number, values, args, receiver)


def reshaped(
    evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None, hits: Iterable[Hit]
) -> Val | None:
    """The same for a function that sends, and that makes the address of what this call says: `get(strrev($host))`.

    `hits`: what its summary knows of its sinks, of which none can tell what becomes of a text.
    """
    state = evaluator.state
    number = state.program.with_body(number)
    found = _dispatcher(state, number)
    if not found.reshapes or number in state.active or len(state.active) >= state.limits.call_depth:
        return None
    if not any(map(_goes_where_told, hits)):
        return None
    values = by_parameter(evaluator, call, number, args, receiver)
    if not any(_is_said(values[index]) for index in found.reshapes):
        _leave_to_callers(evaluator, [values[index] for index in found.reshapes], "reshapes")
        return None
    return _told(evaluator, call, number, values, args, receiver)


def _goes_where_told(hit: Hit) -> bool:
    """Whether an address of a sink is open: a caller's, or something that is not known.

    A query is no address, and neither is the path of a file function without a scheme.
    """
    if hit.signature.kind in _NO_CALL or (hit.signature.kind == "db" and hit.signature.phase != "connect"):
        return False
    texts = [text for role in URL_ROLES if role in hit.roles for text in hit.roles[role].texts]
    if hit.signature.certainty is Certainty.IF_URL:
        texts = [text for text in texts if "://" in text]
    return any(_HOST_STANDS.match(text) is None and not is_known(text) for text in texts)


def _told(
    evaluator: Evaluator, call: Call, number: int, values: list[Val], args: list[Val], receiver: Val | None
) -> Val | None:
    """Run a function with what a call passes."""
    state = evaluator.state
    if evaluator.inlined >= _MAX_IN_ONE or state.decoding.dispatched >= _MAX_IN_ALL:
        state.limit("dispatchers", number)
        return None
    if not state.run_inside(number):
        return None
    evaluator.inlined += 1
    state.decoding.dispatched += 1
    state.active.append(number)
    try:
        inner = Evaluator(state, number)
        _settle(inner, evaluator, values, receiver)
        inner.given, inner.told = args, True
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
    _take_over(evaluator, inner, call)
    for index, value in passed_back(inner):
        if index < len(call.args):
            transfer.write(evaluator, call.args[index].value, value)
    return inner.returns


def _is_path(evaluator: Evaluator, value: Val) -> bool:
    """Whether a value is a path, or part of one, whose end is known, as an include needs it."""
    return 0 < len(value.texts) <= _MAX_NAMES and any(
        includes.known_tail(evaluator, text).strip("./") for text in value.texts if not parameters(text)
    )


def include(evaluator: Evaluator, call: Call, name: str, args: list[Val]) -> Val:
    """`include` and its kin; whose path a function's callers say, perhaps in a closure that it runs, they run it."""
    reaches.apply_local_sink(evaluator, call, evaluator.state.catalogue.local_sinks[name], args, None)
    if any(parameters(text) for arg in args for text in arg.texts):
        _leave_to_callers(evaluator, args, "includes")
    return includes.include(evaluator, call, args)


def _leave_to_callers(evaluator: Evaluator, names: list[Val], what: str = "names") -> None:
    """A function that passes on what is called is one, too: `function c($n, ...$a) { return run("c_$n", ...$a); }`."""
    dispatchers, number = evaluator.state.decoding.dispatchers, evaluator.state.current
    if number == NOBODY:
        return
    fact = evaluator.state.program.functions[number]  # whose parameters these are, in closures inside it as well
    if not fact.params or not _is_short(fact):
        return
    holes = {hole for value in names for text in value.texts for hole in parameters(text)}
    passed = {ord(hole) - FIRST_PARAMETER - 1 for hole in holes}
    own = frozenset(index for index in passed if 0 <= index < len(fact.params))
    if own:
        known = _dispatcher(evaluator.state, number)
        dispatchers[number] = known._replace(**{what: getattr(known, what) | own})


def _is_short(fact: FunctionFact) -> bool:
    return not fact.is_generator and fact.size <= SHORT_BODY


def _dispatcher(state: State, number: int) -> Dispatcher:
    """What a function calls or passes on that callers say; `NONE` for nearly every function."""
    known = state.decoding.dispatchers.get(number)
    if known is None:
        known = state.decoding.dispatchers[number] = _read(state, number)
    return known


def _read(state: State, number: int) -> Dispatcher:
    fact = state.program.functions[number]
    called = frozenset(fact.called)
    if not (fact.params or _ALL in called or _ONE in called) or not _is_short(fact):
        return NONE
    body = list(_with_closures(state, number))
    calls = [node for node in body if isinstance(node, Call)]
    each = [
        (node.target.name, node.value, node.op)
        for node in body
        if isinstance(node, Assign) and isinstance(node.target, Var)
    ]
    assigned = [(name, value) for name, value, operator in each if operator not in _LOOPS]
    tables = _tables(state, number)
    names, of_list = _parameters(fact, assigned, [part for call in calls for part in _callees(call)], tables)
    passed, all_of_it = _parameters(fact, assigned, [part for call in calls for part in _lists(call)], tables)
    classes, _ = _parameters(fact, assigned, [part for call in calls for part in _classes(call)], tables)
    steps = [one[:2] for one in each]
    changed, _ = _parameters(fact, steps, [part for call in calls for part in _reshaped(call)], tables)
    reads, _ = _parameters(fact, steps, computed_names(fact, body), tables)
    included = [part for call in calls for part in _included(call)]
    files, _ = _parameters(fact, steps, included, tables)
    if any(isinstance(node, Call) and node.name in (_ALL, _ONE) for node in nodes(*included)):
        files |= _OF_LIST
    if not _sends(state, called):
        changed = reads = frozenset()
    names |= _OF_LIST if of_list else names
    found = Dispatcher(names, bool(passed) or all_of_it, classes, files, reads, changed)
    return NONE if found == NONE else found


def _sends(state: State, called: frozenset[str]) -> bool:
    """Whether a function does more than compute: whether that sends, its summary tells."""
    return not all(map(state.computes, called))


def _reshaped(call: Call) -> Iterator[Value]:
    """Arguments of functions that make another text of what they get."""
    if call.kind is CallKind.FUNCTION and isinstance(call.name, str) and call.name.lower().lstrip("\\") in RESHAPING:
        yield from (arg.value for arg in call.args)


def _included(call: Call) -> Iterator[Value]:
    """Paths of files that are included."""
    if call.kind is CallKind.CONSTRUCT and call.name in INCLUDES:
        yield from (arg.value for arg in call.args)


def _with_closures(state: State, number: int) -> Iterator[msgspec.Struct]:
    """All of a function, with the closures that it makes: what they call, it is told, too."""
    pending = [number]
    while pending:
        current = pending.pop()
        for node in nodes(decode_body(state.program.functions[current].body)):
            yield node
            if isinstance(node, Closure):
                pending.append(state.program.local(number, node.function))


def _tables(state: State, number: int) -> frozenset[str]:
    """Properties that are declared with a list: what such a one calls under a name, its declaration says."""
    units = state.program.classes.get(state.program.class_key(number), ())
    declared = (item for unit in units for item in unit.fact.properties)
    return frozenset(item.name for item in declared if isinstance(item.default, ArrayLit) and item.default.items)


def _parameters(
    fact: FunctionFact, assigned: list[tuple[str, Value]], parts: list[Value], tables: frozenset[str]
) -> tuple[frozenset[int], bool]:
    """Parameters that make up some parts of calls, and whether the list of all arguments does."""
    wanted = set(_variables(tables, *parts))
    for name, value in reversed(assigned):
        if name in wanted:
            wanted.update(_variables(tables, value))
    of_list = any(name in wanted and isinstance(value, Call) and value.name == _ALL for name, value in assigned)
    return frozenset(index for index, param in enumerate(fact.params) if param.name in wanted), of_list


def _lists(call: Call) -> Iterator[Value]:
    """Arrays whose elements are the arguments of a call."""
    yield from (arg.value for arg in call.args if arg.spread)
    if isinstance(call.name, str) and call.name.lower().endswith(_OF_ARRAY) and len(call.args) > 1:
        yield call.args[1].value


def _callees(call: Call) -> Iterator[Value]:
    """Expressions that say what a call calls, as far as they are worked out."""
    if call.kind is CallKind.FUNCTION and isinstance(call.name, str):
        if call.name.lower().lstrip("\\") in BY_VALUE and call.args and not _is_listed(call.args[0].value):
            yield call.args[0].value
        return
    if call.kind is CallKind.DYNAMIC and not isinstance(call.receiver, (str, type(None))):
        if not _is_listed(call.receiver):
            yield call.receiver
    elif call.kind in (CallKind.METHOD, CallKind.STATIC) and not isinstance(call.name, str):
        yield call.name


def _classes(call: Call) -> Iterator[Value]:
    """Expressions that say of which class an object is made, or a method is called."""
    if call.kind is CallKind.NEW and not isinstance(call.name, str):
        yield call.name
    if call.kind is CallKind.STATIC and not isinstance(call.receiver, (str, type(None))):
        yield call.receiver


def _is_listed(callee: Value) -> bool:
    """Whether a callee is one of a list that somebody fills under a name: `$this->handlers[$hook][$i]()`."""
    return isinstance(callee, Index) and isinstance(callee.base, Index)


def _variables(tables: frozenset[str], *values: object) -> Iterator[str]:
    """Names of variables in expressions, without those under which a property holds what others put there."""

    def is_kept(node: msgspec.Struct) -> bool:
        return isinstance(node, Index) and isinstance(node.base, Prop | StaticProp) and node.base.name not in tables

    return (node.name for node in nodes(*values, skip=is_kept) if isinstance(node, Var) and node.name != "this")


def _has_handle(evaluator: Evaluator, value: Val) -> bool:
    """Whether a value is, or holds, what a function or class made that signatures know: a socket, a client."""
    return bool(value.sites and evaluator.libraries_of(value)) or any(
        _has_handle(evaluator, item) for item in (value.items or {}).values()
    )


def _is_foreign(state: State, value: Val) -> bool:
    """Whether a value names a class of PHP or of a library that signatures know."""
    names = [state.program.find_class(text.lstrip("\\")) for text in value.texts if is_known(text)]
    return any(state.matcher.new(name, state.program.ancestors(name)) for name in names[:_MAX_NAMES])


def _is_said(value: Val) -> bool:
    """Whether a value is known, or is an array in which something is: `[$object, 'method']`, a list of arguments."""
    if value.items:
        return any(map(_is_said, value.items.values()))
    return 0 < len(value.texts) <= _MAX_NAMES and all(map(is_known, value.texts))


def _settle(inner: Frame, outer: Frame, values: list[Val], receiver: Val | None) -> None:
    """Give the function what this call passes, and the handles of its caller."""
    for param, value in zip(inner.fact.params, values, strict=True):
        types = inner.env[param.name].types
        inner.env[param.name] = value.replaced(types=value.types | types)
    if receiver is not None and "this" in inner.env:
        inner.env["this"] = inner.env["this"].replaced(sites=receiver.sites)
    inner.sites = outer.sites
    inner.after_include = outer.after_include


def _take_over(evaluator: Evaluator, inner: Frame, call: Call) -> None:
    """What the function did is done by the call that said what: its findings stand there."""
    state, number = evaluator.state, inner.number
    symbol, path = state.program.symbol(number), state.program.path(number)
    place = {
        "function": evaluator.number,
        "line": call.line,
        "end_line": call.end_line,
        "start": call.start,
        "end": call.end,
    }
    inner.hits = {
        key: hit._replace(**place, via=(symbol, *hit.via), hops=reaches.with_hop(path, hit))  # type: ignore[arg-type]
        if hit.function == number
        else hit
        for key, hit in inner.hits.items()
    }
    evaluator.take_over(inner)
