"""Calls: which function or signature is meant, and what the call does to values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scanner.analysis import builtins, sinks
from scanner.analysis.describe import callee_text, describe
from scanner.analysis.state import State
from scanner.analysis.summary import (
    EMPTY,
    MAX_LIFTS,
    MAX_URL_LIFTS,
    RECEIVER,
    Effect,
    Hit,
    Substitution,
    Summary,
    depends_on_caller,
    parameters_only,
)
from scanner.analysis.values import NOTHING, FunctionRef, Trace, Val, all_labels, join_all
from scanner.model.facts import Arg, Call, CallKind, Const, Value, Var, decode_body
from scanner.model.signature import Certainty, Secret

if TYPE_CHECKING:
    from scanner.analysis.evaluator import Evaluator

REQUEST_GLOBALS = frozenset({"_GET", "_POST", "_REQUEST", "_COOKIE", "_FILES"})
SERVER_REQUEST_PREFIXES = ("HTTP_", "REQUEST_URI", "QUERY_", "PATH_INFO", "PHP_SELF", "PHP_AUTH", "argv")
_INCLUDES = frozenset({"include", "include_once", "require", "require_once"})
_MAX_CANDIDATES = 3
"""Methods of one name that are all taken when the receiver's class is unknown."""
_MAX_OVERRIDES = 8

__all__ = ["REQUEST_GLOBALS", "callable_value", "depends_on_caller", "evaluate", "evaluate_closure", "summary_of"]


def evaluate(evaluator: Evaluator, call: Call) -> Val:
    """Value of a call, with its effects."""
    return _KINDS[call.kind](evaluator, call)


def arguments(evaluator: Evaluator, call: Call) -> list[Val]:
    """Values of the arguments in written order; a spread argument stands for all that follow."""
    return [evaluator.value(arg.value) for arg in call.args]


# -- kinds of calls ----------------------------------------------------------------------------------------------


def _function(evaluator: Evaluator, call: Call) -> Val:
    if not isinstance(call.name, str):
        return _dynamic(evaluator, call)
    args = arguments(evaluator, call)
    return call_function(evaluator, call, call.name, args, qualified=call.receiver)


def call_function(
    evaluator: Evaluator, call: Call, name: str, args: list[Val], qualified: object = None
) -> Val:
    """Call of a function by name: PHP tries the namespace's own function first."""
    program = evaluator.state.program
    for candidate in (qualified, name):
        if not isinstance(candidate, str):
            continue
        lower = candidate.lower().lstrip("\\")
        signatures = evaluator.state.matcher.function(lower)
        if signatures:
            return sinks.apply(evaluator, call, signatures, args, None, api=candidate, certain=True)
        secret = evaluator.state.origins.functions.get(lower)
        numbers = program.by_name.get(lower)
        if numbers:
            results = [apply_summary(evaluator, call, number, args, None) for number in numbers[:_MAX_CANDIDATES]]
            result = join_all(results, evaluator.state.overflow)
            if secret is not None:
                result = evaluator.join(result, _returned_secret(evaluator, secret, call, args))
            return result
        if secret is not None:
            return _returned_secret(evaluator, secret, call, args)
    return builtins.call(evaluator, call, name.lower().lstrip("\\").rpartition("\\")[2], args)


def _returned_secret(evaluator: Evaluator, secret: Secret, call: Call, args: list[Val]) -> Val:
    """What a function such as `decrypt` returns: the secret that it was given, when that has a name."""
    given = join_all((Val(labels=all_labels(arg)) for arg in args), evaluator.state.overflow).labels
    named = {label: trace for label, trace in given.items() if evaluator.state.is_secret(label)}
    value = evaluator.read_secret(secret, call.line, callee_text(call))
    return Val(value.texts, named) if named else value


def _method(evaluator: Evaluator, call: Call) -> Val:
    receiver = evaluator.value(call.receiver) if not isinstance(call.receiver, str) else NOTHING
    names = _names(evaluator, call)
    args = arguments(evaluator, call)
    if not names:
        evaluator.note("dynamic-call", call.line, callee_text(call))
        return _passed_through(evaluator, call, receiver, args)
    results = [call_method(evaluator, call, receiver, name, args) for name in names]
    return join_all(results, evaluator.state.overflow)


def _names(evaluator: Evaluator, call: Call) -> list[str]:
    if isinstance(call.name, str):
        return [call.name]
    return evaluator.known_texts(evaluator.value(call.name))


