"""PHP's own functions: folding of known strings, flow of labels, and those that touch variables or call back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis import (
    array_functions,
    arrays,
    code,
    constants,
    generators,
    implicit,
    keeping,
    objects,
    reaches,
    reported,
    sensitive,
    serialized,
    shipped,
    sidelines,
)
from scanner.analysis.destinations import host_in
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import HANDLERS, contents, folded, handles, is_callable, labels_of
from scanner.analysis.origins import CALL_ARGUMENTS
from scanner.analysis.passing import given_back
from scanner.analysis.rows import BINDS, FETCH_ALL_FUNCTIONS, FETCH_FUNCTIONS, FETCHES_ALL, VALUE_FUNCTIONS
from scanner.analysis.summary import PARAM, parameter_label, symbolic
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Trace, Val, join_all, text_value
from scanner.model.facts import Arg, Call, Const, Index, Unknown, Var

array_functions.register()
constants.register()
serialized.register()
_RETURNS_INSTEAD = frozenset({"print_r", "var_export", "highlight_string", "highlight_file", "show_source"})
"""Functions that give text back instead of showing it when their second argument says so."""
_WALKS = frozenset({"array_walk", "array_walk_recursive"})
_CALLED_ELSEWHERE = frozenset(
    {"call_user_func", "call_user_func_array", "forward_static_call", "forward_static_call_array"}
)
"""Functions whose own handlers run what they are given."""
_WITHOUT_ARGUMENTS = 2
"""`DEBUG_BACKTRACE_IGNORE_ARGS`."""
_OF_FRAMES = ("file", "line", "function", "class", "type", "object")
"""Elements of a frame beside `args` (manual, `debug_backtrace`)."""
_MATCHES = frozenset({"preg_match", "preg_match_all"})
_TRUE = frozenset({"1"})
_REPLACING = {
    "str_replace": 1, "str_ireplace": 1, "strtr": 1, "preg_replace": 1, "substr_replace": 1, "mb_ereg_replace": 1,
    "mb_eregi_replace": 1,
}  # fmt: skip
"""Functions that put a text into another, and which argument it is; a table of them for `strtr`."""
_SUBJECT = {"strtr": 0, "substr_replace": 0}
"""Which argument is the text that is changed; the third of the others."""
_AUTHORITY = re.compile(r"(?i)https?://([a-z0-9.:-]{3,260})[/?#]")
_MAX_PUT_IN = 4
_MAX_MAPPED = 300
"""Elements that `array_map` keeps apart."""
_OF_STATEMENTS = ("createfunction", "createaggregate", "createcollation")
"""Ends of the names of methods that let SQL call a function (`SQLite3`, `PDO`): nobody sees what with."""
_MAX_ARGUMENTS = 8
"""Arguments that `func_get_args` keeps apart."""


def call(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """Value of a call of a function that the program does not define."""
    node, args = arrays.spread(node, args)
    handler = HANDLERS.get(name)
    result = code.of_function(evaluator, node, name, args)
    if result is None:
        result = arrays.call(evaluator, node, name, args)
    if result is None:
        result = handler(evaluator, node, args) if handler is not None else _general(evaluator, node, name, args)
    if name in _REPLACING:
        result = _put_in(evaluator, name, args, result)
    if name in implicit.COMPARING:
        told = implicit.of_function(evaluator, node, args)
        result = evaluator.join(result, Val(labels=told)) if told else result
    return evaluator.join(result, side_effects(evaluator, node, name, args))


def _put_in(evaluator: Evaluator, name: str, args: list[Val], result: Val) -> Val:
    """Addresses with a host that is put into a text that is not known: `str_replace($host, 'example.net', $url)`.

    Or with the host of the text in which something else is replaced.
    """
    put = args[_REPLACING[name]] if _REPLACING[name] < len(args) else NOTHING
    if any(is_known(text) or "://" in text for text in result.texts):
        return result
    given = [put, *(put.items or {}).values()]
    hosts = {host for value in given for text in evaluator.known_texts(value) if (host := host_in(text))}
    subject = args[_SUBJECT.get(name, 2)] if _SUBJECT.get(name, 2) < len(args) else NOTHING
    changed = {match[1] for text in subject.texts if (match := _AUTHORITY.match(text))}
    rest = evaluator.state.holes.template("unknown", name)
    texts = frozenset(f"https://{host}/{rest}" for host in sorted(hosts | changed)[:_MAX_PUT_IN])
    return result.replaced(texts=texts if changed else result.texts | texts) if texts else result


def side_effects(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """What a function does besides its value: output, callbacks, code, by-reference arguments.

    Returns what comes back of it: from callbacks, and what was kept under a name.
    """
    if name in _RETURNS_INSTEAD and len(args) > 1 and args[1].texts == _TRUE:
        return Val(labels=objects.exposed(evaluator, args[0]))  # the text is the value, and nothing is shown
    sink = evaluator.state.catalogue.local_sinks.get(name)
    if sink is not None:
        reaches.apply_local_sink(evaluator, node, sink, args, None)
        reaches.keep_content(evaluator, node, sink, args)
    if name in keeping.PRINTS:
        keeping.printed(evaluator, args)
    if name in sensitive.NAMES:
        sensitive.observe(evaluator, node, name, args)
    returned = _run_callbacks(evaluator, node, name, args)
    if name in objects.ENCODERS and any(arg.types or arg.sites or arg.items or arg.rest is not None for arg in args):
        labels = (Val(labels=objects.exposed(evaluator, arg)) for arg in args if generators.CLASS not in arg.types)
        returned = join_all([returned, *labels], evaluator.state.overflow)
        if name == "iterator_to_array":
            returned = evaluator.join(returned, objects.iterated(evaluator, args[0]))
    _write_outputs(evaluator, node, name, args)
    kept = keeping.keep(evaluator, name, args)
    return join_all([returned, kept, sidelines.called(evaluator, node, name, args)], evaluator.state.overflow)


def _general(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    state = evaluator.state
    texts = folded(evaluator, name, args)
    propagator = state.matcher.propagator(name)
    if propagator is not None:
        chosen = [args[i] for i in propagator.from_args if i < len(args)]
        if propagator.rest_from >= 0:
            chosen += args[propagator.rest_from :]
        labels = labels_of(evaluator, chosen)
    elif state.matcher.one_way(name) is not None:
        labels = state.digests(labels_of(evaluator, args))
    elif name in state.catalogue.no_effect:
        labels = {}
    else:
        labels = labels_of(evaluator, [*args, *given_back(evaluator, args)])
    source = state.matcher.source(name)
    if source is not None and state.matters(source.label):
        labels = {**labels, source.label: Trace(evaluator.path, node.line, f"{name}()", None, 1)}
    result = Val(texts or evaluator.unknown(node).texts, labels)
    if source is not None and source.label == "database" and "query" in name:
        return join_all([result, *(evaluator.rows(arg) for arg in args if arg.texts)], state.overflow)
    return result


def _run_callbacks(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """Higher-order functions call what they are given, with what else they are given; labels of what that returns."""
    positions = evaluator.state.catalogue.higher_order.get(name, ())
    if name in _CALLED_ELSEWHERE or _takes_each(evaluator, name, args):
        return NOTHING
    if name.startswith("filter_") and len(args) > 2:  # noqa: PLR2004  filter and options come last
        positions, args = (len(args),), [*args, (args[-1].items or {}).get("options", NOTHING)]
    if args and name.startswith(("array_udiff", "array_uintersect", "array_diff_u", "array_intersect_u")):
        positions = (len(args) - 1,)
    for arg, value in zip(node.args, args, strict=False):
        if arg.spread and positions:
            code.callee(evaluator, node, value, args)
    others = [contents(evaluator, arg) for i, arg in enumerate(args) if i not in positions] if positions else []
    found = [
        _run_callback(evaluator, node, name, position, others, args) for position in positions if position < len(args)
    ]
    returned = join_all(found, evaluator.state.overflow)
    if name in _WALKS and found:
        _walked(evaluator, node, args[0], returned)
    return returned


def _takes_each(evaluator: Evaluator, name: str, args: list[Val]) -> bool:
    """Whether a handler runs the callback for each element by itself."""
    if len(args) < 2:  # noqa: PLR2004  function and array
        return False
    if name == "array_map":
        return len(args) == 2 and _is_listed(args[1]) and is_callable(evaluator, args[0])  # noqa: PLR2004
    return name == "array_reduce" and is_callable(evaluator, args[1])


def _run_callback(
    evaluator: Evaluator, node: Call, name: str, position: int, others: list[Val], args: list[Val]
) -> Val:
    callback = args[position]
    if not is_callable(evaluator, callback):
        code.callee(evaluator, node, callback, args)
        return NOTHING
    given = reported.handled(evaluator, name) or _walking(evaluator, name, others, args) or [NOTHING]
    literal = position < len(node.args) and isinstance(node.args[position].value, Const)
    result = evaluator.state.interpreter.call_value(
        evaluator, _with_values(node, given), callback, given, literal=literal
    )
    labels = Val(labels=labels_of(evaluator, [result]))
    if name == "array_map" and len(args) > 1 and not _is_listed(args[1]):
        named = any("." in text for text in result.texts)  # whatever the elements are, this is made of them
        return Val(labels=labels.labels, rest=result if named else result.replaced(texts=evaluator.unknown(node).texts))
    if name == "ob_start":  # what the callback makes of the page is shown
        reaches.reach(evaluator, node, "browser", name, labels, Val(result.texts))
    return labels


def _walked(evaluator: Evaluator, node: Call, array: Val, written: Val) -> None:
    """A callback may change the elements that it gets by reference."""
    target = node.args[0].value if node.args else None
    if isinstance(target, Var):
        evaluator.state.interpreter.write(evaluator, target, evaluator.join(array, Val(rest=written)))


def _walking(evaluator: Evaluator, name: str, others: list[Val], args: list[Val]) -> list[Val]:
    """Arguments of a callback; of one that walks over an array: element, key, what else was given."""
    if name == "preg_replace_callback":
        return [Val(rest=args[2] if len(args) > 2 else NOTHING)]  # noqa: PLR2004  matches of the subject
    if name == "ob_start" or name.endswith(_OF_STATEMENTS):
        return [evaluator.unknown("$buffer" if name == "ob_start" else "what a statement gives it")]
    if name == "iterator_apply":
        packed = args[2] if len(args) > 2 else NOTHING  # noqa: PLR2004  iterator, callback, its arguments
        return [*(packed.items or {}).values(), *([packed.rest] if packed.rest is not None else [])]
    if name not in _WALKS or not others:
        return others
    keys = Val(frozenset(sorted(args[0].items or ())[:_MAX_MAPPED]))
    return [_innermost(evaluator, args[0]), keys, *others[1:]]


def _innermost(evaluator: Evaluator, value: Val) -> Val:
    """Elements of an array, those of arrays in it included."""
    found = contents(evaluator, value)
    return contents(evaluator, found) if found.items or found.rest is not None else found


def method_callbacks(evaluator: Evaluator, node: Call, cls: str, method: str, args: list[Val]) -> list[Val]:
    """The same for a method of one of PHP's own classes, or its constructor."""
    for name in (cls, *evaluator.state.program.ancestors(cls)):
        if f"{name}::{method}" in evaluator.state.catalogue.higher_order:
            return [_run_callbacks(evaluator, node, f"{name}::{method}", args)]
    return []


