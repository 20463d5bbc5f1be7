"""New objects: which class is meant, where the object is made, and what its constructor does."""

from __future__ import annotations

from scanner.analysis import (
    assumed,
    callbacks,
    code,
    containers,
    described,
    documents,
    fibers,
    filling,
    keeping,
    listing,
    quoting,
    reaches,
    reflection,
    resolution,
    shipped,
    sinks,
    throwables,
)
from scanner.analysis.application import apply_summary
from scanner.analysis.binding import written_out
from scanner.analysis.class_lookup import MAX_LATE_BOUND
from scanner.analysis.describe import callee_text
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.passing import passed_through
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call
from scanner.model.signature import Signature

_OF_PHP = {fibers.CLASS: fibers.instance, filling.CLASS: filling.instance}
"""Classes of PHP itself whose objects are nothing but what they are given."""
_MAX_BELOW = 3
"""Subclasses up to which `new static` may be any of them."""


def evaluate(evaluator: Evaluator, call: Call) -> Val:
    """Value of `new`, with its effects."""
    classes = evaluator.class_names(call.name)
    if isinstance(call.name, str) and call.name.startswith("class@anonymous"):
        classes = [f"{evaluator.path}#{call.name}"]
    if call.name in ("self", "static"):
        classes = _relative(evaluator, call.name, classes)
    call, args = written_out(evaluator, call)
    named = NOTHING
    if not isinstance(call.name, str):
        named = evaluator.value(call.name)
        reaches.reach(evaluator, call, "callee", callee_text(call), Val(labels=named.labels))
    if not classes:
        if not isinstance(call.name, str):
            code.callee(evaluator, call, named, args)
            quoting.name(evaluator, named)
        evaluator.note("dynamic-call", call.line, callee_text(call))
        assumed.apply(evaluator, call, callee_text(call), args)
        return passed_through(evaluator, call, NOTHING, args)
    by_text = {evaluator.state.program.find_class(text.lstrip("\\")) for text in evaluator.known_names(named)}
    before, found = evaluator.computed, list[Val]()
    for cls in classes:  # `new $object`: the class of an object is no name that was put together
        evaluator.computed = before or cls in by_text
        found.append(create(evaluator, call, cls, args))
    evaluator.computed = before
    return join_all(found, evaluator.state.overflow)


def _relative(evaluator: Evaluator, name: str, classes: list[str]) -> list[str]:
    """Classes of `new static`, of few subclasses any, and of `new self`, in a trait any class that uses it."""
    program = evaluator.state.program
    if program.is_trait(evaluator.cls):
        return [*classes, *(key for cls in classes for key in program.descendants(cls, MAX_LATE_BOUND))]
    below = [key for cls in classes for key in program.descendants(cls)] if name == "static" else []
    return [*classes, *below] if len(below) <= _MAX_BELOW else classes


def create(evaluator: Evaluator, call: Call, cls: str, args: list[Val]) -> Val:
    """A new object: its class, its allocation site, and what its constructor does."""
    state = evaluator.state
    ancestors = state.program.ancestors(cls)
    site = state.site(evaluator.number, call.start)
    state.made.note(site, cls)
    instance = Val(types=frozenset([cls]), sites=frozenset([site]))
    instance = documents.made(evaluator, ancestors, instance, args)
    if cls in listing.CLASSES:
        instance = listing.made(evaluator, instance, args)
    callbacks.method_callbacks(evaluator, call, cls, "__construct", args)
    quoting.of_new(evaluator, cls, args)
    if cls in _OF_PHP:
        return _OF_PHP[cls](args)
    if cls in reflection.CLASSES:
        for part in args[:2]:
            code.callee(evaluator, call, part, args)
        return reflection.instance(cls, args)
    signatures = resolution.sure(state, cls, ancestors, state.matcher.new(cls, ancestors))
    constructor = state.program.find_method(cls, "__construct")
    if signatures and constructor is not None and resolution.refines(state, constructor, signatures[0]):
        state.site_libraries[site].add(signatures[0].lib)
        signatures = ()
    if signatures:
        return _described(evaluator, call, cls, signatures, args, instance)
    if state.program.find_method(cls, "__destruct") is not None:
        evaluator.ending.append(instance)
    throwables.made(evaluator, (cls, *ancestors), args)
    if constructor is not None:
        state.collections.update([site] if containers.CLASSES.intersection(ancestors) else ())
        _run(evaluator, call, constructor, args, instance)
        return throwables.carried(evaluator, instance)
    return _unknown(evaluator, call, cls, args, instance)


def _described(
    evaluator: Evaluator, call: Call, cls: str, signatures: tuple[Signature, ...], args: list[Val], instance: Val
) -> Val:
    """An object of a class whose constructor signatures describe; REDCap's own has one of its own as well."""
    constructor = evaluator.state.program.find_method(cls, "__construct")
    if constructor is not None:  # a bundled library, or a class of the program under such a name
        described.run(evaluator, call, signatures[0], (constructor,), args, instance)
        if signatures[0].lib == "redcap":
            _run(evaluator, call, constructor, args, instance)
    api = f"new {resolution.written(evaluator.state, cls)}"
    made = sinks.apply(evaluator, call, signatures, args, instance, api=api, certain=True)
    if cls == "simplexmlelement" and args:
        instance = evaluator.join(instance, shipped.document(evaluator, args[0]))
    kept = keeping.of_opened(evaluator, signatures[0], args, made)
    return instance.replaced(labels=kept) if kept else instance


def _run(evaluator: Evaluator, call: Call, constructor: int, args: list[Val], instance: Val) -> None:
    """A constructor, and those in further declarations of its class."""
    for number in (constructor, *evaluator.state.program.declared_again(constructor)):
        apply_summary(evaluator, call, number, args, instance)


def cloned(evaluator: Evaluator, call: Call, original: Val) -> None:
    """`clone $object` runs `__clone` on the copy, which is known by the place of the original: both hold either."""
    found = (evaluator.state.program.find_method(cls, "__clone") for cls in sorted(original.types))
    numbers = [number for number in found if number is not None]
    before = {site: dict(evaluator.sites.get(site, {})) for site in sorted(original.sites) if numbers}
    for number in numbers:
        evaluator.run_method(number, [], call.args[0].value, original)
    for site, roles in before.items():
        for role, value in roles.items():
            now = evaluator.sites.get(site, {}).get(role, NOTHING)
            evaluator.set_site(site, role, evaluator.join(value, now))


def _unknown(evaluator: Evaluator, call: Call, cls: str, args: list[Val], instance: Val) -> Val:
    """An object of a class without a constructor that anybody knows: it holds what it is given."""
    state = evaluator.state
    labels = join_all((Val(labels=all_labels(arg)) for arg in args), state.overflow).labels
    instance = instance.replaced(labels=labels)
    if containers.CLASSES.intersection(state.program.ancestors(cls)):
        return containers.made(evaluator, instance, args)
    if cls not in state.program.classes:
        assumed.apply(evaluator, call, f"new {resolution.written(state, cls)}", args)
        assumed.told(evaluator, call, instance, args)
    return instance
