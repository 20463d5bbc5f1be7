"""Calls: which function or signature is meant, and what the call does to values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.analysis import (
    assumed,
    attached,
    builtins,
    callables,
    callbacks,
    code,
    containers,
    creation,
    default_context,
    described,
    dispatching,
    dns,
    documents,
    enums,
    fetches,
    fibers,
    filling,
    generators,
    given,
    hydrating,
    keeping,
    listeners,
    listing,
    magic,
    module_settings,
    objects,
    output,
    reaches,
    reflected,
    reflection,
    reported,
    resolution,
    returned,
    rows,
    sensitive,
    services,
    shipped,
    sinks,
    stand_ins,
    statements,
    stored,
    stylesheets,
    throwables,
    tracing,
)
from scanner.analysis.application import apply_summary
from scanner.analysis.binding import arguments, in_order, written_out
from scanner.analysis.closures import evaluate_closure, holds_closure
from scanner.analysis.describe import callee_text, describe
from scanner.analysis.evaluator import CARRIED, MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.handlers import folded
from scanner.analysis.include_graph import INCLUDES
from scanner.analysis.passing import passed_through, queried
from scanner.analysis.perhaps import apply_sinks, credentials_of
from scanner.analysis.values import NOTHING, FunctionRef, Val, all_labels, join_all, text_value
from scanner.model.facts import Call, CallKind, Const
from scanner.model.signature import Certainty

_MANY_TARGETS = 8
"""Functions that one place may call, from which on which of them it calls is a guess."""
_MOST_TOLD = 20
"""Functions of which one is called, up to which callers are told what each does with what it gets from them."""
_MAX_CANDIDATES = 3
"""Methods of one name that are all taken when the receiver's class is unknown."""
_MAX_PERHAPS = 8
"""Methods of one name of which the credentials are taken that they give back."""
_MAX_OVERRIDES = 8
"""Methods of subclasses whose whole effect is taken."""
_PARENT = "parent::"
_COMPUTED = frozenset({"idn_to_ascii", "print_r", "var_export"})
"""Functions that may show or ask for something, and give a text that is known all the same."""
_OF_CLOSURES = frozenset({"bindto", "call", "__invoke"})


def evaluate(evaluator: Evaluator, call: Call) -> Val:
    """Value of a call, with its effects."""
    return _KINDS[call.kind](evaluator, call)


def _function(evaluator: Evaluator, call: Call) -> Val:
    if not isinstance(call.name, str):
        return _dynamic(evaluator, call)
    name = call.name
    call, args = written_out(evaluator, call)
    result = call_function(evaluator, call, name, args, qualified=call.receiver)
    return _known_by_name(evaluator, call, name, NOTHING, args, result)


def _known_by_name(evaluator: Evaluator, call: Call, name: str, receiver: Val, args: list[Val], result: Val) -> Val:
    """Value of a call with what its name tells, whatever is known of what it calls."""
    result = stored.called(evaluator, call, name, receiver, args, result)
    result = module_settings.called(evaluator, name, args, result)
    return listeners.called(evaluator, call, name, receiver, args, result)


