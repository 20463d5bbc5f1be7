"""PHP's Reflection classes as far as they call, create or tell something: the callee is a string like any other.

Source: the manual's chapter Reflection (`ReflectionFunction::invoke`, `ReflectionMethod::invoke`,
`ReflectionClass::newInstance` and their `...Args` forms, `getClosure`; constants, defaults of properties and
parameters, cases of enums).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis.values import NOTHING, Val

CREATING = frozenset({"newinstance", "newinstanceargs", "newinstancewithoutconstructor"})
CALLING = frozenset({"invoke", "invokeargs", "getclosure"})
PROPERTY = "reflectionproperty"
PARAMETER = "reflectionparameter"
CONSTANT = "reflectionclassconstant"
METHODS = CREATING | CALLING
_OF_CLASSES = frozenset({"reflectionclass", "reflectionobject", "reflectionenum"})
OF_FUNCTIONS = frozenset({"reflectionfunction", "reflectionmethod"})
_PAIRS = frozenset({PROPERTY, PARAMETER, CONSTANT})
"""Classes whose objects stand for a part of something: of a class, or of a function."""
CLASSES = OF_FUNCTIONS | _OF_CLASSES | _PAIRS
PARTS = frozenset({"getmethod", "getproperty", "getproperties", "getreflectionconstant"})
"""Methods that give another Reflection object."""
ATTRIBUTE = "reflectionattribute"
ANNOTATIONS = frozenset({"getdoccomment", "getattributes"})
"""Methods that tell what a declaration says of itself."""
STATIC = frozenset({"getstaticpropertyvalue", "setstaticpropertyvalue", "getconstant"})
"""Methods that give a value of the class itself."""
TABLES = frozenset({"getconstants", "getdefaultproperties", "getreflectionconstants", "getcases"})
"""Methods that give all constants of a class, all its properties, or all cases of an enum."""
_READ: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_OF_CLASSES, CREATING | PARTS | STATIC | TABLES | ANNOTATIONS | {"getcase", "getmethods"}),
    **dict.fromkeys(OF_FUNCTIONS, CALLING | ANNOTATIONS | {"getparameters", "getstaticvariables"}),
    PROPERTY: ANNOTATIONS | {"getvalue", "setvalue", "getdefaultvalue"},
    PARAMETER: frozenset({"getdefaultvalue"}),
    CONSTANT: ANNOTATIONS | {"getvalue", "getbackingvalue"},
    ATTRIBUTE: frozenset({"getarguments", "getname", "newinstance"}),
}
"""Methods that are followed, by class."""
_MADE = {
    "getmethod": "reflectionmethod", "getproperty": PROPERTY, "getproperties": PROPERTY,
    "getreflectionconstant": CONSTANT, "getcase": CONSTANT,
}  # fmt: skip
_TARGET = "\0target"


def reflects(cls: str, method: str) -> bool:
    """Whether a method of a class runs, creates or tells what the object stands for."""
    return method in _READ.get(cls, ())


def instance(cls: str, args: Sequence[Val]) -> Val:
    """A Reflection object: what it stands for is kept as an element that no PHP code can name."""
    target = args[0] if args else NOTHING
    if cls in _PAIRS or (cls == "reflectionmethod" and len(args) > 1):
        target = Val(items={"0": target, "1": args[1] if len(args) > 1 else NOTHING})
    return Val(types=frozenset([cls]), items={_TARGET: target})


def part(method: str, owner: Val, args: Sequence[Val]) -> Val:
    """`$class->getMethod('m')`, `getProperty('p')`; of all properties one whose name nobody knows."""
    found = instance(_MADE[method], [owner, args[0] if args and method != "getproperties" else NOTHING])
    return Val(rest=found) if method == "getproperties" else found


def target(receiver: Val) -> Val:
    """What a Reflection object stands for: a callable, or the name of a class."""
    return (receiver.items or {}).get(_TARGET, NOTHING)


def arguments(cls: str, method: str, args: Sequence[Val]) -> list[Val]:
    """Arguments that reach the callee: an array's elements for the `...Args` forms.

    A method's first argument is the object that it is called on.
    """
    if method in ("newinstanceargs", "invokeargs"):
        packed = args[-1] if args else NOTHING
        keys = sorted(packed.items or {}, key=lambda key: (len(key), key))
        found = [(packed.items or {})[key] for key in keys]
        return found if packed.rest is None else [*found, packed.rest]
    return list(args[1:] if cls == "reflectionmethod" and method == "invoke" else args)
