"""Text that the scanned program runs as code: where it is run, and what it does as far as it is known.

Nothing is executed. What `eval` and its kin get is folded like any other string; where that gives PHP code, the code
is parsed and followed in the place and with the variables of the `eval`, layer after layer within a budget.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis import folding, quoting, transfer
from scanner.analysis.describe import describe
from scanner.analysis.destinations import UNRESOLVED, is_local, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.pieces import each_piece
from scanner.analysis.remote import OUTSIDE
from scanner.analysis.summary import Hit
from scanner.analysis.templates import FIRST_PRIVATE, PARAMETERS, HoleTable, is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all, parts, text_value
from scanner.model.facts import Call, CallKind, Const, Value, decode_body
from scanner.model.signature import CallableKind, Certainty, Signature
from scanner.php import extract

KIND = "code"
"""Kind of the signature below; no channel of any rule about calls that leave the server."""
_RUN = Signature(
    id="php.code", callable="eval", type=CallableKind.CONSTRUCT, kind=KIND, lib="php", phase="execute",
    certainty=Certainty.ALWAYS,
)  # fmt: skip
_MAX_TEXTS = 4
"""Different texts of one `eval` that are followed."""
_MAX_LAYERS = 16
_MAX_UNITS = 400
_MAX_BYTES = 4_000_000
"""Bytes of decoded code that are parsed in one release."""
_TELLING = re.compile(
    r"\b(?!(?:return|if|elseif|array|list|isset|empty|while|foreach|for|switch|function|fn|echo|print)\b)[a-z_]\w{2,}\s*\("
    r"|://|`|\b(?:include|require)(?:_once)?\b|<\?",
    re.IGNORECASE,
)
"""What makes a partly known text worth parsing: a call, an address, an include."""
_DELIMITERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_DATA = re.compile(r"data:(?://)?[^,]*?(;base64)?,(.*)", re.DOTALL | re.IGNORECASE)
_FILTERS = re.compile(
    r"(?:^|[/|=])(?:read=|write=)?"
    r"(convert\.base64-decode|string\.rot13|convert\.quoted-printable-decode|zlib\.inflate)",
    re.IGNORECASE,
)
_FILTER_FOLDS = {
    "convert.base64-decode": "base64_decode",
    "string.rot13": "str_rot13",
    "convert.quoted-printable-decode": "quoted_printable_decode",
    "zlib.inflate": "gzinflate",
}


def run(evaluator: Evaluator, call: Call, api: str, value: Val, shown: Value | None = None) -> Val:
    """Note that a value is run as code here, and follow what of it is known. Gives what the code returns."""
    value = evaluator.stringified(value)
    roles = {"code": value, "shown": text_value(_shown(shown))}
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, _RUN, api, roles, frozenset(), (),
            (evaluator.path, call.line), certain=True, computed=evaluator.computed,
        )
    )  # fmt: skip
    return follow(evaluator, call, value)


def _shown(node: Value | None) -> str:
    return "" if node is None else ("=" if isinstance(node, Const) else "") + describe(node)


def follow(evaluator: Evaluator, call: Call, value: Val) -> Val:
    """Follow the code that a value is known to hold, with the variables of this place."""
    results = [_follow(evaluator, call, text, value) for text in _candidates(evaluator, value)]
    return join_all(results, evaluator.state.overflow)


def tells(evaluator: Evaluator, value: Val) -> bool:
    """Whether enough of some code is known to follow it."""
    return bool(_candidates(evaluator, value))


def _candidates(evaluator: Evaluator, value: Val) -> list[str]:
    known = evaluator.known_texts(value)
    if known:
        return [text for text in known if text.strip()][:_MAX_TEXTS]
    return [text for text in sorted(value.texts) if _TELLING.search(text)][:_MAX_TEXTS]


def _follow(evaluator: Evaluator, call: Call, text: str, value: Val) -> Val:
    state, program = evaluator.state, evaluator.state.program
    source, holes = _with_variables(text)
    unit = program.code_unit(evaluator.number, call.start, source)
    if unit is None:
        if (
            program.layers(evaluator.number) >= _MAX_LAYERS
            or program.code_units >= _MAX_UNITS
            or program.code_bytes + len(source) > _MAX_BYTES
        ):
            state.limit("decoded-code", evaluator.number)
            return NOTHING
        facts = extract(b"<?php " + source.encode("latin-1", "replace"))
        unit = program.add_code(evaluator.number, call, text, source, facts)
        state.followed |= frozenset(range(unit, len(program.functions)))
    if unit in state.active or len(state.active) >= state.limits.call_depth:
        return NOTHING
    state.active.append(unit)
    try:
        inner = evaluator.state.interpreter.evaluator(unit)
        inner.env = dict(evaluator.env)
        inner.globals, inner.cls = dict(evaluator.globals), evaluator.cls
        inner.file_scope, inner.after_include = evaluator.file_scope, evaluator.after_include
        inner.sites = evaluator.sites
        for name, hole in holes.items():
            inner.env[name] = Val(frozenset([hole]), all_labels(value))
        transfer.run(inner, decode_body(inner.fact.body))
    finally:
        state.active.pop()
    evaluator.take_over(inner)
    for name in holes:
        inner.env.pop(name, None)
    evaluator.env, evaluator.globals = inner.env, inner.globals
    evaluator.after_include = inner.after_include
    for number in program.declared_by(unit):
        state.interpreter.summary(number)
    return inner.returns


def _with_variables(text: str) -> tuple[str, dict[str, str]]:
    """The text with a variable in the place of each hole, and the holes by the names of their variables.

    Inside quotes a variable is written so that its value becomes part of the string, whatever follows it.
    """
    if is_known(text):
        return text, {}
    holes: dict[str, str] = {}
    parts: list[str] = []
    quote = ""
    for part in _QUOTED.split(text):
        if part >= FIRST_PRIVATE:
            name = f"hole_{ord(part):x}"
            holes[name] = part
            parts.append(_IN_QUOTES[quote].format(name))
            continue
        parts.append(part)
        if part in _IN_QUOTES and quote in ("", part):
            quote = "" if quote else part
    return "".join(parts), holes


_QUOTED = re.compile(f"([\"'`{FIRST_PRIVATE}-\U0010ffff]|\\\\.)", re.DOTALL)
_IN_QUOTES = {"": "${}", "'": "'.${}.'", '"': "{{${}}}", "`": "{{${}}}"}
"""How a variable is written outside of quotes and in each kind of them."""


# -- functions that run code --------------------------------------------------------------------------------------


def of_function(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> Val | None:
    """Effect of a function of PHP that runs an argument as code; None for every other function."""
    nodes = [arg.value for arg in node.args] if len(node.args) == len(args) else [None] * len(args)
    if name == "assert" and args:
        if evaluator.computed or _may_be_code(evaluator, args[0]):
            run(evaluator, node, "assert", _statement(args[0]), nodes[0])
        return NOTHING
    if name == "create_function" and args:
        body = args[1] if len(args) > 1 else args[-1]
        parameters = sorted(evaluator.known_texts(args[0]))[:1] if len(args) > 1 else []
        head = parameters[0] if parameters else ""
        texts = frozenset(f"return function({head}) {{{text}}};" if is_known(text) else text for text in body.texts)
        return run(evaluator, node, name, body.replaced(texts=texts), nodes[-1])
    if name in ("preg_replace", "preg_filter") and len(args) > 1:
        if _evaluates(evaluator, args[0]):
            run(evaluator, node, f"{name} /e", _statement(_elements(args[1])), nodes[1])
    elif name in ("mb_ereg_replace", "mb_eregi_replace") and len(args) > 3:  # noqa: PLR2004  options come fourth
        if any("e" in text for text in evaluator.known_texts(args[3])):
            run(evaluator, node, f"{name} e", _statement(args[1]), nodes[1])
    elif name in _RUNNERS and len(args) > _RUNNERS[name]:
        run(evaluator, node, name, args[_RUNNERS[name]], nodes[_RUNNERS[name]])
    return None


_RUNNERS = {
    "override_function": 2, "runkit_function_add": 2, "runkit_function_redefine": 2, "runkit7_function_add": 2,
    "runkit7_function_redefine": 2, "runkit_method_add": 3, "runkit7_method_add": 3, "runkit_method_redefine": 3,
    "runkit7_method_redefine": 3,
}  # fmt: skip
"""Functions of extensions, and which argument is the code."""


def _elements(value: Val) -> Val:
    """A string, or any of the strings of an array."""
    items = parts(value)
    return join_all([value, *items], "") if items else value


def _statement(value: Val) -> Val:
    """An expression as a statement of its own."""
    return value.replaced(texts=frozenset(f"return {text};" if is_known(text) else text for text in value.texts))


def _may_be_code(evaluator: Evaluator, value: Val) -> bool:
    """Whether the argument of `assert` may be a string: one that is known, or that comes from outside."""
    if any(text.strip() not in ("", "0", "1") for text in evaluator.known_texts(value)):
        return True
    if not OUTSIDE.isdisjoint(value.labels) or any(map(_TELLING.search, value.texts)):
        return True
    return any(len(text) == 1 and PARAMETERS.match(text) for text in value.texts)


def _evaluates(evaluator: Evaluator, value: Val) -> bool:
    """Whether a regular expression has the modifier `e`, or comes from the request and may have it."""
    patterns = _elements(value)
    for text in evaluator.known_texts(patterns):
        stripped = text.strip()
        if len(stripped) > 1 and not stripped[0].isalnum():
            end = stripped.rfind(_DELIMITERS.get(stripped[0], stripped[0]))
            if end > 0 and "e" in stripped[end + 1 :] and re.fullmatch(r"[a-zA-Z\s]*", stripped[end + 1 :]):
                return True
    holes = evaluator.state.holes
    if any(_from_request(text[-1:], holes) and _from_request(text[:1], holes) for text in patterns.texts):
        return True
    return bool(direct(evaluator, value)) and all(len(text) == 1 for text in value.texts)


def _from_request(character: str, holes: HoleTable) -> bool:
    hole = holes.hole(character) if character else None
    return hole is not None and hole.kind == "user-input"


# -- includes -----------------------------------------------------------------------------------------------------


def of_stream(text: str) -> str | None:
    """PHP code that an include of a stream reads, where the path holds it: `data:` and filters over it."""
    lower = text.lower()
    if lower.startswith("php://filter"):
        inner = text.partition("resource=")[2]
        found = of_stream(inner) if inner.lower().startswith("data:") else None
        for name in _FILTERS.findall(text.partition("resource=")[0]) if found is not None else ():
            known = found is not None and is_known(found)
            found = folding.fold(_FILTER_FOLDS[name.lower()], [found]) if known and found is not None else None
        return found
    match = _DATA.match(text)
    if match is None:
        return None
    if match[1]:
        return folding.fold("base64_decode", [match[2]]) if is_known(match[2]) else None
    decoded = each_piece(lambda piece: folding.fold("rawurldecode", [piece]), match[2])
    return match[2] if decoded is None else decoded


def included(evaluator: Evaluator, call: Call, target: Val) -> None:
    """An `include` of a stream runs code that is no file of the release."""
    streams = sorted(text for text in target.texts if _is_stream(text))
    if len(streams) < len(target.texts):
        streams = [text for text in streams if not _names_nobody(text, evaluator.state.holes)]
    whole = any(len(text) == 1 or _from_request(text[:1], evaluator.state.holes) for text in target.texts)
    labels = direct(evaluator, target)
    if not streams and labels and whole:
        run(evaluator, call, str(call.name), Val(target.texts, labels), call.args[0].value if call.args else None)
    if streams:
        codes = [code for text in streams if (code := of_stream(text)) is not None]
        value = Val(frozenset("?>" + code for code in codes) or frozenset(streams), all_labels(target))
        shown = call.args[0].value if call.args else None
        run(evaluator, call, f"{call.name} {streams[0].partition(':')[0].lower()}:", value, shown)


def _names_nobody(text: str, holes: HoleTable) -> bool:
    """Whether an address names this machine, or is known and names none at all: beside a file's name it is no host.

    `$path . '/settings.php'` with one of all paths of a release, of which one is the address of a test server.
    """
    if not _WEB.match(text):
        return False
    name = url_destination(text, holes).name
    return is_local(name) or (name == UNRESOLVED and is_known(text))


_WEB = re.compile(r"(?:https?|ftps?)://", re.IGNORECASE)


def _is_stream(text: str) -> bool:
    """Whether a path begins with a scheme and goes on with something known, not just with a cleaned-up unknown."""
    match = _STREAM.match(text)
    return match is not None and (text[match.end() : match.end() + 1] or " ") < "\ue000"


_STREAM = re.compile(r"data:|(?!file:|(?:https?|ftps?)://[^\w\[%\ue000-\U0010ffff])[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def direct(evaluator: Evaluator, value: Val) -> dict[str, Trace]:
    """Labels of data from outside that is read in this file and has not passed through any call of the program."""
    return {
        label: trace
        for label, trace in value.labels.items()
        if label in OUTSIDE and trace.length == 1 and trace.path == evaluator.path
    }


def callee(evaluator: Evaluator, call: Call, value: Val, args: Sequence[Val]) -> None:
    """A callee that comes from outside the release: whoever sends it decides what runs.

    Only the short way counts, from the source to the call inside one function and what it calls: through the stores of
    a framework everything comes from the request somehow.
    """
    quoting.name(evaluator, value)
    labels = dict(direct(evaluator, value))
    if value.items and set(value.items) == {"0", "1"}:  # [$object, 'method']
        labels |= direct(evaluator, value.items["1"])
    if not labels or evaluator.known_texts(value) or (call.kind == CallKind.FUNCTION and not _calls_back(call)):
        return
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, _RUN, "callee",
            {"callee": Val(value.texts, labels), "arguments": join_all(args, evaluator.state.overflow)},
            frozenset(), (), (evaluator.path, call.line), certain=True, computed=True,
        )
    )  # fmt: skip


_CALLING = re.compile(
    r"call_user|forward_static|array_|u[ak]?[ks]?sort|register_|ob_start|iterator_apply|preg_replace_callback|set_e|"
    r"spl_autoload|filter_|xml_set|header_register|session_set"
)


def _calls_back(call: Call) -> bool:
    return isinstance(call.name, str) and _CALLING.match(call.name.lower().lstrip("\\")) is not None