def call_function(evaluator: Evaluator, call: Call, name: str, args: list[Val], qualified: object = None) -> Val:
    """Call of a function by name: PHP tries the namespace's own function first."""
    program = evaluator.state.program
    for candidate in (qualified, name):
        if not isinstance(candidate, str):
            continue
        lower = candidate.lower().lstrip("\\")
        signatures = evaluator.state.matcher.function(lower)
        secret = evaluator.state.origins.functions.get(lower)
        stand_ins.act(evaluator, call, candidate, args)
        if lower in statements.FUNCTIONS:
            statements.observe(evaluator, call, candidate, args)
        if signatures:
            args = objects.as_text(evaluator, lower, args)
            result = described.send(evaluator, call, signatures, args, None, "", candidate)
            result = _answered(evaluator, call, lower, args, result)
            keeping.opened(evaluator, lower, args, result)
            if lower in default_context.GIVING:
                evaluator.default_context |= result.sites | (args[0].sites if args else frozenset())
            known = secret and evaluator.read_secret(secret, call.line, callee_text(call))
            return join_all(
                [result, known or NOTHING, builtins.side_effects(evaluator, call, lower, args)],
                evaluator.state.overflow,
            )
        numbers = program.by_name.get(lower)
        if numbers:
            results = [apply_summary(evaluator, call, number, args, None) for number in numbers[:_MAX_CANDIDATES]]
            apply_sinks(evaluator, call, numbers[_MAX_CANDIDATES:], args, None)
            result = join_all(results, evaluator.state.overflow)
            if resolution.is_of_request(evaluator.state, lower):  # a copy for servers that lack it
                kept = Val(labels=evaluator.state.lasting(all_labels(result)))
                return evaluator.join(builtins.call(evaluator, call, lower, args), kept)
            return result if secret is None else returned.value(evaluator, secret, call, args)
        if secret is not None:
            return returned.value(evaluator, secret, call, args)
    bare = name.lower().lstrip("\\").rpartition("\\")[2]
    return builtins.call(evaluator, call, bare, objects.as_text(evaluator, bare, args))


def _answered(evaluator: Evaluator, call: Call, name: str, args: list[Val], result: Val) -> Val:
    """Result of a call that may leave the server, with what is known of its answer: computed text, files, names."""
    if name in shipped.READS:
        result = shipped.read(evaluator, name, args, result)
    made = folded(evaluator, name, args) if name in _COMPUTED else None
    if made:
        result = result.replaced(texts=made)
    if name in dns.FUNCTIONS:
        result = dns.answered(evaluator, name, args, result)
    if name in documents.MAKING:
        result = documents.loaded(evaluator, call, args, shipped.parsed(evaluator, name, args, result))
        stylesheets.loaded(evaluator, name, args, result)
    return result


def _method(evaluator: Evaluator, call: Call) -> Val:
    receiver = evaluator.value(call.receiver) if not isinstance(call.receiver, str) else NOTHING
    names = _names(evaluator, call, receiver)
    call, args = written_out(evaluator, call)
    if not names:
        evaluator.note("dynamic-call", call.line, callee_text(call))
        assumed.apply(evaluator, call, callee_text(call), args)
        given.leave_method(evaluator, receiver, _name_of(evaluator, call), args)
        magic.by_value(evaluator, call, receiver, _name_of(evaluator, call), args)
        return passed_through(evaluator, call, receiver, args)
    _local_methods(evaluator, call, receiver, names, args)
    if args:
        statements.observe_methods(evaluator, call, names, args)
    results = [
        fetches.of_method(evaluator, call, receiver, name.lower())
        if receiver.items and name.lower() in rows.METHODS
        else call_method(evaluator, call, receiver, name, args)
        for name in names
    ]
    attached.called(evaluator, call, names[0], receiver, args)
    result = services.called(evaluator, names[0], receiver, args, join_all(results, evaluator.state.overflow))
    return _known_by_name(evaluator, call, names[0], receiver, args, result)


def _local_methods(evaluator: Evaluator, call: Call, receiver: Val, names: Sequence[str], args: list[Val]) -> None:
    """Methods that print, store or run what they are given: by class, or by a name that says it all."""
    state = evaluator.state
    for name in names:
        if name.lower() in sensitive.METHODS:
            sensitive.observe_method(evaluator, call, name, args)
        for sink in state.local_methods.get(name.lower(), ()):
            cls = sink.callable.partition("::")[0]
            known = any(cls in state.program.ancestors(own) for own in receiver.types)
            if known or (sink.by_name and not receiver.types):
                reaches.apply_local_sink(evaluator, call, sink, args, receiver)
                keeping.written(evaluator, sink, args, receiver)


def _name_of(evaluator: Evaluator, call: Call) -> Val:
    return NOTHING if isinstance(call.name, str) else evaluator.value(call.name)