def call_method(evaluator: Evaluator, call: Call, receiver: Val, name: str, args: list[Val]) -> Val:
    """Call of a method on an object, by the classes it may have; else by the method's name."""
    state = evaluator.state
    lower = name.lower()
    found: list[Val] = []
    for cls in sorted(receiver.types):
        ancestors = state.program.ancestors(cls)
        signatures = state.matcher.method(cls, lower, ancestors)
        if signatures:
            api = f"{_written(state, cls)}::{name}"
            found.append(sinks.apply(evaluator, call, signatures, args, receiver, api=api, certain=True))
            continue
        for number in _implementations(state, cls, lower):
            found.append(apply_summary(evaluator, call, number, args, receiver))
        magic = state.program.find_method(cls, "__call") if not found else None
        if magic is not None:
            packed = Val(items={str(i): arg for i, arg in enumerate(args)})
            found.append(apply_summary(evaluator, call, magic, [Val(frozenset([name])), packed], receiver))
    if not found:
        found.append(_by_name(evaluator, call, receiver, name, args))
    secret = _function_secret(evaluator, receiver.types, lower)
    if secret is not None:
        found.append(evaluator.read_secret(secret, call.line, callee_text(call)))
    return join_all(found, state.overflow)


def _function_secret(evaluator: Evaluator, classes: frozenset[str], method: str) -> Secret | None:
    for cls in sorted(classes):
        secret = evaluator.state.origins.functions.get(f"{cls.rpartition(chr(92))[2]}::{method}")
        if secret is not None:
            return secret
    return None


def _written(state: State, cls: str) -> str:
    units = state.program.classes.get(cls)
    return units[0].fact.name if units else cls


def _implementations(state: State, cls: str, method: str) -> list[int]:
    """The method of a class and its overrides in subclasses."""
    numbers: dict[int, None] = {}
    own = state.program.find_method(cls, method)
    if own is not None:
        numbers[own] = None
    for child in state.program.descendants(cls)[:200]:
        number = state.program.own_methods(child).get(method)
        if number is not None and len(numbers) < _MAX_OVERRIDES:
            numbers[number] = None
    return list(numbers)


def _by_name(evaluator: Evaluator, call: Call, receiver: Val, name: str, args: list[Val]) -> Val:
    """The receiver's class is not known: signatures with a telling method name, then methods of that name."""
    state = evaluator.state
    lower = name.lower()
    signatures = tuple(s for s in state.matcher.methods(lower) if state.matcher.distinctive(s))
    handle = any(state.site_states.get(site) or evaluator.sites.get(site) for site in receiver.sites)
    if not signatures and handle:
        signatures = state.matcher.methods(lower)
    if signatures:
        return sinks.apply(evaluator, call, signatures[:1], args, receiver, api=callee_text(call), certain=False)
    numbers = state.program.by_method.get(lower, [])
    if 0 < len(numbers) <= _MAX_CANDIDATES and not receiver.types:
        results = [apply_summary(evaluator, call, number, args, receiver, certain=False) for number in numbers]
        return join_all(results, state.overflow)
    return _passed_through(evaluator, call, receiver, args)


def _passed_through(evaluator: Evaluator, call: Call, receiver: Val, args: list[Val]) -> Val:
    """An unknown function passes all labels on to its result and to the object it is called on."""
    labels = join_all((Val(labels=all_labels(item)) for item in (receiver, *args)), evaluator.state.overflow).labels
    if args and labels and isinstance(call.receiver, Var) and call.receiver.name != "this":
        given = join_all((Val(labels=all_labels(item)) for item in args), evaluator.state.overflow).labels
        if given:
            known = evaluator.env.get(call.receiver.name, receiver)
            evaluator.env[call.receiver.name] = evaluator.join(known, Val(labels=given))
    return Val(evaluator.unknown(call).texts, labels)


def _static(evaluator: Evaluator, call: Call) -> Val:
    classes = evaluator.class_names(call.receiver) if call.receiver is not None else []
    names = _names(evaluator, call)
    args = arguments(evaluator, call)
    if not classes or not names:
        evaluator.note("dynamic-call", call.line, callee_text(call))
        return _passed_through(evaluator, call, NOTHING, args)
    found = [call_static(evaluator, call, cls, name, args) for cls in classes for name in names]
    return join_all(found, evaluator.state.overflow)


