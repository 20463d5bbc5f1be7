"""Objects as wholes: what leaves when one is encoded, cast or iterated, and what PHP calls by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.folding import foldable
from scanner.analysis.handlers import handles, labels_of
from scanner.analysis.instances import reachable
from scanner.analysis.state import State
from scanner.analysis.summary import opened
from scanner.analysis.templates import OF_CAST, OF_MEMBERS_ALL, OF_SEEN, is_known
from scanner.analysis.values import (
    MAX_TEXTS,
    NOTHING,
    Trace,
    Val,
    all_labels,
    join_all,
    merge_labels,
    parts,
    text_value,
)
from scanner.analysis.visibility import (
    AS_JSON,
    MAX_CLASSES,
    SERIALIZED,
    Wanted,
    as_array,
    classes_of,
    declared,
    members,
    plain,
    put_on,
    scope_of,
    seen_from,
)
from scanner.model.facts import Call, Unknown

ENCODERS = frozenset(
    {"json_encode", "serialize", "var_export", "print_r", "var_dump", "http_build_query", "get_object_vars",
     "get_mangled_object_vars", "iterator_to_array", "igbinary_serialize", "msgpack_pack", "yaml_emit", "implode",
     "join", "array_values", "strval", "settype", "debug_zval_refcount"}
)  # fmt: skip
"""Functions whose result holds what the properties of an object hold."""
_TAKES_OBJECTS = ENCODERS - {"strval"} | {"count", "get_class", "iterator_count", "unserialize"}
_ENCODED_BY = ("jsonserialize", "__serialize", "__sleep", "__tostring", "__debuginfo")
_NAMES_THEM = "__sleep"
_CHOOSING = {SERIALIZED: ("__serialize", _NAMES_THEM), AS_JSON: ("jsonserialize",)}
"""Methods that say what of an object is encoded, by encoder; the first of them counts."""
_ITERATED_BY = ("getiterator", "current")
_KEY = ("key",)
_MAX_DEPTH = 2
_MAX_ARRAYS = 4
"""Arrays in one another that are looked into."""
_MAX_PLACES = 16
"""Objects, and objects in them, that are looked into for a callee."""


def as_text(evaluator: Evaluator, name: str, args: list[Val]) -> list[Val]:
    """Arguments of one of PHP's functions (lower case): an object is text where text is wanted (`__toString`)."""
    if name in _TAKES_OBJECTS or not any(arg.types and not arg.texts for arg in args):
        return args
    catalogue = evaluator.state.catalogue
    wanted = foldable(name) or name in catalogue.local_sinks or evaluator.state.matcher.function(name)
    return [evaluator.stringified(arg) for arg in args] if wanted else args


def exposed(evaluator: Evaluator, value: Val, scope: str | None = None) -> Mapping[str, Trace]:
    """Labels of a value and of the properties of the objects in it, two objects deep.

    Each class and each object is looked at once: what a second look would give is the same. `scope`: class whose code
    must see the properties (see `visibility`).
    """
    return _exposed(evaluator, value, _MAX_DEPTH, set(), scope)


def with_content(evaluator: Evaluator, value: Val) -> Val:
    """A value that is shown as a whole (`var_dump`): it carries what the objects in it hold."""
    if not (value.types or value.sites or value.items or value.rest is not None):
        return value
    return value.replaced(labels=merge_labels(value.labels, exposed(evaluator, value)))


def held_by(evaluator: Evaluator, value: Val, scope: str | None = None) -> Mapping[str, Trace]:
    """Single secrets in the properties of the objects of a value, for a callee that asks for all that they hold.

    It is asked at every call that passes an object on: methods that would make something of it do not run. `scope`:
    class whose code must see the properties.
    """
    found: Mapping[str, Trace] = evaluator.state.lasting(all_labels(value))
    scope, sites = plain(scope), set[int]()
    for holder in (value, *parts(value)):
        wanted = seen_from(evaluator.state.program, holder.types, scope)
        for cls in classes_of(evaluator.state.program, holder.types):
            found = merge_labels(found, _held_by_class(evaluator.state, cls, wanted))
        if scope is not None:
            found = merge_labels(found, evaluator.state.lasting(put_on(evaluator, holder, wanted)))
        elif holder.types:
            sites |= holder.sites
    return merge_labels(merge_labels(found, _held_by_sites(evaluator, sites)), _of_caller(evaluator, value, scope))


