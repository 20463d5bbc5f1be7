"""Values that are read through PHP's Reflection classes."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis import objects
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.model.facts import Call, ClassConst, Unknown


def value(evaluator: Evaluator, call: Call, method: str, target: Val, args: Sequence[Val]) -> Val:
    """`$property->getValue($object)`, `$class->getStaticPropertyValue('p')`, `$class->getConstant('C')`."""
    node = Unknown(describe(call))
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