def call_static(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val]) -> Val:
    """Call of a static method, or of a parent's method on this object."""
    state = evaluator.state
    lower = name.lower()
    ancestors = state.program.ancestors(cls)
    relative = call.receiver in ("self", "static", "parent")
    receiver = evaluator.env.get("this", Val(types=frozenset([cls]))) if relative else Val(types=frozenset([cls]))
    signatures = state.matcher.static(cls, lower, ancestors)
    if not signatures and call.receiver == "parent":
        signatures = (
            state.matcher.new(cls, ancestors) if lower == "__construct" else state.matcher.method(cls, lower, ancestors)
        )
    if signatures:
        return sinks.apply(
            evaluator, call, signatures, args, receiver, api=f"{_written(state, cls)}::{name}", certain=True
        )
    secret = _function_secret(evaluator, frozenset([cls]), lower)
    numbers = _implementations(state, cls, lower) if call.receiver == "static" else []
    own = state.program.find_method(cls, lower)
    if own is not None and own not in numbers:
        numbers.insert(0, own)
    if numbers:
        results = [apply_summary(evaluator, call, number, args, receiver) for number in numbers]
        if secret is not None:
            results.append(evaluator.read_secret(secret, call.line, callee_text(call)))
        return join_all(results, state.overflow)
    if secret is not None:
        return evaluator.read_secret(secret, call.line, callee_text(call))
    magic = state.program.find_method(cls, "__callstatic")
    if magic is not None:
        packed = Val(items={str(i): arg for i, arg in enumerate(args)})
        return apply_summary(evaluator, call, magic, [Val(frozenset([name])), packed], receiver)
    return _passed_through(evaluator, call, NOTHING, args)


def _new(evaluator: Evaluator, call: Call) -> Val:
    classes = evaluator.class_names(call.name)
    if isinstance(call.name, str) and call.name.startswith("class@anonymous"):
        classes = [f"{evaluator.path}#{call.name}"]
    args = arguments(evaluator, call)
    if not classes:
        evaluator.note("dynamic-call", call.line, callee_text(call))
        return _passed_through(evaluator, call, NOTHING, args)
    found = [create(evaluator, call, cls, args) for cls in classes]
    return join_all(found, evaluator.state.overflow)


def create(evaluator: Evaluator, call: Call, cls: str, args: list[Val]) -> Val:
    """A new object: its class, its allocation site, and what its constructor does."""
    state = evaluator.state
    ancestors = state.program.ancestors(cls)
    site = state.site(evaluator.number, call.start)
    instance = Val(types=frozenset([cls]), sites=frozenset([site]))
    signatures = state.matcher.new(cls, ancestors)
    if signatures:
        sinks.apply(evaluator, call, signatures, args, instance, api=f"new {_written(state, cls)}", certain=True)
        return instance
    constructor = state.program.find_method(cls, "__construct")
    if constructor is not None:
        apply_summary(evaluator, call, constructor, args, instance)
        return instance
    labels = join_all((Val(labels=all_labels(arg)) for arg in args), state.overflow).labels
    return instance.replaced(labels=labels)


def _dynamic(evaluator: Evaluator, call: Call) -> Val:
    callee = evaluator.value(call.receiver) if not isinstance(call.receiver, str) else NOTHING
    args = arguments(evaluator, call)
    return call_value(evaluator, call, callee, args, literal=isinstance(call.receiver, Const))


def call_value(evaluator: Evaluator, call: Call, callee: Val, args: list[Val], *, literal: bool = False) -> Val:
    """Call of a callable value: closure, function name, `C::m`, [object, name], or an object with `__invoke`.

    `literal`: the callee's name stands in the code at this place.
    """
    found: list[Val] = []
    for ref in sorted(callee.refs):
        found.append(_call_reference(evaluator, call, ref, args))
    for text in evaluator.known_texts(callee):
        cls, separator, method = text.partition("::")
        if separator:
            found.append(call_static(evaluator, call, evaluator.state.program.find_class(cls.lstrip("\\")), method, args))
        elif text:
            found.append(_call_by_text(evaluator, call, text, args, literal=literal))
    if callee.items and {"0", "1"} <= callee.items.keys():
        found.extend(_call_pair(evaluator, call, callee.items["0"], callee.items["1"], args))
    for cls in sorted(callee.types):
        invoke = evaluator.state.program.find_method(cls, "__invoke")
        if invoke is not None:
            found.append(apply_summary(evaluator, call, invoke, args, callee))
    if not found:
        evaluator.note("dynamic-call", call.line, callee_text(call) if call.kind == CallKind.DYNAMIC else describe(call))
        return _passed_through(evaluator, call, callee, args)
    return join_all(found, evaluator.state.overflow)