@handles("func_get_args")
def _func_get_args(evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """All arguments, those without a parameter included."""
    if evaluator.given is not None:
        return Val(items={str(index): arg for index, arg in enumerate(evaluator.given)})
    holes = evaluator.state.holes
    items = {
        str(index): Val(
            frozenset([template := holes.template("param", str(index))]),
            {parameter_label(template): Trace(evaluator.path, evaluator.fact.line, f"argument {index + 1}", None, 0)},
            sites=frozenset([symbolic(index)]),
        )
        for index in range(_MAX_ARGUMENTS)
    }
    for index, param in enumerate(evaluator.fact.params[:_MAX_ARGUMENTS]):
        items[str(index)] = evaluator.env.get(param.name, items[str(index)])
    return Val(items=items)


@handles("func_get_arg")
def _func_get_arg(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    everything = _func_get_args(evaluator, node, [])
    chosen = evaluator.known_texts(args[0]) if args else []
    items = everything.items or {}
    return join_all([items[key] for key in chosen or sorted(items) if key in items], evaluator.state.overflow)


@handles("vsprintf", "vprintf")
def _vsprintf(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """`sprintf` with its values in an array."""
    if len(args) < 2 or not args[1].items or args[1].rest is not None:  # noqa: PLR2004  format and values
        return _general(evaluator, node, "vsprintf", args)
    values = [args[1].items[key] for key in sorted(args[1].items, key=lambda key: (len(key), key))]
    return _general(evaluator, node, "sprintf", [args[0], *values])


@handles("sscanf")
def _sscanf(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """A piece of the text, whatever the format: `%s` of a text without blanks is all of it."""
    subject = args[0] if args else NOTHING
    words = frozenset(text.split()[0] for text in evaluator.known_texts(subject) if text.split())
    return Val(rest=Val(words or evaluator.unknown(node).texts, labels_of(evaluator, args[:1])))


@handles("class_alias")
def _class_alias(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    """Another name for a class of the program."""
    for old in evaluator.known_texts(args[0]) if args else ():
        for new in evaluator.known_texts(args[1]) if len(args) > 1 else ():
            evaluator.state.program.add_alias(old.lstrip("\\"), new.lstrip("\\"))
    return NOTHING


def _write_outputs(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> None:
    """By-reference arguments of built-in functions get whatever went in."""
    if name.endswith("sort") and args and args[0].items and args[0].rest is None:
        return  # `arrays` has put the elements in order, or their order does not matter
    if name in _WALKS and len(args) > 1 and is_callable(evaluator, args[1]):
        return  # what callbacks write is known
    for position in evaluator.state.catalogue.byref_outputs.get(name, ()):
        if position < len(node.args) and position < len(args):
            target = node.args[position].value
            if isinstance(target, (Var, Index)):
                labels = labels_of(evaluator, args)
                value = evaluator.join(args[position], Val(evaluator.unknown(target).texts, labels))
                if name in _MATCHES and len(args) > 1:
                    value = evaluator.join(value, shipped.matches(args[1]))
                if name == "proc_open":  # its pipes belong to the process: what is written to them goes there
                    process = frozenset([evaluator.state.site(evaluator.number, node.start)])
                    value = Val(rest=Val(labels=labels, sites=process))
                evaluator.state.interpreter.write(evaluator, target, value)


# -- rows of a query ---------------------------------------------------------------------------------------------


def fetched(result: Val, *, whole: bool) -> Val:
    """A row of a query's result, or all of them: what is known of a row is kept by its columns."""
    row = result.replaced(labels={key: trace for key, trace in result.labels.items() if not key.startswith(PARAM)})
    return Val(rest=row) if whole else row


@handles(*FETCH_FUNCTIONS)
def _fetch(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    row = join_all([fetched(arg, whole=False) for arg in args[:1]], "")
    source = evaluator.state.matcher.source(str(node.name).lower())
    if source is None:
        return row
    origin = {source.label: Trace(evaluator.path, node.line, f"{node.name}()", None, 1)}
    return evaluator.join(row, Val(evaluator.unknown(node).texts, origin))


@handles(*VALUE_FUNCTIONS)
def _fetch_value(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    row = _fetch(evaluator, node, args)
    columns = evaluator.known_texts(args[2]) if len(args) > 2 else ["0"]  # noqa: PLR2004  result, row, column
    return evaluator.element(row, columns, Index(Var("row"), None)) if row.items else row


@handles(*FETCH_ALL_FUNCTIONS)
def _fetch_all(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    return join_all([fetched(arg, whole=True) for arg in args[:1]], "")


def fetch_method(evaluator: Evaluator, node: Call, result: Val, method: str) -> Val:
    """A method of a result or statement that gives what a query read."""
    if method in BINDS:
        bind_columns(evaluator, node, result, node.args)
        return NOTHING
    return fetched(result, whole=method in FETCHES_ALL)


def bind_columns(evaluator: Evaluator, node: Call, statement: Val, targets: Sequence[Arg]) -> None:
    """`bind_result($a, $b)`: variables that get the columns in order."""
    for position, target in enumerate(targets):
        item = (statement.items or {}).get(str(position))
        if item is not None:
            evaluator.line = node.line
            evaluator.state.interpreter.write(evaluator, target.value, item)


@handles("mysqli_stmt_bind_result")
def _bind_result(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if args:
        bind_columns(evaluator, node, args[0], node.args[1:])
    return NOTHING


# -- variables by name -------------------------------------------------------------------------------------------


@handles("compact")
def _compact(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    items: dict[str, Val] = {}
    for arg in args:
        for name in evaluator.known_texts(contents(evaluator, arg)):
            items[name] = evaluator.value(Var(name))
    return Val(items=items)


@handles("extract")
def _extract(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    prefixes = evaluator.known_texts(args[2]) if len(args) > 2 else []  # noqa: PLR2004  array, flags, prefix
    before = f"{prefixes[0]}_" if prefixes else ""
    for name, value in (args[0].items or {}).items():
        evaluator.env[before + name] = value
    if node.args and isinstance(node.args[0].value, Var) and node.args[0].value.name == "GLOBALS":
        for name in (*evaluator.state.origins.database, *evaluator.state.origins.settings):
            evaluator.globals.setdefault(before + name, name)
        evaluator.extracted = NOTHING
    elif not args[0].items:
        evaluator.extracted = evaluator.join(evaluator.extracted, args[0])
        evaluator.note("dynamic-variables", node.line, "extract(...)")
    return NOTHING


@handles("session_name")
def _session_name(_evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """The cookie of the session, as PHP names it unless it is told otherwise (session.name, PHP manual)."""
    return text_value("PHPSESSID")


@handles("get_defined_vars")
def _defined_variables(evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    return Val(items={name: value for name, value in sorted(evaluator.env.items()) if "->" not in name})


@handles("define")
def _define(_evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """What it keeps is a store (see `keeping`)."""
    return NOTHING


@handles("debug_backtrace")
def _backtrace(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Arguments of all callers, passwords among them, unless the call says that it does not want them."""
    options = evaluator.known_texts(args[0]) if args else ["1"]
    if options and all(option.isdecimal() and int(option[:9]) & _WITHOUT_ARGUMENTS for option in options):
        return evaluator.unknown(node)
    trace = Trace(evaluator.path, node.line, "arguments of all callers", None, 1)
    frame = dict.fromkeys(_OF_FRAMES, evaluator.unknown(node))
    arguments = Val(evaluator.unknown(node).texts, {CALL_ARGUMENTS: trace})
    return Val(rest=Val(items={**frame, "args": arguments}))


@handles("getenv", "apache_getenv")
def _environment(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    names = evaluator.known_texts(args[0]) if args else []
    if not names and args:
        return evaluator.unknown(node)  # one variable, not all of them
    if not names:
        return Val(labels={"environment": Trace(evaluator.path, evaluator.line, "the whole environment", None, 1)})
    return join_all((evaluator.environment(name, f"getenv('{name}')") for name in names), evaluator.state.overflow)


# -- calls by value ----------------------------------------------------------------------------------------------


@handles("call_user_func", "forward_static_call")
def _call_user(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    shifted = _without_first(node)
    return evaluator.state.interpreter.call_value(evaluator, shifted, args[0], args[1:], literal=_literal(node))


@handles("call_user_func_array", "forward_static_call_array")
def _call_user_array(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return NOTHING
    packed = args[1] if len(args) > 1 else NOTHING
    numbered = sorted((key for key in packed.items or {} if key.isdecimal()), key=lambda key: (len(key), key))
    values = [(packed.items or {})[key] for key in numbered]
    if not values:
        values = [contents(evaluator, packed)]
    return evaluator.state.interpreter.call_value(
        evaluator, _with_values(node, values), args[0], values, literal=_literal(node)
    )


def _literal(node: Call) -> bool:
    return bool(node.args) and isinstance(node.args[0].value, Const)


def _without_first(node: Call) -> Call:
    return Call(node.kind, node.name, node.receiver, node.args[1:], node.line, node.end_line, node.start, node.end)


def _with_values(node: Call, values: Sequence[Val]) -> Call:
    """The call as the callback sees it: so many arguments by position, whose values are known already."""
    args = tuple(Arg(Unknown("callback")) for _value in values)
    return Call(node.kind, node.name, node.receiver, args, node.line, node.end_line, node.start, node.end)


@handles("array_map")
def _array_map(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if len(args) < 2:  # noqa: PLR2004  callback and array
        return NOTHING
    source = args[1]
    if _is_listed(source) and source.items and is_callable(evaluator, args[0]):
        bare = _with_values(node, [NOTHING])
        items = {
            key: evaluator.state.interpreter.call_value(evaluator, bare, args[0], [item], literal=_literal(node))
            for key, item in source.items.items()
        }
        return Val(items=items, labels=source.labels)
    labels = labels_of(evaluator, args)
    texts = frozenset[str]() if is_callable(evaluator, args[0]) else evaluator.unknown(node).texts
    return Val(rest=Val(texts, labels))


def _is_listed(array: Val) -> bool:
    """Whether all elements of an array are known one by one."""
    return bool(array.items) and array.rest is None and len(array.items or ()) <= _MAX_MAPPED