def secrets_in(evaluator: Evaluator, value: Val) -> Mapping[str, Trace]:
    """Single secrets in a value and its objects, with what methods give that PHP calls to make text of an object."""
    found = held_by(evaluator, value)
    for cls in evaluator.state.program.own_classes(value.types)[:MAX_CLASSES]:
        given = join_all(_run(evaluator, cls, _ENCODED_BY, value), evaluator.state.overflow)
        found = merge_labels(found, evaluator.state.lasting(all_labels(given)))
    return found


def _held_by_class(state: State, cls: str, wanted: Wanted) -> Mapping[str, Trace]:
    """What stores tell of those properties of a class that hold secrets."""
    found: Mapping[str, Trace] = {}
    for one in state.program.ancestors(cls):
        if one in state.kept.properties:
            for name in filter(wanted, declared(state.program, one)):
                found = merge_labels(found, state.lasting(all_labels(state.read_store((one, name)))))
    return found


def _held_by_sites(evaluator: Evaluator, sites: set[int]) -> Mapping[str, Trace]:
    """Secrets that were set on objects made at some places, and on the objects that these hold; bounded."""
    found: Mapping[str, Trace] = {}
    states = evaluator.sites, evaluator.state.site_states
    for site in reachable(states, sites, _MAX_PLACES):
        for state in states:
            found = merge_labels(found, state.held(site).labels)
    return found


def _exposed(
    evaluator: Evaluator, value: Val, depth: int, seen: set[str | int], scope: str | None
) -> Mapping[str, Trace]:
    labels = all_labels(value)
    if depth == _MAX_DEPTH:
        labels = merge_labels(labels, _of_caller(evaluator, value, scope))
    for holder in _holders(value, _MAX_ARRAYS):
        if holder.types or holder.sites:
            labels = merge_labels(labels, _of_object(evaluator, holder, depth, seen, scope))
    return labels


def _holders(value: Val, depth: int) -> Iterator[Val]:
    """A value and what stands in it, in arrays in arrays, too."""
    yield value
    for part in parts(value) if value.height and depth else ():
        yield from _holders(part, depth - 1)


def _of_caller(evaluator: Evaluator, value: Val, scope: str | None) -> Mapping[str, Trace]:
    """What the properties of objects hold that a caller passes, as far as nobody here knows their class."""
    found: Mapping[str, Trace] = {}
    scope = plain(scope)
    key = OF_MEMBERS_ALL if scope is None else OF_SEEN + scope
    for holder in (value, *parts(value)):
        if holder.texts and not holder.types:
            found = merge_labels(found, opened(holder, key, evaluator.state.holes).labels)
    return found


def _of_object(
    evaluator: Evaluator, value: Val, depth: int, seen: set[str | int], scope: str | None
) -> Mapping[str, Trace]:
    state = evaluator.state
    found: list[Val] = []
    wanted = _chosen(evaluator, value, scope) or seen_from(state.program, value.types, scope)
    # What a client or a connection gave back belongs to it, and has no class: it is no object with its properties.
    sites = sorted(site for site in value.sites if site >= 0 and site not in seen) if value.types else []
    classes = [cls for cls in classes_of(state.program, value.types) if cls not in seen]
    seen.update(sites, classes)
    for site in sites:
        for roles in (evaluator.sites.get(site, {}), state.site_states.get(site, {})):
            found.extend(held for role, held in sorted(roles.items()) if role[0] == "." and wanted(role[1:]))
    for cls in classes:
        names = filter(wanted, declared(state.program, cls))
        found.extend(state.read_store((evaluator.property_owner(cls, name), name)) for name in names)
        if depth == _MAX_DEPTH:  # the methods of what is inside run in the methods of what is outside, if at all
            found.extend(_run(evaluator, cls, _ENCODED_BY, value))
    labels: Mapping[str, Trace] = {}
    for held in found:
        labels = merge_labels(labels, _exposed(evaluator, held, depth - 1, seen, scope) if depth else all_labels(held))
    return labels


def _chosen(evaluator: Evaluator, value: Val, scope: str | None) -> Wanted | None:
    """Which properties an encoder takes of objects whose classes say so themselves; None where they do not."""
    names: set[str] = set()
    classes = classes_of(evaluator.state.program, value.types) if scope in _CHOOSING else []
    for cls in classes:
        told = _told_by(evaluator, cls, _CHOOSING[scope or ""], value)
        if told is None:
            return None
        names |= told
    return names.__contains__ if classes else None


