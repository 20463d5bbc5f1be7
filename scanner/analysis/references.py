"""Variables that are another name for a place: an element, a property, what a function gives back by reference.

`$r = &$list['x'];`, `$list[] = &$r;`, `['x' => &$r] = $list;`, `foreach ($list as &$r)`, `$r = &slot('x');`: whatever
is assigned to `$r` from then on is assigned to the place as well. A place that outlives the call
(`self::$list[] = &$param`) is one of the caller's variable, too.

A function that gives a place back is evaluated as if it had one parameter more, which it assigns to that place: a call
to whose result something is assigned passes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.shared import stays
from scanner.analysis.summary import PARAM, Effect
from scanner.analysis.values import NOTHING, Trace, Val, all_labels
from scanner.model.facts import (
    ArrayLit,
    Assign,
    Call,
    Const,
    Index,
    Item,
    Prop,
    Return,
    StaticProp,
    Unknown,
    Value,
    Var,
    decode_body,
    nodes,
)

KEPT = "reference"
"""Target of the effect that a parameter by reference is another name for what a store keeps."""
_PLACES = (Index, Prop, StaticProp)
_MAX_PLACES = 4
"""Places of which one variable is a name."""
_MAX_DEPTH = 4
_MAX_WALK = 6
"""Levels that a variable goes down."""
_FIRST = "\0first "
"""Begins the name, which no PHP code can say, of what a variable was before it went down."""


def bind(evaluator: Evaluator, node: Assign, places: tuple[Value, ...] = ()) -> None:
    """After an assignment: which variables are names of places now. `places`: those of a variable that was `walked`."""
    if node.op == "foreach-ref" and isinstance(node.target, Var):
        evaluator.element_references[node.target.name] = node.value
    elif node.op == "&" and isinstance(node.target, Var):
        if isinstance(node.value, (*_PLACES, Call)):
            evaluator.place_references[node.target.name] = places or (node.value,)
    elif node.op == "&" and isinstance(node.value, Var):
        _name(evaluator, node.value.name, node.target)
    elif node.op == "=" and isinstance(node.value, (Var, Index, Prop)) and isinstance(node.target, Var):
        _in_copy(evaluator, node.value, node.target)
    if isinstance(node.target, ArrayLit):
        _of_items(evaluator, node.target, node.value, _MAX_DEPTH)
    elif isinstance(node.value, ArrayLit):
        _of_items(evaluator, node.value, node.target, _MAX_DEPTH)


def _in_copy(evaluator: Evaluator, array: Value, copy: Var) -> None:
    """`$copy = $array;`: an element that is a reference is one in the copy, too."""
    for name, places in list(evaluator.place_references.items()) if array != copy else ():
        moved = (_copied(place, array, copy) for place in places if place != array)
        if found := [place for place in moved if place is not None]:
            evaluator.place_references[name] = (*places, *(one for one in found if one not in places))[:_MAX_PLACES]


def _copied(place: Value, array: Value, copy: Value) -> Value | None:
    """The same place in a copy of the array that it is in; None where it is in another one."""
    if place == array:
        return copy
    if not isinstance(place, Index):
        return None
    base = _copied(place.base, array, copy)
    return None if base is None else Index(base, place.key)


def slot_written(evaluator: Evaluator, target: Index, keys: Sequence[str], value: Val) -> None:
    """`$copy["x"] = $value;` of an element that is a reference: what else is a name of it gets the value, perhaps."""
    written = {Index(target.base, Const(key)) for key in keys}
    for name, places in list(evaluator.place_references.items()):
        if written.isdisjoint(places):
            continue
        del evaluator.place_references[name]
        for place in (Var(name), *(one for one in places if one not in written and stays(one, name))):
            joined = evaluator.join(evaluator.value(place), value)
            evaluator.state.interpreter.write(evaluator, place, joined)
        evaluator.place_references[name] = places


def slots_passed(evaluator: Evaluator, call: Call, number: int) -> None:
    """A call passes an array, with an element that is a reference, to a function that writes into its copy of it.

    What it writes there nobody here knows.
    """
    for position, arg in enumerate(call.args) if evaluator.place_references else ():
        names = [
            name
            for name, places in evaluator.place_references.items()
            if any(isinstance(place, Index) and _root(place) == arg.value for place in places)
        ]
        if names and _writes_into(evaluator, number, position):
            for name in names:
                value = evaluator.join(evaluator.value(Var(name)), evaluator.unknown(f"${name}"))
                evaluator.state.interpreter.write(evaluator, Var(name), value)


def _writes_into(evaluator: Evaluator, number: int, position: int) -> bool:
    """Whether a function assigns to elements of one of its parameters, which is its own copy."""
    program = evaluator.state.program
    fact = program.functions[program.with_body(number)]
    if position >= len(fact.params) or fact.params[position].by_ref:
        return False
    own = Var(fact.params[position].name)
    written = (node.target for node in nodes(decode_body(fact.body)) if isinstance(node, Assign))
    return any(isinstance(target, Index) and _root(target) == own for target in written)


def walked(evaluator: Evaluator, node: Assign) -> tuple[Value, ...]:
    """Places of `$at = &$at[$key];`, which goes one level down from where the variable was; to be asked before it.

    Where a parameter goes down, what it was at first stays under another name: there is no variable for it any more.
    """
    if not (isinstance(node.target, Var) and isinstance(node.value, (Index, Prop))):
        return ()
    name, root = node.target.name, _root(node.value)
    if root != node.target:
        return ()
    known = evaluator.place_references.get(name)
    starts = known or tuple(Var(one) for one in sorted(evaluator.aliases.of(name) - {name}))[:_MAX_PLACES]
    if not starts:
        first = _FIRST + name
        evaluator.env[first] = evaluator.env.get(name, NOTHING)
        if name in evaluator.parameter_index:
            evaluator.parameter_index[first] = evaluator.parameter_index[name]
        starts = (Var(first),)
    found = tuple(_moved(evaluator, node.value, start) for start in starts)
    if known and _may_not_run(evaluator):
        found = (*found, *(place for place in known if place not in found))
    return tuple(place for place in found if _depth(place) <= _MAX_WALK)[:_MAX_PLACES]


def _root(place: Value) -> Value:
    while isinstance(place, (Index, Prop)):
        place = place.base
    return place


def _depth(place: Value) -> int:
    depth = 0
    while isinstance(place, (Index, Prop)):
        place, depth = place.base, depth + 1
    return depth


def _moved(evaluator: Evaluator, place: Value, start: Value) -> Value:
    """A place with another beginning, and with the keys of this moment."""
    if isinstance(place, Prop):
        return Prop(_moved(evaluator, place.base, start), place.name)
    if not isinstance(place, Index):
        return start
    base = _moved(evaluator, place.base, start)
    if place.key is None:
        return Index(base, None)
    key = evaluator.value(place.key)
    names = evaluator.known_texts(key)
    return Index(base, Const(names[0]) if len(names) == len(key.texts) == 1 else Unknown("key"))


def _of_items(evaluator: Evaluator, array: ArrayLit, whole: Value, depth: int) -> None:
    """`['x' => &$r]`, as a pattern or as a value: `$r` is the element of the other side."""
    position = 0
    for item in array.items if isinstance(whole, (Var, *_PLACES)) and depth else ():
        key = item.key if item.key is not None else Const(str(position))
        position += item.key is None
        _of_item(evaluator, item, Index(whole, key), depth)


def _of_item(evaluator: Evaluator, item: Item, place: Index, depth: int) -> None:
    if isinstance(item.value, ArrayLit):
        _of_items(evaluator, item.value, place, depth - 1)
    elif item.by_ref and isinstance(item.value, Var):
        _name(evaluator, item.value.name, place)


def _name(evaluator: Evaluator, variable: str, place: Value) -> None:
    """A variable is one more name for a place; a parameter is so for the caller, too, where the place stays."""
    known = evaluator.place_references.get(variable, ())
    if place not in known:
        evaluator.place_references[variable] = (*known, place)[-_MAX_PLACES:]
    index = evaluator.parameter_index.get(variable)
    if index is not None and not evaluator.is_inside:
        for key in _stores(evaluator, place):
            evaluator.add_effect(Effect(KEPT, (index, "\0".join(key)), Val()))


def _stores(evaluator: Evaluator, place: Value) -> list[tuple[str, str]]:
    """Stores that keep what stands at a place when the call is over."""
    while isinstance(place, Index):
        place = place.base
    if isinstance(place, Var):
        return [evaluator.statics[place.name]] if place.name in evaluator.statics else []
    if isinstance(place, StaticProp) and isinstance(place.name, str):
        names = [(cls, "::" + place.name) for cls in evaluator.class_names(place.cls)]
    elif isinstance(place, Prop) and isinstance(place.name, str):
        names = [(cls, place.name) for cls in sorted(evaluator.value(place.base).types)]
    else:
        return []
    return [(evaluator.property_owner(cls, name.removeprefix("::")), name) for cls, name in names]


def kept(evaluator: Evaluator, call: Call, effect: Effect) -> None:
    """A callee keeps one of its arguments by reference: what is assigned to one of the two later is in the other."""
    position, key = effect.key
    place = call.args[position].value if position < len(call.args) else None
    if isinstance(place, Var):
        cls, _separator, member = key.partition("\0")
        if cls:
            evaluator.statics.setdefault(place.name, (cls, member))
            evaluator.cells.setdefault(place.name, (cls, member))


def in_round(evaluator: Evaluator, head: Assign, key: str) -> None:
    """`foreach ($source as &$variable)`, or `as [$one, &$other]`, run round by round: the element that it is at."""
    if not isinstance(head.value, (Var, *_PLACES)):
        return
    place = Index(head.value, Const(key))
    if isinstance(head.target, ArrayLit):
        _of_items(evaluator, head.target, place, _MAX_DEPTH)
    elif head.op == "foreach-ref" and isinstance(head.target, Var):
        evaluator.place_references[head.target.name] = (place,)


def now(evaluator: Evaluator, head: Assign, key: str, item: Val) -> Val:
    """An element that `foreach` comes to: of one that is a reference, what it holds now, and no more at the beginning.

    `foreach ($list as &$one) {}` leaves `$one` a name of the last element: `foreach ($list as $one) {}` changes that.
    """
    places = evaluator.place_references.values()
    place = Index(head.value, Const(key))
    if not isinstance(head.value, Var) or not any(place in known for known in places):
        return item
    return (evaluator.env.get(head.value.name, NOTHING).items or {}).get(key, item)


def captured(evaluator: Evaluator, names: Iterable[str]) -> None:
    """Variables that a closure has by reference and may have changed are names of other places here."""
    for name in names:
        known = evaluator.aliases, evaluator.place_references, evaluator.element_references
        if name in evaluator.env and any(name in one for one in known):
            evaluator.state.interpreter.write(evaluator, Var(name), evaluator.env[name])


def alias(evaluator: Evaluator, target: Value, source: Value) -> None:
    """`$a = &$b`: from here both names are written together."""
    if isinstance(target, Var):
        forget(evaluator, target.name)
        if isinstance(source, Var):
            evaluator.aliases.bind(target.name, source.name, loosely=_may_not_run(evaluator))


def forget(evaluator: Evaluator, variable: str) -> None:
    """The variable is a name of its own again, for sure or perhaps."""
    evaluator.element_references.pop(variable, None)
    evaluator.place_references.pop(variable, None)
    evaluator.aliases.leave(variable, loosely=_may_not_run(evaluator))


def _may_not_run(evaluator: Evaluator) -> bool:
    """Whether what is evaluated stands in a branch or a loop: after it, what it did holds perhaps."""
    return bool(evaluator.course.branches or evaluator.looping) and not evaluator.concrete


def write_back(evaluator: Evaluator, name: str, value: Val) -> None:
    """What is assigned to a variable is assigned to the places of which it is a name."""
    places, source = evaluator.place_references.pop(name, ()), evaluator.element_references.pop(name, None)
    for place in places:
        evaluator.state.interpreter.write(evaluator, place, value)
    if source is not None:
        base = evaluator.value(source)
        items = {key: evaluator.join(item, value) for key, item in base.items.items()} if base.items else None
        rest = value if base.rest is None else evaluator.join(base.rest, value)
        evaluator.state.interpreter.write(evaluator, source, base.replaced(items=items, rest=rest))
        evaluator.element_references[name] = source
    if places:
        evaluator.place_references[name] = places


# -- functions that give a place back ---------------------------------------------------------------------------


def given_back(evaluator: Evaluator, statement: Return) -> None:
    """`return $this->items[$key];` of `function &at($key)`: what callers assign to the result is stored there."""
    if not isinstance(statement.value, (Var, *_PLACES)):
        return
    index = len(evaluator.fact.params)
    text = frozenset([evaluator.state.holes.template("param", str(index))])
    way = Trace(evaluator.path, statement.line, "assigned to what is returned by reference", None, 0)
    evaluator.state.interpreter.write(evaluator, statement.value, Val(text, {PARAM + str(index): way}))


def is_not_assigned(evaluator: Evaluator, number: int, effect: Effect) -> bool:
    """Whether an effect is that of an assignment to what a call gives back, and this call's result gets none."""
    fact = evaluator.state.program.functions[number]
    if not fact.gives_place or evaluator.to_result is not None:
        return False
    return {label for label in all_labels(effect.value) if label.startswith(PARAM)} == {f"{PARAM}{len(fact.params)}"}


def assign_to_result(evaluator: Evaluator, call: Call, value: Val) -> None:
    """An assignment to what a call gives back by reference: the call is made with the value as one argument more."""
    with _assigned(evaluator, value):
        evaluator.call(call)


def assign_to_method(
    evaluator: Evaluator, number: int, args: list[Val], place: Value, receiver: Val, value: Val
) -> None:
    """The same for a method that an operator runs: `function &__get($name)`, where an element is written."""
    with _assigned(evaluator, value):
        evaluator.run_method(number, args, place, receiver)


@contextmanager
def _assigned(evaluator: Evaluator, value: Val) -> Iterator[None]:
    before, evaluator.to_result = evaluator.to_result, value
    try:
        yield
    finally:
        evaluator.to_result = before
