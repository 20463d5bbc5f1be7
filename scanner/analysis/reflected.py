"""Values that are read through PHP's Reflection classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scanner.analysis import annotated, objects, reflection, visibility
from scanner.analysis.binding import default_value
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import CARRIED, Evaluator
from scanner.analysis.values import NOTHING, Val, join_all, text_value
from scanner.model.facts import Call, ClassConst, StaticVar, Unknown, decode_body, nodes

Create = Callable[[Evaluator, Call, str, list[Val]], Val]
"""Makes an object (see `creation.create`)."""
Run = Callable[[Evaluator, Call, Val, list[Val]], Val]
"""Calls a callable value (see `calls.call_value`)."""


_MAX_CLASSES = 8
_MAX_METHODS = 24
_MAX_PARAMETERS = 16


def called(
    evaluator: Evaluator, call: Call, cls: str, receiver: Val, method: str, args: list[Val], *, create: Create, run: Run
) -> Val:
    """What is called through PHP's Reflection classes, or made with them."""
    target = reflection.target(receiver)
    given = reflection.arguments(cls, method, args)
    if method in reflection.ANNOTATIONS or cls == reflection.ATTRIBUTE:
        return annotated.called(evaluator, call, cls, method, target)
    if method in reflection.PARTS or method == "getcase":
        return reflection.part(method, target, args)
    if method in _OF_TARGET:
        return _OF_TARGET[method](evaluator, target)
    if method in reflection.TABLES:
        return _table(evaluator, method, target)
    if cls == reflection.PARAMETER or method == "getparameters":
        return _of_parameters(evaluator, method, target)
    if cls == reflection.CONSTANT:
        owner, names = ((target.items or {}).get(key, NOTHING) for key in ("0", "1"))
        found = _constants(evaluator, owner, names)
        return found.replaced(types=frozenset()) if method == "getbackingvalue" else found
    if cls == reflection.PROPERTY or method in reflection.STATIC:
        return value(evaluator, call, method, target, args)
    if method in reflection.CREATING:
        keys = [evaluator.state.program.find_class(name.lstrip("\\")) for name in evaluator.known_texts(target)]
        return join_all([create(evaluator, call, key, given) for key in keys], evaluator.state.overflow)
    if method == "getclosure":
        return target
    return run(evaluator, call, target, given)


def value(evaluator: Evaluator, call: Call, method: str, target: Val, args: Sequence[Val]) -> Val:
    """`$property->getValue($object)`, `$class->getStaticPropertyValue('p')`, `$class->getConstant('C')`."""
    node = Unknown(describe(call))
    if method == "setvalue":
        _set(evaluator, target, args[:-1], args[-1] if args else NOTHING)
        return NOTHING
    if method == "setstaticpropertyvalue" and args:
        _set(evaluator, Val(items={"0": target, "1": args[0]}), (), args[-1])
        return NOTHING
    if method == "getvalue":
        names = (target.items or {}).get("1", NOTHING)
        if evaluator.known_texts(names) or not args:
            return evaluator.named_property(target, args[:1], node)
        return Val(evaluator.unknown(node).texts, objects.exposed(evaluator, args[0]))
    if method == "getdefaultvalue":
        owner, names = ((target.items or {}).get(key, NOTHING) for key in ("0", "1"))
        known = evaluator.known_texts(names)
        found = [evaluator.default_of(cls, name) for cls in annotated.classes(evaluator, owner) for name in known]
        return join_all([*found, evaluator.unknown(node)], evaluator.state.overflow)
    if method == "getconstant":
        return _constants(evaluator, target, args[0] if args else NOTHING)
    named = Val(items={"0": target, "1": args[0] if args else NOTHING})
    return evaluator.named_property(named, (), node)


def _constants(evaluator: Evaluator, target: Val, names: Val) -> Val:
    """Constants of a class, or cases of an enum, by name."""
    known = evaluator.known_texts(names)
    found = [
        evaluator.class_constant(ClassConst(cls, name))
        for cls in annotated.classes(evaluator, target)
        for name in known
    ]
    return join_all(found, evaluator.state.overflow)


