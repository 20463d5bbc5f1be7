"""Values that are read through PHP's Reflection classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.analysis import objects, reflection
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.model.facts import Call, ClassConst, Unknown

Create = Callable[[Evaluator, Call, str, list[Val]], Val]
"""Makes an object (see `creation.create`)."""
Run = Callable[[Evaluator, Call, Val, list[Val]], Val]
"""Calls a callable value (see `calls.call_value`)."""


def called(
    evaluator: Evaluator, call: Call, cls: str, receiver: Val, method: str, args: list[Val], *, create: Create, run: Run
) -> Val:
    """What is called through PHP's Reflection classes, or made with them."""
    target = reflection.target(receiver)
    given = reflection.arguments(cls, method, args)
    if method in reflection.PARTS:
        return reflection.part(method, target, args)
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
    if method == "getconstant":
        classes = sorted({*(evaluator.state.program.find_class(t.lstrip("\\")) for t in evaluator.known_texts(target)),
                          *target.types})  # fmt: skip
        found = [
            evaluator.class_constant(ClassConst(cls, name))
            for cls in classes
            for name in (evaluator.known_texts(args[0]) if args else ())
        ]
        return join_all(found, evaluator.state.overflow)
    named = Val(items={"0": target, "1": args[0] if args else NOTHING})
    return evaluator.named_property(named, (), node)


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
