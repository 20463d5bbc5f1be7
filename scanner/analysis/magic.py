"""Methods that stand for any: of classes of PHP (`SoapClient`), and of objects that get the name as a value."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.analysis import quoting, resolution, sinks
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.summary import PARAM
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, parts
from scanner.model.facts import Arg, Call, Const, Unknown

_MAX_CLASSES = 8


def sent(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """Signatures of classes that take any method, each of which is a call of the service (`SoapClient`)."""
    state = evaluator.state
    signatures = state.matcher.magic(cls, name.lower(), state.program.ancestors(cls))
    if signatures:
        api = f"{resolution.written(state, cls)}::{name}"
        caught = list(_caught(evaluator, call, cls, name, args, receiver))
        yield from caught or [sinks.apply(evaluator, call, signatures, args, receiver, api=api, certain=True)]
        _send_itself(evaluator, cls, args, receiver)


def _caught(evaluator: Evaluator, call: Call, cls: str, name: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """A subclass that has a `__call` of its own gets the name and the arguments."""
    number = evaluator.state.program.find_method(cls, "__call")
    if number is not None and number != evaluator.number:
        yield catch(evaluator, call, number, Val(frozenset([name])), args, receiver)


def by_value(evaluator: Evaluator, call: Call, target: Val, name: Val, args: list[Val]) -> list[Val]:
    """`$object->$name($x)`, `[$class, $name]($x)` under a name that is not known: `__call`, `__callStatic` get both.

    Where a secret is among them, or what callers pass: the name may be none of the class's own methods.
    """
    state = evaluator.state
    quoting.name(evaluator, name)
    given = (label for value in (name, *args) for label in all_labels(value))
    if not any(label.startswith(PARAM) or state.is_specific(label) for label in given):
        return []
    named = (state.program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(target))
    wanted = [(cls, "__call") for cls in sorted(target.types)] + [(cls, "__callstatic") for cls in named]
    numbers = (state.program.find_method(cls, method) for cls, method in wanted[:_MAX_CLASSES])
    found = (number for number in numbers if number is not None)
    return [catch(evaluator, call, number, name, args, target) for number in found]


def catch(evaluator: Evaluator, call: Call, number: int, name: Val, args: list[Val], receiver: Val | None) -> Val:
    """Value of a call that `__call` or `__callStatic` gets: the name, and an array of the arguments."""
    packed = [name, _packed(evaluator, call, args)]
    return evaluator.state.interpreter.apply(evaluator, replace(call, args=()), number, packed, receiver)


def _packed(evaluator: Evaluator, call: Call, args: list[Val]) -> Val:
    """Arguments as an array: those that are named under their names, what a list of unknown length holds behind."""
    written = call.args if len(call.args) == len(args) else (Arg(Unknown("...")),) * len(args)
    items: dict[str, Val] = {}
    rest: list[Val] = []
    for arg, value in zip(written, args, strict=True):
        if arg.spread:
            rest += parts(value) or [value]
        else:
            items[arg.name or str(len(items))] = value
    return Val(items=items, rest=join_all(rest, evaluator.state.overflow) if rest else None)


def _send_itself(evaluator: Evaluator, cls: str, args: list[Val], receiver: Val) -> None:
    """A subclass that sends the request itself (`__doRequest`) gets what was put into it, and where it goes."""
    number = evaluator.state.program.find_method(cls, "__dorequest")
    if number is None:
        return
    held = evaluator.with_sites({}, receiver.sites)
    put = join_all([*args, *(value for role, value in sorted(held.items()) if role != "location")], "")
    request = Val(evaluator.unknown("$request").texts, all_labels(put))
    evaluator.run_method(number, [request, held.get("location", NOTHING)], Const("__doRequest"), receiver)