def _call_by_text(evaluator: Evaluator, call: Call, text: str, args: list[Val], *, literal: bool) -> Val:
    """A function called by a string: remarkable unless the string stands right there."""
    before, evaluator.computed = evaluator.computed, not literal
    try:
        return call_function(evaluator, call, text, args)
    finally:
        evaluator.computed = before


def _call_pair(evaluator: Evaluator, call: Call, target: Val, name: Val, args: list[Val]) -> list[Val]:
    found: list[Val] = []
    for method in evaluator.known_texts(name):
        if target.types:
            found.append(call_method(evaluator, call, target, method, args))
        for cls in evaluator.known_texts(target):
            key = evaluator.state.program.find_class(cls.lstrip("\\"))
            found.append(call_static(evaluator, call, key, method, args))
        if not found:
            found.append(_by_name(evaluator, call, target, method, args))
    return found


def _call_reference(evaluator: Evaluator, call: Call, ref: FunctionRef, args: list[Val]) -> Val:
    fact = evaluator.state.program.functions[ref.function]
    if fact.name == "{closure}" and ref.function in evaluator.closures:
        return evaluate_closure(evaluator, ref.function, args)
    bound = Val(types=frozenset([ref.bound])) if ref.bound else None
    return apply_summary(evaluator, call, ref.function, args, bound)


def callable_value(evaluator: Evaluator, call: Call) -> Val:
    """Value of `f(...)`: something that can be called later."""
    if call.kind == CallKind.FUNCTION and isinstance(call.name, str):
        return Val(frozenset([call.name]))
    if call.kind == CallKind.STATIC and isinstance(call.name, str):
        return Val(frozenset(f"{cls}::{call.name}" for cls in evaluator.class_names(call.receiver or "")))
    if call.kind == CallKind.METHOD and isinstance(call.name, str) and not isinstance(call.receiver, str):
        return Val(items={"0": evaluator.value(call.receiver), "1": Val(frozenset([call.name]))})
    return evaluator.value(call.receiver) if not isinstance(call.receiver, (str, type(None))) else NOTHING


def _construct(evaluator: Evaluator, call: Call) -> Val:
    name = str(call.name)
    args = arguments(evaluator, call)
    if name in _INCLUDES:
        return _include(evaluator, call, args)
    if name == "caught":
        return Val(evaluator.unknown("$exception").texts)
    signatures = evaluator.state.matcher.construct(name)
    if name == "backtick":
        signatures = signatures or evaluator.state.matcher.function("shell_exec")
    if signatures:
        sinks.apply(evaluator, call, signatures, args, None, api=name, certain=True)
    if name in ("echo", "print", "exit"):
        sinks.output(evaluator, call, name, args)
        return NOTHING
    if name == "eval":
        evaluator.note("dynamic-code", call.line, describe(call.args[0].value if call.args else None))
        return NOTHING
    if name == "throw":
        sinks.thrown(evaluator, call, args)
        return NOTHING
    return args[0] if args else NOTHING


def _include(evaluator: Evaluator, call: Call, args: list[Val]) -> Val:
    """`include`: variables of the other file come into this scope, and its `return` is the value."""
    state = evaluator.state
    shown: Value | None = call.args[0].value if call.args else None
    target = args[0] if args else NOTHING
    signatures = state.matcher.construct(str(call.name))
    if signatures:
        sinks.apply(evaluator, call, signatures, args, None, api=str(call.name), certain=True)
    evaluator.after_include = True
    results: list[Val] = []
    resolved = False
    for text in sorted(target.texts):
        tail = _known_tail(evaluator, text)
        if tail.rpartition("/")[2].lower() == "database.php":
            resolved = True
            for secret in state.origins.database.values():
                shown = f"${secret.name} of database.php"
                evaluator.env[secret.name] = state.origins.secret_value(secret, evaluator.path, call.line, shown)
        files = state.program.files_by_tail(tail, evaluator.path) if tail.strip("./") else []
        resolved = resolved or bool(files)
        for file in files[:_MAX_CANDIDATES]:
            unit = state.program.files[file]
            if unit.first == evaluator.number:
                continue
            state.included.add(unit.path)
            summary = summary_of(state, unit.first)
            results.append(summary.returns)
            for name, value in summary.exports.items():
                if "->" not in name and name != "this" and name not in state.origins.database:
                    known = evaluator.env.get(name)
                    evaluator.env[name] = value if known is None else evaluator.join(known, value)
    if not resolved:
        evaluator.note("dynamic-include", call.line, describe(shown))
    return join_all(results, state.overflow)