def _table(evaluator: Evaluator, method: str, target: Val) -> Val:
    """All constants or properties of a class, by name; of cases and constants as objects a list."""
    program = evaluator.state.program
    found: dict[str, Val] = {}
    for cls in annotated.classes(evaluator, target)[:_MAX_CLASSES]:
        if method == "getdefaultproperties":
            found |= {name: evaluator.default_of(cls, name) for name in visibility.declared(program, cls)}
            continue
        for name in program.constant_names(cls):
            named = text_value(name)
            made = method != "getconstants"
            pair = [text_value(cls), named]
            found[name] = reflection.instance(reflection.CONSTANT, pair) if made else _constants(evaluator, *pair)
    return Val(items=found)


def _methods(evaluator: Evaluator, target: Val) -> Val:
    """All methods of a class, as objects."""
    program = evaluator.state.program
    found = {name for cls in annotated.classes(evaluator, target)[:_MAX_CLASSES] for name in program.own_methods(cls)}
    made = (
        reflection.instance("reflectionmethod", [target, text_value(name)]) for name in sorted(found)[:_MAX_METHODS]
    )
    return Val(items={str(number): one for number, one in enumerate(made)})


def _of_parameters(evaluator: Evaluator, method: str, target: Val) -> Val:
    """Parameters of a function or method, or the value that one has where it is not passed."""
    program = evaluator.state.program
    if method == "getparameters":
        most = max((len(program.functions[number].params) for number in _functions(evaluator, target)), default=0)
        parts = [[target, text_value(str(number))] for number in range(min(most, _MAX_PARAMETERS))]
        made = (reflection.instance(reflection.PARAMETER, pair) for pair in parts)
        return Val(items={str(number): one for number, one in enumerate(made)})
    owner, which = ((target.items or {}).get(key, NOTHING) for key in ("0", "1"))
    found: list[Val] = []
    for number in _functions(evaluator, owner):
        names = [param.name for param in program.functions[number].params]
        for text in evaluator.known_texts(which):
            index = names.index(text) if text in names else int(text[:3]) if text.isdecimal() else len(names)
            if index < len(names):
                found.append(default_value(evaluator.state, number, index))
    return join_all(found, evaluator.state.overflow)


def _static_variables(evaluator: Evaluator, target: Val) -> Val:
    """Static locals of a function with what they hold, and what a closure has captured."""
    program, state = evaluator.state.program, evaluator.state
    found = {key.removeprefix(CARRIED): value for key, value in (target.items or {}).items() if key.startswith(CARRIED)}
    for number in _functions(evaluator, target):
        fact = program.functions[program.with_body(number)]
        for node in nodes(decode_body(fact.body)):
            if isinstance(node, StaticVar):
                kept = state.read_store(("\2static", f"{program.path(number)}:{fact.start}:{node.name}"))
                first = state.interpreter.evaluator(number).value(node.value)
                found[node.name] = evaluator.join(kept, first)
    return Val(items=found)


def _functions(evaluator: Evaluator, target: Val) -> list[int]:
    """Functions of the program that a callable means: a name, `C::m`, `[$object, 'm']`, a closure."""
    program = evaluator.state.program
    found = [ref.function for ref in sorted(target.refs)]
    pairs = []
    for text in evaluator.known_texts(target):
        cls, separator, method = text.partition("::")
        if separator:
            pairs.append((program.find_class(cls.lstrip("\\")), method))
        else:
            found += program.by_name.get(text.lower().lstrip("\\"), [])[:1]
    parts = target.items or {}
    if {"0", "1"} <= parts.keys():
        classes, methods = annotated.classes(evaluator, parts["0"]), evaluator.known_texts(parts["1"])
        pairs += [(cls, method) for cls in classes for method in methods]
    methods_found = (program.find_method(cls, method.lower()) for cls, method in pairs)
    return [*found, *(number for number in methods_found if number is not None)]


def _set(evaluator: Evaluator, target: Val, objects_given: Sequence[Val], given: Val) -> None:
    """`$property->setValue($object, $value)`; without an object a static one."""
    owner, names = ((target.items or {}).get(key, NOTHING) for key in ("0", "1"))
    classes = {evaluator.state.program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(owner)}
    for name in evaluator.known_texts(names):
        for value_of in objects_given:
            for site in sorted(value_of.sites):
                evaluator.set_site(site, "." + name, given)
        for cls in sorted(classes | owner.types):
            key = evaluator.property_owner(cls, name)
            evaluator.write_shared("store", (key, name), given)
            evaluator.write_shared("store", (key, "::" + name), given)


_OF_TARGET: Mapping[str, Callable[[Evaluator, Val], Val]] = {
    "getstaticvariables": _static_variables,
    "getmethods": _methods,
}
"""Methods that tell something of the object's target alone."""
