"""What PHP itself hands to functions of the program: errors, exceptions, failed assertions, names of classes, sessions.

What is reported is a store as properties are; handlers get it where they are registered. Source: the manual, chapters
Error Handling, Exceptions, Autoloading Classes and Sessions (`session_set_save_handler`).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_here, handles, is_callable
from scanner.analysis.state import MESSAGE, SESSION
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call, ClassConst

EXCEPTION = ("\2error", "exception")
CLASS = ("\2error", "class")
"""Names of classes that are asked for: the program's loaders get them."""
_LOADING = frozenset({"class_exists", "interface_exists", "trait_exists", "enum_exists", "spl_autoload_call"})
ASSERTION = ("\2error", "assertion")
_HANDLERS = {
    "assert_options": ASSERTION,
    "set_error_handler": MESSAGE,
    "set_exception_handler": EXCEPTION,
    "spl_autoload_register": CLASS,
}
PARSED = ("\2xml", "parsed")
"""What XML parsers of the program are given: their handlers get it in pieces."""
_OF_PARSERS = frozenset(
    {"xml_set_character_data_handler", "xml_set_default_handler", "xml_set_element_handler",
     "xml_set_external_entity_ref_handler", "xml_set_notation_decl_handler", "xml_set_processing_instruction_handler",
     "xml_set_unparsed_entity_decl_handler"}
)  # fmt: skip
_OBJECT = "object"
"""Role of a parser: the object whose methods its handlers are."""
_OF_SESSIONS = {"read": 2, "write": 3, "destroy": 4, "validateId": 7, "updateTimestamp": 8}
"""What gets the id of a session: a method of a handler, and which of the callbacks it is where each is given alone."""
_SAVING = frozenset({"write", "updateTimestamp"})
"""Of these, what gets all that the session holds, too."""
_ID = "session_id"
_OBJECT_AND_FLAG = 2
_HANDLER_CLASSES = ("sessionhandlerinterface", "sessionhandler", "sessionupdatetimestamphandlerinterface")
_FEW = 8
FUNCTIONS = (
    _LOADING
    | _OF_PARSERS
    | {"assert", "xml_parse", "xml_set_object", "session_set_save_handler", "trigger_error", "user_error"}
)
"""Functions that report something, or register who gets a session."""


def note(evaluator: Evaluator, name: str, args: list[Val]) -> None:
    """Effect of one of `FUNCTIONS`."""
    if name in ("trigger_error", "user_error"):
        labels = evaluator.state.telling(join_all((Val(labels=all_labels(a)) for a in args[:1]), "").labels)
        if labels:
            evaluator.write_shared("store", MESSAGE, Val(labels=labels))
    elif name == "assert" and len(args) > 1:  # its message is that of an exception, or goes to a callback
        evaluator.thrown = evaluator.join(evaluator.thrown, args[1])
        report(evaluator, ASSERTION, args[1:2])
        report(evaluator, EXCEPTION, args[1:2])
    elif name == "xml_parse" and len(args) > 1:
        evaluator.write_shared("store", PARSED, Val(labels=evaluator.state.lasting(all_labels(args[1]))))
    elif name == "xml_set_object" and len(args) > 1:
        for site in sorted(args[0].sites):
            evaluator.set_site(site, _OBJECT, args[1])
    elif name in _OF_PARSERS:
        _parsed(evaluator, name, args)
    elif name == "session_set_save_handler" and args:
        _saved(evaluator, args)
    elif name in _LOADING and args:
        report(evaluator, CLASS, args[:1])


def report(evaluator: Evaluator, key: tuple[str, str], values: Sequence[Val]) -> None:
    """Secrets in an error or an exception: the program's handler gets them."""
    labels = join_all((Val(labels=all_labels(value)) for value in values), evaluator.state.overflow).labels
    secrets = {label: trace for label, trace in labels.items() if evaluator.state.is_secret(label)}
    if secrets:
        evaluator.state.write_store(key, Val(labels=secrets))