def _known_tail(evaluator: Evaluator, text: str) -> str:
    """Known end of a path template, from the last hole on."""
    tail = text
    for position in range(len(text) - 1, -1, -1):
        if evaluator.state.holes.hole(text[position]) is not None:
            tail = text[position + 1 :]
            break
    parts: list[str] = []
    for part in tail.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", ".", "@"):
            parts.append(part)
    return "/".join(parts)


_KINDS = {
    CallKind.FUNCTION: _function,
    CallKind.METHOD: _method,
    CallKind.STATIC: _static,
    CallKind.NEW: _new,
    CallKind.CONSTRUCT: _construct,
    CallKind.DYNAMIC: _dynamic,
}


# -- summaries ---------------------------------------------------------------------------------------------------


def summary_of(state: State, number: int) -> Summary:
    """Summary of a function, made on demand; a recursive call sees an empty one."""
    number = state.program.with_body(number)
    known = state.summaries.get(number)
    if known is not None:
        return known
    if number in state.active:
        return EMPTY
    if len(state.active) >= state.limits.call_depth:
        state.limit("call-depth", number)
        return EMPTY
    return compute(state, number)


def compute(state: State, number: int) -> Summary:
    """Evaluate a function and keep its summary."""
    from scanner.analysis import transfer  # noqa: PLC0415  the interpreter calls back here
    from scanner.analysis.evaluator import Evaluator  # noqa: PLC0415

    state.active.append(number)
    try:
        evaluator = Evaluator(state, number)
        transfer.run(evaluator, decode_body(evaluator.fact.body))
        summary = evaluator.summary()
    finally:
        state.active.pop()
    for effect in summary.effects:
        if effect.target == "site" and effect.key[0] >= 0 and not depends_on_caller(effect.value):
            state.write_site(effect.key[0], effect.key[1], effect.value)
    state.summaries[number] = summary
    return summary


def evaluate_closure(evaluator: Evaluator, number: int, args: list[Val] | None = None) -> Val:
    """Run a closure's body with the variables it captures; its sinks belong to the function around it."""
    from scanner.analysis import transfer  # noqa: PLC0415  the interpreter calls back here
    from scanner.analysis.evaluator import Evaluator  # noqa: PLC0415

    state = evaluator.state
    if number in state.active or len(state.active) >= state.limits.call_depth:
        return NOTHING
    state.active.append(number)
    try:
        inner = Evaluator(state, number)
        inner.adopt(evaluator, args)
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
    evaluator.take_over(inner)
    return inner.returns


def apply_summary(
    evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None, *, certain: bool = True
) -> Val:
    """Effect of calling a function of the program with these arguments."""
    state = evaluator.state
    summary = summary_of(state, number)
    if summary is EMPTY:
        return _passed_through(evaluator, call, receiver or NOTHING, args)
    if not summary.effects and not summary.hits and not depends_on_caller(summary.returns):
        return _with_return_types(state, number, summary.returns)
    binding = _Binding(evaluator, call, number, args, receiver)
    symbol = state.program.symbol(number)

    def step(trace: Trace) -> Trace:
        return Trace(evaluator.path, call.line, f"passed to {symbol}()", trace, trace.length + 1)

    substitution = evaluator.substitution(binding.argument, step)
    for effect in summary.effects:
        _apply_effect(evaluator, call, effect, substitution)
    for hit in summary.hits:
        _lift(evaluator, call, hit, substitution, symbol, certain=certain)
    result = substitution.value(summary.returns)
    if state.program.functions[number].is_abstract and not summary.returns.texts:
        result = evaluator.join(result, _passed_through(evaluator, call, receiver or NOTHING, args))
    return _with_return_types(state, number, result)


def _with_return_types(state: State, number: int, result: Val) -> Val:
    """The result with the classes that the function declares to return."""
    types = frozenset(
        state.program.find_class(name)
        for name in state.program.functions[number].return_types
        if "\\" in name or name[:1].isupper()
    )
    return result.replaced(types=result.types | types) if types - result.types else result