def _names(evaluator: Evaluator, call: Call, receiver: Val = NOTHING) -> list[str]:
    if isinstance(call.name, str):
        return [call.name]
    value = evaluator.value(call.name)
    reaches.reach(evaluator, call, "callee", callee_text(call), Val(labels=value.labels))
    return evaluator.known_texts(value) or hydrating.methods(evaluator, receiver, value)


def call_method(evaluator: Evaluator, call: Call, receiver: Val, name: str, args: list[Val]) -> Val:
    """Call of a method on an object, by the classes it may have; else by the method's name."""
    state = evaluator.state
    lower = name.lower()
    if lower in _OF_CLOSURES and callables.is_closure(evaluator, receiver, args):
        return _method_of_closure(evaluator, call, receiver, lower, args)
    found, called = list[Val](), set[int]()
    for cls in sorted(receiver.types):
        own = list(_of_class(evaluator, call, cls, name, args, receiver, called))
        found.extend(own or ([] if found else _caught(evaluator, call, cls, name, args, receiver)))
    if not found:
        found.append(_by_name(evaluator, call, receiver, name, args))
    secret = returned.of_method(evaluator, receiver.types, lower)
    if secret is not None:
        found.append(evaluator.read_secret(secret, call.line, callee_text(call)))
    entry = listing.called(lower, receiver)
    if entry is not NOTHING:
        found.append(entry)
    if lower == tracing.METHOD and not args:
        found.append(tracing.frames(evaluator, call))
    if lower in throwables.METHODS and not args:
        found.append(throwables.called(evaluator, lower, receiver))
    result = join_all(found, state.overflow)
    if lower in stylesheets.METHODS and receiver.sites:
        stylesheets.called(evaluator, call, lower, receiver, args)
    return documents.called(evaluator, call, lower, receiver, args, result) if receiver.sites else result


def _of_class(
    evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val, called: set[int]
) -> Iterator[Val]:
    """Values of a method of one class: PHP's own, one that signatures describe, or one of the program not `called`."""
    state, lower = evaluator.state, name.lower()
    yield from callbacks.method_callbacks(evaluator, call, cls, lower, args)
    if reflection.reflects(cls, lower):
        yield reflected.called(evaluator, call, cls, receiver, lower, args, create=creation.create, run=call_value)
        return
    if cls == fibers.CLASS and lower in fibers.RUNNING:
        yield fibers.resumed(evaluator, lower, args)
        yield call_value(evaluator, call, fibers.callee(receiver), args if lower == "start" else [])
        return
    if cls == generators.CLASS:
        yield generators.called(evaluator, lower, receiver, args)
        return
    yield from keeping.of_class(evaluator, cls, lower, args, receiver)
    ancestors = state.program.ancestors(cls)
    signatures = resolution.sure(state, cls, ancestors, state.matcher.method(cls, lower, ancestors))
    if signatures:
        yield described.send(evaluator, call, signatures, args, receiver, cls, name)
        if signatures[0].certainty is not Certainty.ALWAYS:  # an object gives back what was put into it
            yield Val(labels=state.telling(receiver.labels))
        return
    numbers = resolution.implementations(state, cls, lower)
    for number in resolution.not_yet(called, numbers[:_MAX_OVERRIDES]):
        yield apply_summary(evaluator, call, number, args, receiver)
    apply_sinks(evaluator, call, numbers[_MAX_OVERRIDES:], args, receiver)
    if not numbers:
        if containers.CLASSES.intersection(ancestors):
            held = containers.called(evaluator, call, lower, receiver, args)
            yield from (held,) if held is not NOTHING else ()
        yield from filling.called(evaluator, call, cls, lower, receiver, args)
        yield from magic.sent(evaluator, call, cls, name, args, receiver)


