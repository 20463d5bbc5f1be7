"""PHP's own functions: folding of known strings, flow of labels, and those that touch variables or call back."""

from __future__ import annotations

import re

from scanner.analysis import (
    array_functions,
    arrays,
    assumed,
    callbacks,
    code,
    constants,
    extracting,
    fetches,
    filling,
    generators,
    implicit,
    keeping,
    listing,
    matching,
    objects,
    output,
    packing,
    paths,
    processes,
    quoting,
    reaches,
    relisted,
    scanning,
    sensitive,
    serialized,
    shipped,
    sidelines,
    tracing,
    visibility,
    walking,
)
from scanner.analysis.destinations import host_in
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import HANDLERS, contents, folded_value, handles, labels_of
from scanner.analysis.named import ENVIRONMENT
from scanner.analysis.passing import given_back
from scanner.analysis.summary import parameter_label, symbolic
from scanner.analysis.templates import PARAMETERS, is_known
from scanner.analysis.values import NOTHING, Trace, Val, join_all, text_value
from scanner.model.facts import Call, Index, Var

array_functions.register()
paths.register()
constants.register()
serialized.register()
fetches.register()
filling.register()
tracing.register()
walking.register()
_RETURNS_INSTEAD = frozenset({"print_r", "var_export", "highlight_string", "highlight_file", "show_source"})
"""Functions that give text back instead of showing it when their second argument says so."""
_FIELDS = frozenset({"parse_str", "mb_parse_str"})
_TRUE = frozenset({"1"})
_REPLACING = {
    "str_replace": 1, "str_ireplace": 1, "strtr": 1, "preg_replace": 1, "substr_replace": 1, "mb_ereg_replace": 1,
    "mb_eregi_replace": 1,
}  # fmt: skip
"""Functions that put a text into another, and which argument it is; a table of them for `strtr`."""
_SUBJECT = {"strtr": 0, "substr_replace": 0}
"""Which argument is the text that is changed; the third of the others."""
_TEMPLATE = {
    **{name: _SUBJECT.get(name, 2) for name in _REPLACING},
    "preg_replace_callback": 2, "preg_replace_callback_array": 1, "sprintf": 0, "vsprintf": 0,
}  # fmt: skip
"""Functions that put values into a text, and which argument it is."""
_AUTHORITY = re.compile(r"(?i)https?://([a-z0-9.:-]{3,260})[/?#]")
_MAX_PUT_IN = 4
_IN_MARKUP = re.compile(r"<[a-z][^<>]{0,200}=\s*[\"']?(?:https?:|wss?:)?//", re.IGNORECASE)
"""An element with an address."""
_TURNING = frozenset({"strrev", "str_rot13"})
"""Functions that change all of a text: what a caller passes is something else behind them, whatever a fold leaves."""
_NO_TEXT = frozenset({""})
_MAX_ARGUMENTS = 8
"""Arguments that `func_get_args` keeps apart."""


