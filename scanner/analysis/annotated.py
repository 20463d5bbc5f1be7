"""Doc comments and attributes as values: what `getDocComment` and `getAttributes` of PHP's Reflection classes give.

Source: PHP manual, "Attributes" (`ReflectionAttribute::getArguments`, `newInstance`), `ReflectionClass::getDocComment`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.analysis import reflection
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import Val, join_all, text_value
from scanner.model.facts import Annotation, Call, Unknown

_NUMBER = "\0"
"""Between the owner of an attribute and its number, in what the attribute's object stands for: in no path or name."""
_MAX_CLASSES = 8


def called(evaluator: Evaluator, call: Call, cls: str, method: str, target: Val) -> Val:
    """Value of a method that tells what a declaration says of itself, or of the object that stands for an attribute."""
    if cls == reflection.ATTRIBUTE:
        found = [_of_attribute(evaluator, call, method, text) for text in evaluator.known_texts(target)]
        return join_all([*found, evaluator.unknown(Unknown(describe(call)))], evaluator.state.overflow)
    annotations = list(_annotations(evaluator, _owners(evaluator, cls, target)))
    if method == "getdoccomment":
        comments = [text_value(annotation.comment) for _key, _file, annotation in annotations if annotation.comment]
        return join_all(comments or [evaluator.unknown(Unknown(describe(call)))], evaluator.state.overflow)
    handles = [
        text_value(_NUMBER.join((str(file), str(number), key, annotation.owner)))
        for key, file, annotation in annotations
        for number in range(len(annotation.attributes))
    ]
    made = (reflection.instance(reflection.ATTRIBUTE, [handle]) for handle in handles)
    return Val(items={str(place): one for place, one in enumerate(made)})


def _owners(evaluator: Evaluator, cls: str, target: Val) -> list[tuple[str, str]]:
    """Classes, and members of them, that a Reflection object stands for; functions have no class."""
    parts = target.items or {}
    if "0" in parts and "1" in parts:
        names = evaluator.known_texts(parts["1"])
        members = [_member(cls, name) for name in names]
        return [(key, member) for key in classes(evaluator, parts["0"])[:_MAX_CLASSES] for member in members]
    if cls in reflection.OF_FUNCTIONS:
        pairs = [text.rpartition("::") for text in evaluator.known_texts(target)]
        return [(evaluator.state.program.find_class(owner) if owner else "", f"{name}()") for owner, _, name in pairs]
    return [(key, "") for key in classes(evaluator, target)[:_MAX_CLASSES]]


def _member(cls: str, name: str) -> str:
    if cls in reflection.OF_FUNCTIONS:
        return f"{name}()"
    return f"${name}" if cls == reflection.PROPERTY else name


def classes(evaluator: Evaluator, target: Val) -> list[str]:
    """Keys of the classes that a name or an object stands for."""
    named = (evaluator.state.program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(target))
    return sorted({*named, *target.types})


def _annotations(evaluator: Evaluator, owners: list[tuple[str, str]]) -> Iterator[tuple[str, int, Annotation]]:
    """Class, file and annotation of declarations; a member may stand in an ancestor of the class."""
    program = evaluator.state.program
    for key, member in owners:
        if not key:
            for number in program.by_name.get(member.removesuffix("()").lower().lstrip("\\"), [])[:1]:
                found = program.annotations(program.file_of[number]).get(f"{program.functions[number].name.lower()}()")
                if found is not None:
                    yield "", program.file_of[number], found
            continue
        for cls in program.ancestors(key) if member else (key,):
            for unit in program.classes.get(cls, ())[:1]:
                name = unit.fact.name.lower()
                found = program.annotations(unit.file).get(f"{name}::{member.lower()}" if member else name)
                if found is not None:
                    yield cls, unit.file, found


def _of_attribute(evaluator: Evaluator, call: Call, method: str, handle: str) -> Val:
    """Name, arguments or object of an attribute."""
    file, number, cls, owner = handle.split(_NUMBER, 3)
    made = evaluator.state.program.annotations(int(file))[owner].attributes[int(number)]
    made = msgspec.structs.replace(made, line=call.line, start=call.start, end=call.end)
    if method == "getname":
        return text_value(str(made.name))
    if method == "newinstance":
        return evaluator.value(made)
    items: dict[str, Val] = {}
    for place, argument in enumerate(made.args):
        value = evaluator.in_class(cls, argument.value) if cls else evaluator.value(argument.value)
        items[argument.name or str(place)] = value
    return Val(items=items)