class _Binding:
    """A call's arguments by parameter position of the callee."""

    def __init__(self, evaluator: Evaluator, call: Call, number: int, args: list[Val], receiver: Val | None) -> None:
        self._evaluator = evaluator
        self._params = evaluator.state.program.functions[number].params
        self._number = number
        self._receiver = receiver
        self._values: dict[int, Val] = {}
        self._spread: Val | None = None
        names = {param.name: index for index, param in enumerate(self._params)}
        written: Sequence[Arg] = call.args if len(call.args) == len(args) else ()
        position = 0
        for offset, value in enumerate(args):
            arg = written[offset] if written else None
            if arg is not None and arg.spread:
                position = self._bind_spread(value, position)
            elif arg is not None and arg.name:
                if arg.name in names:
                    self._values[names[arg.name]] = value
            else:
                self._bind(position, value)
                position += 1

    def _bind(self, position: int, value: Val) -> None:
        last = len(self._params) - 1
        if position >= last >= 0 and self._params[last].variadic:
            known = self._values.get(last)
            self._values[last] = value if known is None else self._evaluator.join(known, value)
        else:
            self._values[position] = value

    def _bind_spread(self, value: Val, position: int) -> int:
        for key in sorted(value.items or {}, key=lambda text: (len(text), text)):
            item = (value.items or {})[key]
            if key.isdecimal():
                self._bind(position, item)
                position += 1
        rest = value.rest or Val(labels=value.labels)
        self._spread = rest if rest is not NOTHING else None
        return position

    def argument(self, index: int) -> Val:
        """Value of parameter `index` (`RECEIVER` for the object), the default when it is not passed."""
        if index == RECEIVER:
            return self._receiver or NOTHING
        value = self._values.get(index)
        if value is not None:
            return value
        if self._spread is not None:
            return self._spread
        if index < len(self._params):
            default = self._params[index].default
            if default is not None:
                from scanner.analysis.evaluator import Evaluator  # noqa: PLC0415  the interpreter calls back here

                return Evaluator(self._evaluator.state, self._number).value(default)
        return NOTHING


def _apply_effect(evaluator: Evaluator, call: Call, effect: Effect, substitution: Substitution) -> None:
    value = substitution.value(effect.value)
    number, name = effect.key
    if effect.target == "argument":
        if number < len(call.args):
            from scanner.analysis import transfer  # noqa: PLC0415  the interpreter calls back here

            transfer.write(evaluator, call.args[number].value, value)
    elif effect.target == "site":
        for site in sorted(substitution.sites(frozenset([number]))):
            evaluator.set_site(site, name, value)
    else:
        cls, _separator, member = name.partition("\0")
        evaluator.write_shared(effect.target, (cls, member), value, effect.lifts + 1)


def _lift(
    evaluator: Evaluator, call: Call, hit: Hit, substitution: Substitution, symbol: str, *, certain: bool
) -> None:
    """A sink that the callee's parameters decide is a sink of this call."""
    holes = evaluator.state.holes
    symbolic_site = any(site < 0 for site in hit.sites)
    if not symbolic_site and not any(depends_on_caller(value) for value in hit.roles.values()):
        return
    sites = substitution.sites(hit.sites)
    roles = {role: substitution.value(parameters_only(value)) for role, value in hit.roles.items()}
    roles = evaluator.with_sites(roles, sites - hit.sites)
    if not _worth_lifting(evaluator, hit, roles, sites):
        return
    if len(hit.via) >= (MAX_URL_LIFTS if hit.signature.certainty is Certainty.IF_URL else MAX_LIFTS):
        evaluator.state.limit("wrapper-depth", evaluator.number)
        return
    lifted = hit._replace(
        function=evaluator.number, line=call.line, end_line=call.end_line, start=call.start, end=call.end, sites=sites,
        roles=roles, via=(symbol, *hit.via), certain=hit.certain and certain,
    )  # fmt: skip
    evaluator.add_hit(lifted)


def _worth_lifting(
    evaluator: Evaluator, hit: Hit, roles: Mapping[str, Val], sites: frozenset[int]
) -> bool:
    """Whether a caller decides something that a reader or a further caller must know: a destination, or a secret."""
    if any(site < 0 for site in sites):
        return True
    holes = evaluator.state.holes
    decided = [role for role in sinks.URL_ROLES if role in roles and depends_on_caller(hit.roles.get(role, NOTHING))]
    if hit.signature.certainty is Certainty.IF_URL:
        return any(sinks.may_be_url(text, holes) for role in decided for text in roles[role].texts)
    if decided or hit.signature.kind in ("exec", "process"):
        return True
    return any(
        depends_on_caller(value) or any(evaluator.state.is_secret(label) for label in all_labels(value))
        for value in roles.values()
    )