def call(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """Value of a call of a function that the program does not define."""
    node, args = arrays.spread(node, args)
    handler = HANDLERS.get(name)
    result = code.of_function(evaluator, node, name, args)
    if result is None:
        result = relisted.deferred(evaluator, node, name, args)
    if result is None:
        result = arrays.call(evaluator, node, name, args)
    if result is None:
        result = handler(evaluator, node, args) if handler is not None else _general(evaluator, node, name, args)
    if name in _TEMPLATE:
        result = _filled(evaluator, name, args, result)
    if name in _REPLACING:
        result = _put_in(evaluator, name, args, result)
    if name in implicit.COMPARING:
        told = implicit.of_function(evaluator, node, args)
        result = evaluator.join(result, Val(labels=told)) if told else result
    return packing.called(evaluator, name, args, evaluator.join(result, side_effects(evaluator, node, name, args)))


def _filled(evaluator: Evaluator, name: str, args: list[Val], result: Val) -> Val:
    """The addresses of a template beside a result of which nothing else is known."""
    if _TEMPLATE[name] >= len(args) or any("//" in text for text in result.texts):
        return result
    added = filling.addresses(evaluator, args[_TEMPLATE[name]])
    return result.replaced(texts=result.texts | added) if added else result


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
    markup = sorted({text for value in given for text in value.texts if _IN_MARKUP.search(text)})[:_MAX_PUT_IN]
    texts |= {rest + text + rest for text in markup}  # `strtr($page, ['</body>' => '<img src="https://..."></body>'])`
    if put.texts == _NO_TEXT:  # something is taken out: what a caller passes mostly is left as it is
        result = result.replaced(texts=result.texts | {text for text in subject.texts if PARAMETERS.fullmatch(text)})
    return result.replaced(texts=texts if changed else result.texts | texts) if texts else result


def side_effects(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    """What a function does besides its value: output, callbacks, code, by-reference arguments.

    Returns what comes back of it: from callbacks, and what was kept under a name.
    """
    if name in _RETURNS_INSTEAD and len(args) > 1 and args[1].texts == _TRUE:
        return Val(labels=objects.exposed(evaluator, args[0]))  # the text is the value, and nothing is shown
    sink, shown = evaluator.state.catalogue.local_sinks.get(name), args
    if name in output.PRINTS and name in objects.ENCODERS:
        shown = [objects.with_content(evaluator, arg) for arg in args]
    if sink is not None:
        reaches.apply_local_sink(evaluator, node, sink, shown, None)
        reaches.keep_content(evaluator, node, sink, args)
    if name in output.PRINTS:
        output.printed(evaluator, shown, name, _formatted(evaluator, node, name, args))
    if name in _FIELDS and len(args) == 1:  # variables of the names that it says (PHP before 8)
        given = Val(labels=labels_of(evaluator, args))
        reaches.name_variables(evaluator, node, name, given, given)
        extracting.unpack(evaluator, Val(rest=given))
    if name in sensitive.NAMES:
        sensitive.observe(evaluator, node, name, args)
    returned = callbacks.run_callbacks(evaluator, node, name, args)
    if name in objects.ENCODERS and any(arg.types or arg.sites or arg.items or arg.rest is not None for arg in args):
        scope = visibility.scope_of(evaluator, name)
        labels = (
            Val(labels=objects.exposed(evaluator, arg, scope)) for arg in args if generators.CLASS not in arg.types
        )
        returned = join_all([returned, *labels], evaluator.state.overflow)
        if name == "iterator_to_array":
            returned = evaluator.join(returned, objects.iterated(evaluator, args[0]))
    _write_outputs(evaluator, node, name, args)
    quoting.of_function(evaluator, name, args)
    kept = [keeping.keep(evaluator, name, args), listing.found(evaluator, name)]
    if name == "stream_socket_pair":
        kept.append(keeping.pair(evaluator, node))
    return join_all([returned, *kept, sidelines.called(evaluator, node, name, args)], evaluator.state.overflow)


def _general(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val:
    state = evaluator.state
    (texts, scalar), told = folded_value(evaluator, name, args), frozenset[int]()
    if name in _TURNING and texts and any(map(PARAMETERS.search, texts)):
        texts, scalar = texts | evaluator.unknown(node).texts, ""
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
        if not _is_described(evaluator, name):
            assumed.apply(evaluator, node, name, args)
            told = assumed.told(evaluator, node, NOTHING, args)
        labels = labels_of(evaluator, [*args, *given_back(evaluator, args)])
    source = state.matcher.source(name)
    if source is not None and state.matters(source.label):
        labels = {**labels, source.label: Trace(evaluator.path, node.line, f"{name}()", None, 1)}
    result = Val(texts or evaluator.unknown(node).texts, labels, sites=told, scalar=scalar)
    if source is not None and source.label == "database" and "query" in name:
        return join_all([result, *(evaluator.rows(arg) for arg in args if arg.texts)], state.overflow)
    return result


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


def _scanned(evaluator: Evaluator, args: list[Val]) -> list[str] | None:
    """What `sscanf` finds where text and format are known."""
    known = [evaluator.known_texts(arg) for arg in args[:2]]
    return scanning.scan(known[0][0], known[1][0]) if [len(texts) for texts in known] == [1, 1] else None


@handles("sscanf")
def _sscanf(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """What is found, by number; else a piece of the text: `%s` of a text without blanks is all of it."""
    found = _scanned(evaluator, args)
    if found is not None:
        labels = labels_of(evaluator, args[:1])
        return Val(items={str(place): Val(frozenset([text]), labels) for place, text in enumerate(found)})
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


def _is_described(evaluator: Evaluator, name: str) -> bool:
    """Whether the catalogue says anything of a function."""
    catalogue = evaluator.state.catalogue
    tables = (catalogue.local_sinks, catalogue.byref_outputs, catalogue.higher_order, catalogue.dynamic_code)
    return any(name in table for table in tables) or evaluator.state.matcher.source(name) is not None


def _formatted(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val | None:
    """What is printed instead of the arguments."""
    if name == "printf" and args:
        return _general(evaluator, node, "sprintf", args)
    return _vsprintf(evaluator, node, args) if name == "vprintf" else None


def _write_outputs(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> None:
    """By-reference arguments of built-in functions get whatever went in."""
    if name in array_functions.IN_PLACE or name in walking.WALKS:
        return  # their handlers have written what the array has now
    if name in fetches.BINDING:
        return
    for position in evaluator.state.catalogue.byref_outputs.get(name, ()):
        if position < len(node.args) and position < len(args):
            target = node.args[position].value
            if isinstance(target, (Var, Index)):
                value = _output(evaluator, node, name, args, position)
                evaluator.state.interpreter.write(evaluator, target, value)


def _output(evaluator: Evaluator, node: Call, name: str, args: list[Val], position: int) -> Val:
    """What a function writes to one of its arguments."""
    labels = labels_of(evaluator, args)
    if name == "proc_open":  # its pipes belong to the process: what is written to them goes there
        return Val(rest=Val(labels=labels, sites=frozenset([evaluator.state.site(evaluator.number, node.start)])))
    if name == "socket_create_pair":
        return keeping.pair(evaluator, node)
    scanned = _scanned(evaluator, args) if name == "sscanf" else None
    if scanned is not None:
        return Val(frozenset(scanned[position - 2 : position - 1]), labels)
    if name == "fscanf":  # of the line that it reads
        labels = labels_of(evaluator, [*args, evaluator.held_in(args[0])])
    value = evaluator.join(args[position], Val(evaluator.unknown(node.args[position].value).texts, labels))
    if name == "exec":  # lines that the program prints: it may have read a file
        read = processes.inherited(evaluator, args[0])
        value = evaluator.join(value, Val(rest=Val(labels=read.labels)) if read.labels else NOTHING)
    if name in _FIELDS:
        value = evaluator.join(value, arrays.fields(args[0]))
    if name in matching.MATCHES and len(args) > 1:
        found = matching.matches(evaluator, name, args, labels)
        value = evaluator.join(value, shipped.matches(args[1])) if found is None else found
    return value


# -- variables by name -------------------------------------------------------------------------------------------


_OF_ENVIRONMENT = frozenset({"4", "5"})
"""Values of `INPUT_ENV` and `INPUT_SERVER`."""


@handles("compact")
def _compact(evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    items: dict[str, Val] = {}
    for arg in args:
        for name in evaluator.known_texts(contents(evaluator, arg)):
            items[name] = evaluator.value(Var(name))
    return Val(items=items)


@handles("session_name")
def _session_name(_evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """The cookie of the session, as PHP names it unless it is told otherwise (session.name, PHP manual)."""
    return text_value("PHPSESSID")


@handles("get_defined_vars")
def _defined_variables(evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """Local variables; in the code of a file itself these may be the globals."""
    everything = evaluator.superglobal("GLOBALS") if evaluator.file_scope else None
    return Val(
        labels=everything.labels if everything is not None else None,
        items={name: value for name, value in sorted(evaluator.env.items()) if "->" not in name},
    )


@handles("define")
def _define(_evaluator: Evaluator, _node: Call, _args: list[Val]) -> Val:
    """What it keeps is a store (see `keeping`)."""
    return NOTHING


@handles("filter_input", "filter_input_array")
def _filtered_input(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """What the request sends, or with `INPUT_ENV` and `INPUT_SERVER` what the environment has."""
    sources = evaluator.known_texts(args[0]) if args else []
    shown = evaluator.state.origins.request_value(f"{node.name}(...)", evaluator.path, evaluator.line)
    if _OF_ENVIRONMENT.isdisjoint(sources):
        return shown
    if node.short_name == "filter_input":
        return _environment(evaluator, node, args[1:2])
    return evaluator.join(shown, _environment(evaluator, node, []))


@handles("getenv", "apache_getenv")
def _environment(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    if not args:
        return Val(labels={"environment": Trace(evaluator.path, evaluator.line, "the whole environment", None, 1)})
    names = evaluator.known_texts(args[0])
    if not names:  # one variable, not all of them
        return evaluator.join(evaluator.named(ENVIRONMENT, args[0]), Val(evaluator.unknown(node).texts))
    return join_all((evaluator.environment(name, f"getenv('{name}')") for name in names), evaluator.state.overflow)