def _caught(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """`__call` of a class for a method that it does not have."""
    method = evaluator.state.program.find_method(cls, "__call")
    if method is not None:
        yield magic.catch(evaluator, call, method, text_value(name), args, receiver)


def _method_of_closure(evaluator: Evaluator, call: Call, closure: Val, method: str, args: list[Val]) -> Val:
    callee = closure if method == "__invoke" else callables.bound(evaluator, closure, args[: 1 + (method == "bindto")])
    return callee if method == "bindto" else call_value(evaluator, call, callee, args[method == "call" :])


def _by_name(evaluator: Evaluator, call: Call, receiver: Val, name: str, args: list[Val]) -> Val:
    """The receiver's class is not known: signatures with a telling method name, then methods of that name."""
    state = evaluator.state
    lower = name.lower()
    signatures = tuple(s for s in state.matcher.methods(lower) if state.matcher.distinctive(s))
    if not signatures and receiver.sites:
        libraries = evaluator.libraries_of(receiver)
        signatures = tuple(s for s in state.matcher.methods(lower) if s.lib in libraries)
    if signatures and not resolution.has_namesake(state, receiver.types, lower):
        made = sinks.apply(evaluator, call, signatures[:1], args, receiver, api=callee_text(call), certain=False)
        if signatures[0].certainty is Certainty.ALWAYS:
            return made
        return evaluator.join(made, Val(labels=state.telling(receiver.labels)))
    numbers = state.program.by_method.get(lower, [])
    if 0 < len(numbers) <= _MAX_CANDIDATES and not receiver.types:
        if len(numbers) > 1:
            state.mixing.crossroads.add((evaluator.path, call.line))
        answers = [apply_summary(evaluator, call, number, args, receiver, certain=False) for number in numbers]
        results = [
            resolution.guessed(state, number, args, value) for number, value in zip(numbers, answers, strict=True)
        ]
        assumed.apply(evaluator, call, callee_text(call), args, receiver)
        results.append(Val(labels=state.telling(receiver.labels)))  # it may be another method of that name
        return join_all([*results, queried(evaluator, args)], state.overflow)
    assumed.apply(evaluator, call, callee_text(call), args, receiver)
    result = passed_through(evaluator, call, receiver, args)
    if receiver.types:
        return result
    apply_sinks(evaluator, call, numbers, args, receiver)
    containers.put(evaluator, lower, receiver, args)
    if not args and len(numbers) > _MAX_CANDIDATES and given.is_passed(evaluator, receiver):
        result = evaluator.join(result, given.getter(evaluator, lower, receiver))
    few = len(numbers) <= _MAX_PERHAPS and lower not in state.catalogue.generic_methods
    return evaluator.join(result, Val(labels=credentials_of(evaluator, call, numbers, args))) if few else result


def _static(evaluator: Evaluator, call: Call) -> Val:
    classes = evaluator.class_names(call.receiver) if call.receiver is not None else []
    names = _names(evaluator, call)
    call, args = written_out(evaluator, call)
    if not classes or not names:
        if call.receiver is not None and not isinstance(call.receiver, str):
            code.callee(evaluator, call, evaluator.value(call.receiver), args)
        evaluator.note("dynamic-call", call.line, callee_text(call))
        magic.by_value(evaluator, call, Val(frozenset(classes)), _name_of(evaluator, call), args)
        return _unknown_static(evaluator, call, args)
    found = [call_static(evaluator, call, cls, name, args) for cls in classes for name in names]
    return _known_by_name(evaluator, call, names[0], NOTHING, args, join_all(found, evaluator.state.overflow))


def call_static(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val]) -> Val:
    """Call of a static method, or of a parent's method on this object."""
    state = evaluator.state
    lower = name.lower()
    ancestors = state.program.ancestors(cls)
    relative = call.receiver in ("self", "static", "parent")
    receiver = evaluator.env.get("this", Val(types=frozenset([cls]))) if relative else Val(types=frozenset([cls]))
    signatures = resolution.sure(state, cls, ancestors, state.matcher.static(cls, lower, ancestors))
    if not signatures and call.receiver == "parent":
        signatures = (
            state.matcher.new(cls, ancestors) if lower == "__construct" else state.matcher.method(cls, lower, ancestors)
        )
    if signatures:
        return described.send(evaluator, call, signatures, args, receiver, cls, name)
    secret = returned.of_method(evaluator, frozenset([cls]), lower)
    late = call.receiver == "static" or (call.receiver == "self" and state.program.is_trait(cls))
    numbers = resolution.implementations(state, cls, lower)[:_MAX_OVERRIDES] if late else []
    numbers = list(dict.fromkeys([*resolution.declared(state, cls, lower), *numbers]))
    if numbers:
        results = [apply_summary(evaluator, call, number, args, receiver) for number in numbers]
        return join_all(results, state.overflow) if secret is None else returned.value(evaluator, secret, call, args)
    if secret is not None:
        return returned.value(evaluator, secret, call, args)
    if cls == fibers.CLASS and lower == "suspend":
        return fibers.suspended(evaluator, args)
    if cls == "closure" and args and lower in ("fromcallable", "bind"):
        return callables.bound(evaluator, args[0], args[1:])
    if lower in enums.METHODS and cls in state.program.classes and enums.is_enum(state, [cls]):
        return enums.called(evaluator, cls, lower, args)
    any_method = state.program.find_method(cls, "__callstatic")
    if any_method is not None:
        return magic.catch(evaluator, call, any_method, text_value(name), args, receiver)
    throwables.constructed(evaluator, call, ancestors, lower, args)
    copied = filling.of_class(evaluator, call, cls, lower, args) or containers.copied(evaluator, call, cls, lower, args)
    return _unknown_static(evaluator, call, args) if copied is NOTHING else copied