def _told_by(evaluator: Evaluator, cls: str, methods: Sequence[str], value: Val) -> frozenset[str] | None:
    """Properties that the method of a class names: none, where it gives what is encoded. None: no such method.

    Or one that subclasses have another of, or of which not all names are known.
    """
    program = evaluator.state.program
    method = next((name for name in methods if program.find_method(cls, name) is not None), "")
    kin = {program.find_method(one, method) for one in (cls, *program.descendants(cls, MAX_CLASSES + 1))}
    if not method or len(kin) > 1:
        return None
    if method != _NAMES_THEM:
        return frozenset()
    given = join_all(_run(evaluator, cls, (method,), value), evaluator.state.overflow)
    items = (given.items or {}).values()
    known = [next(iter(item.texts)) for item in items if len(item.texts) == 1]
    complete = items and given.rest is None and not given.texts and len(known) == len(items)
    return frozenset(known) if complete and all(map(is_known, known)) else None


def cast(evaluator: Evaluator, value: Val) -> Val:
    """`(array) $object`: its properties. An array stays what it is, objects in it too; of a parameter callers know."""
    of_caller = NOTHING if value.types else opened(value, OF_CAST, evaluator.state.holes)
    found = as_array(evaluator, value, None)
    return found.replaced(labels=merge_labels(found.labels, of_caller.labels)) if of_caller.labels else found


@handles("get_object_vars", "get_mangled_object_vars")
def _variables(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """What the properties carry comes with what the encoders of objects give (see `ENCODERS`)."""
    if not args:
        return evaluator.unknown(node)
    wanted = seen_from(evaluator.state.program, args[0].types, scope_of(evaluator, str(node.name).lower()))
    found = {**members(evaluator, args[0], wanted), **(args[0].items or {})}
    return Val(evaluator.unknown(node).texts, labels_of(evaluator, args), items=found or None)


@handles("get_class_vars")
def _class_variables(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Properties of a class with what they begin with."""
    program = evaluator.state.program
    classes = [program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(args[0])] if args else []
    found = [
        Val(items={name: evaluator.default_of(cls, name) for name in declared(program, cls)})
        for cls in program.own_classes(frozenset(classes))[:MAX_CLASSES]
    ]
    return join_all([evaluator.unknown(node), *found], evaluator.state.overflow)


@handles("get_class_methods")
def _method_names(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Names of the methods of a class and of those that extend it, where they are few."""
    program, given = evaluator.state.program, args[0] if args else NOTHING
    named = {program.find_class(text.lstrip("\\")) for text in evaluator.known_texts(given)}
    names: dict[str, Val] = {}
    for cls in program.own_classes(frozenset(named | given.types))[:MAX_CLASSES]:
        for one in (*program.ancestors(cls), *program.descendants(cls, MAX_CLASSES)):
            names.update({name: text_value(name) for name in program.own_methods(one)})
    if not names or len(names) > MAX_TEXTS:
        return Val(evaluator.unknown(node).texts, labels_of(evaluator, args))
    return Val(items={str(number): names[name] for number, name in enumerate(sorted(names))})


def _run(evaluator: Evaluator, cls: str, methods: tuple[str, ...], receiver: Val) -> list[Val]:
    numbers = [evaluator.state.program.find_method(cls, method) for method in methods]
    return [evaluator.run_method(n, [], Unknown("object"), receiver) for n in numbers if n is not None]


def iterated(evaluator: Evaluator, value: Val) -> Val:
    """What `foreach` over an object of the program yields, before its elements are taken."""
    program = evaluator.state.program
    found = [result for cls in program.own_classes(value.types) for result in _run(evaluator, cls, _ITERATED_BY, value)]
    if not found:
        return NOTHING
    result = join_all(found, evaluator.state.overflow)
    return evaluator.join(result, Val(labels=exposed(evaluator, result))) if result.types else result


def walked(evaluator: Evaluator, value: Val) -> Val:
    """What classes of the program that extend an iterator of PHP do, and give, when `foreach` goes over them.

    A loop is run twice: what lets an element pass (`accept`) may put something together from several of them.
    """
    found: list[Val] = []
    for cls in evaluator.state.program.own_classes(value.types):
        _run(evaluator, cls, ("accept",), value)
        found += _run(evaluator, cls, ("current",), value)
    return join_all(found, evaluator.state.overflow)


def keyed(evaluator: Evaluator, value: Val) -> Val:
    """Keys that iterators of the program give to `foreach`."""
    found = [
        one for cls in evaluator.state.program.own_classes(value.types) for one in _run(evaluator, cls, _KEY, value)
    ]
    return join_all(found, evaluator.state.overflow)


def destroyed(evaluator: Evaluator, value: Val) -> None:
    """An object's end: its destructor runs."""
    for cls in evaluator.state.program.own_classes(value.types):
        _run(evaluator, cls, ("__destruct",), value)