def caught(evaluator: Evaluator, call: Call) -> Val:
    """What a `catch` gets: what was thrown here or by a callee, as an object of the classes that it names.

    Of those the ones that the program declares, or extends.
    """
    program = evaluator.state.program
    named = [
        cls for arg in call.args if isinstance(arg.value, ClassConst) for cls in evaluator.class_names(arg.value.cls)
    ]
    types = evaluator.thrown.types.union(cls for cls in named if cls in program.classes or cls in program.children)
    return evaluator.thrown.replaced(texts=evaluator.unknown("$exception").texts, types=types)


def handled(evaluator: Evaluator, name: str) -> list[Val] | None:
    """Arguments with which PHP calls an error handler, exception handler or class loader; None for other callbacks."""
    key = _HANDLERS.get(name)
    if name in _OF_PARSERS:
        parsed = evaluator.state.read_store(PARSED)
        data = Val(evaluator.unknown("what is parsed").texts, parsed.labels, rest=parsed if parsed.labels else None)
        return [NOTHING, data, data]
    if key is None:
        return None
    reported = Val(evaluator.unknown("$error").texts, evaluator.state.read_store(key).labels)
    if key is CLASS and not reported.labels:
        return None  # a loader of classes: what it is asked for is anything
    if key is ASSERTION:
        return [NOTHING, NOTHING, NOTHING, reported]
    return [NOTHING, reported] if key is MESSAGE else [reported]


def _parsed(evaluator: Evaluator, name: str, args: list[Val]) -> None:
    """Handlers of an XML parser that are methods of its object (`xml_set_object`), by their names alone."""
    for site in sorted(args[0].sites) if args else ():
        owner = evaluator.sites.get(site, {}).get(_OBJECT, NOTHING)
        for handler in args[1:] if owner is not NOTHING else ():
            pair = Val(items={"0": owner, "1": handler})
            evaluator.state.interpreter.call_value(
                evaluator, call_here(evaluator), pair, handled(evaluator, name) or []
            )


@handles("xml_parser_create", "xml_parser_create_ns")
def _parser(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    """A parser: what is set on it stays with it."""
    return Val(sites=frozenset([evaluator.state.site(evaluator.number, node.start)]))


def _saved(evaluator: Evaluator, args: list[Val]) -> None:
    """A handler of the program that keeps sessions, an object or callbacks: it gets the id, and what is in them."""
    secret = evaluator.state.origins.functions.get(_ID)
    told = (
        evaluator.state.origins.secret_value(secret, evaluator.path, evaluator.line, "id of the session")
        if secret
        else NOTHING
    )
    identity = told.replaced(texts=evaluator.unknown("$id").texts)
    data = Val(evaluator.unknown("$data").texts, evaluator.state.read_store(SESSION).labels)
    by_object = len(args) <= _OBJECT_AND_FLAG
    handler = args[0] if args[0].types else args[0].replaced(types=_declared_handlers(evaluator))
    for method, place in _OF_SESSIONS.items():
        given = [identity, data] if method in _SAVING else [identity]
        if by_object:
            _handle(evaluator, handler, method, given)
        elif place < len(args) and is_callable(evaluator, args[place]):
            evaluator.state.interpreter.call_value(evaluator, call_here(evaluator), args[place], given)


def _declared_handlers(evaluator: Evaluator) -> frozenset[str]:
    """Classes of the program that handle sessions: one of them it is, where nothing says which."""
    program = evaluator.state.program
    return frozenset(cls for base in _HANDLER_CLASSES for cls in program.descendants(base, _FEW))


def _handle(evaluator: Evaluator, handler: Val, method: str, given: list[Val]) -> None:
    """Run a method of a handler that its class in the program has."""
    program = evaluator.state.program
    if any(program.find_method(cls, method.lower()) is not None for cls in handler.types):
        callback = Val(items={"0": handler, "1": Val(frozenset([method]))})
        evaluator.state.interpreter.call_value(evaluator, call_here(evaluator), callback, given)


@handles("error_get_last")
def _last_error(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    """The message of `trigger_error`, and of what else went wrong."""
    message = Val(evaluator.unknown(node).texts, evaluator.state.read_store(MESSAGE).labels)
    return Val(items={"message": message}, rest=Val(evaluator.unknown(node).texts))