def _unknown_static(evaluator: Evaluator, call: Call, args: list[Val]) -> Val:
    assumed.apply(evaluator, call, callee_text(call), args)
    return passed_through(evaluator, call, NOTHING, args)


def _dynamic(evaluator: Evaluator, call: Call) -> Val:
    callee = evaluator.value(call.receiver) if not isinstance(call.receiver, str) else NOTHING
    call, args = written_out(evaluator, call)
    return call_value(evaluator, call, callee, args, literal=isinstance(call.receiver, Const))


def call_value(evaluator: Evaluator, call: Call, callee: Val, args: list[Val], *, literal: bool = False) -> Val:
    """Call of a callable: closure, name, `C::m`, [object, name], `__invoke`. `literal`: its name stands in the code."""
    reaches.reach(evaluator, call, "callee", callee_text(call), Val(labels=callee.labels))
    code.callee(evaluator, call, callee, args)
    before, evaluator.crossing = evaluator.crossing, evaluator.crossing or callables.targets(callee) > _MOST_TOLD
    found = [_call_reference(evaluator, call, ref, callee.items or {}, args) for ref in sorted(callee.refs)]
    found += [Val(labels=evaluator.state.lasting(callee.labels))] * bool(found and callee.labels)  # what it captured
    names = evaluator.known_names(callee)
    if call.kind is not CallKind.DYNAMIC and any(text and text not in names for text in evaluator.known_texts(callee)):
        found.append(passed_through(evaluator, call, callee, args))  # `curl_setopt($ch, $option, true)`: no callback
    for text in names:
        cls, separator, method = text.partition("::")
        if separator:
            key = evaluator.state.program.find_class(cls.lstrip("\\"))
            found.append(call_static(evaluator, call, key, method, args))
        elif text:
            found.append(_call_by_text(evaluator, call, text, args, literal=literal))
    if callee.items and {"0", "1"} <= callee.items.keys():
        found.extend(_call_pair(evaluator, call, callee.items["0"], callee.items["1"], args))
    for cls in sorted(callee.types):
        invoked = resolution.implementations(evaluator.state, cls, "__invoke")[:_MAX_OVERRIDES]
        found.extend(apply_summary(evaluator, call, invoke, args, callee) for invoke in invoked)
    evaluator.crossing = before
    if not found:
        found.extend(callables.invoked(evaluator, call, callee, args))
    if not found:
        given.leave_to_caller(evaluator, callee, args)
        assumed.apply(evaluator, call, callee_text(call), args)
        evaluator.note(
            "dynamic-call", call.line, callee_text(call) if call.kind == CallKind.DYNAMIC else describe(call)
        )
        return evaluator.join(passed_through(evaluator, call, callee, args), given.left(evaluator, callee))
    if len(found) >= _MANY_TARGETS:
        evaluator.state.mixing.crossroads.add((evaluator.path, call.line))
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
        if method.lower().startswith(_PARENT):
            found.extend(callables.of_parent(evaluator, call, target, method[len(_PARENT) :], args))
        elif target.types:
            found.append(call_method(evaluator, call, target, method, args))
        for cls in evaluator.known_texts(target):
            key = evaluator.state.program.find_class(cls.lstrip("\\"))
            found.append(call_static(evaluator, call, key, method, args))
        if not found:
            found.append(_by_name(evaluator, call, target, method, args))
    return found or magic.by_value(evaluator, call, target, name, args)


def _call_reference(
    evaluator: Evaluator, call: Call, ref: FunctionRef, items: Mapping[str, Val], args: list[Val]
) -> Val:
    fact = evaluator.state.program.functions[ref.function]
    args = in_order(evaluator, call, ref.function, args) if fact.name == "{closure}" else args
    classes = sorted(items[callables.BOUND].types) if callables.BOUND in items else []
    cls = classes[0] if len(classes) == 1 else ""
    carried = {key.removeprefix(CARRIED): value for key, value in items.items() if key.startswith(CARRIED)}
    if fact.name == "{closure}" and ref.function in evaluator.closures:
        scope = {**evaluator.env, "this": items[callables.BOUND]} if callables.BOUND in items else None
        if any(holds_closure(value, ref.function) for value in carried.values()):  # `$f = fn($x) => $g($f($x))`
            scope = {**(scope or evaluator.env), **carried}
        return evaluate_closure(evaluator, ref.function, args, scope, cls, call)
    if fact.name == "{closure}" and carried and evaluator.inlined < MAX_INLINE_CLOSURES:
        evaluator.inlined += 1
        return evaluate_closure(evaluator, ref.function, args, carried, cls, call)
    bound = Val(types=frozenset([ref.bound])) if ref.bound else None
    return apply_summary(evaluator, call, ref.function, args, bound)


def _construct(evaluator: Evaluator, call: Call) -> Val:  # noqa: C901  one case per construct
    name = str(call.name)
    if name == "caught":
        return reported.caught(evaluator, call)
    args = arguments(evaluator, call)
    if name in INCLUDES:
        return dispatching.include(evaluator, call, name, args)
    signatures = evaluator.state.matcher.construct(name)
    if name == "backtick":
        signatures = signatures or evaluator.state.matcher.function("shell_exec")
    if signatures:
        sinks.apply(evaluator, call, signatures, args, None, api=name, certain=True)
    sink = evaluator.state.catalogue.local_sinks.get(name)
    if name in ("echo", "print", "exit"):
        args = [evaluator.stringified(arg) for arg in args]
    if sink is not None:
        reaches.apply_local_sink(evaluator, call, sink, args, None)
    if name in ("echo", "print", "exit"):
        output.printed(evaluator, args, name)
        return NOTHING
    if name == "eval":
        return code.run(evaluator, call, name, args[0] if args else NOTHING, call.args[0].value if call.args else None)
    if name == "throw":
        evaluator.thrown = join_all([evaluator.thrown, *args], evaluator.state.overflow)
        reported.report(evaluator, reported.EXCEPTION, args)
        return NOTHING
    if name == "clone" and args:
        creation.cloned(evaluator, call, args[0])
    return args[0] if args else NOTHING


_KINDS = {
    CallKind.FUNCTION: _function,
    CallKind.METHOD: _method,
    CallKind.STATIC: _static,
    CallKind.NEW: creation.evaluate,
    CallKind.CONSTRUCT: _construct,
    CallKind.DYNAMIC: _dynamic,
}
