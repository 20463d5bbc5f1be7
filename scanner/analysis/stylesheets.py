"""Style sheets (XSLT) whose text the code holds or the release ships: what they open, and the functions that they call.

`document(concat('https://host/?', $p))` sends what `setParameter` put in `$p`, and what the document holds that is
transformed; `php:function('f', $p)` calls `f` with it. Expressions of XPath over a document call functions likewise.
Source: XSLT 1.0, 12.1; the manual, chapter XSL.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from scanner.analysis import documents, shipped
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_of_value
from scanner.analysis.summary import Hit
from scanner.analysis.templates import PARAMETERS, is_known
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call

_CLASS = "xsltprocessor"
_EXPRESSIONS = "domxpath"
_MARKUP = ".\0markup"
"""Role of a document, or of what transforms: the text of the style sheet."""
_PARAMETERS = ".\0parameters"
_LOADS = {"loadxml": False, "load": True}
"""Methods that give a document its text, and whether they name a file that holds it."""
_MAKES = {"simplexml_load_string": False, "simplexml_load_file": True}
_TRANSFORMS = frozenset({"transformtoxml", "transformtodoc", "transformtouri"})
_ASKS = frozenset({"evaluate", "query"})
METHODS = frozenset({*_TRANSFORMS, *_ASKS, *_LOADS, "importstylesheet", "setparameter"})
_SHEET = "http://www.w3.org/1999/XSL/Transform"
_OPENED = re.compile(
    r"(?:\b(?:document|doc|unparsed-text)\s*\(\s*(?:concat\s*\(\s*)?"
    r"|<(?:\w+:)?(?:import|include)\b[^>]{0,200}\bhref\s*=\s*)"
    r"[\"']((?:https?|ftp)://[^\"']{1,300})",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\w:function(?:String)?\s*\(\s*[\"']([\w\\:]{1,200})[\"']\s*(?:,\s*(?:concat\s*\(\s*)?[\"']([^\"']{1,300})[\"'])?"
)
_MAX_FOUND = 8


def loaded(evaluator: Evaluator, name: str, args: Sequence[Val], made: Val) -> None:
    """A function that makes a document of a text: the document has that text."""
    if name in _MAKES and args:
        _note(evaluator, made, args[0], is_path=_MAKES[name])


def called(evaluator: Evaluator, call: Call, method: str, receiver: Val, args: Sequence[Val]) -> None:
    """A method (lower case) of a document, or of what transforms one."""
    if method in _LOADS and args:
        _note(evaluator, receiver, args[0], is_path=_LOADS[method])
    elif method == "importstylesheet" and args:
        _put(evaluator, receiver, _MARKUP, _held(evaluator, args[0], _MARKUP))
    elif method == "setparameter":
        _put(evaluator, receiver, _PARAMETERS, Val(labels=all_labels(join_all(args, ""))))
    elif method in _TRANSFORMS and _CLASS in receiver.types and args:
        _transform(evaluator, call, method, receiver, args[0])
    elif method in _ASKS and _EXPRESSIONS in receiver.types and args:
        payload = Val(labels=all_labels(documents.inside(evaluator, receiver, receiver)))
        for text in evaluator.known_texts(args[0]):
            _run(evaluator, call, text, payload)


def _note(evaluator: Evaluator, document: Val, source: Val, *, is_path: bool) -> None:
    texts = shipped.texts_of(evaluator, source) if is_path else sorted(source.texts)
    sheets = [text for text in texts if _SHEET in text or (not is_path and PARAMETERS.fullmatch(text))]
    if sheets:
        _put(evaluator, document, _MARKUP, Val(frozenset(sheets), source.labels))


def _put(evaluator: Evaluator, holder: Val, role: str, value: Val) -> None:
    for site in sorted(holder.sites) if value is not NOTHING else ():
        evaluator.set_site(site, role, value)
        if site >= 0:
            evaluator.state.write_site(site, role, value)


def _held(evaluator: Evaluator, holder: Val, role: str) -> Val:
    found = [evaluator.sites.get(site, {}).get(role, NOTHING) for site in sorted(holder.sites)]
    found += [evaluator.state.read_site(site, role) or NOTHING for site in sorted(holder.sites) if site >= 0]
    return join_all(found, evaluator.state.overflow)


def _transform(evaluator: Evaluator, call: Call, method: str, receiver: Val, document: Val) -> None:
    """A transformation opens what the style sheet names, and calls its functions."""
    given = [_held(evaluator, receiver, _PARAMETERS), documents.inside(evaluator, document, document)]
    payload = Val(labels=all_labels(join_all(given, evaluator.state.overflow)))
    markup = _held(evaluator, receiver, _MARKUP)
    for sheet in sorted(markup.texts):
        text = html.unescape(sheet)
        addresses = frozenset(_OPENED.findall(text)[:_MAX_FOUND])
        written = NOTHING if all(map(is_known, addresses)) else Val(labels=markup.labels)  # in the sheet itself
        _open(evaluator, call, method, addresses, evaluator.join(payload, written))
        _run(evaluator, call, text, payload)


def _open(evaluator: Evaluator, call: Call, method: str, addresses: frozenset[str], payload: Val) -> None:
    """The addresses that a style sheet names are opened by the call that transforms."""
    signatures = evaluator.state.matcher.method(_CLASS, method, ())
    if not addresses or not signatures:
        return
    roles = {"url": Val(addresses), "payload": payload}
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, signatures[0], f"XSLTProcessor::{method}",
            roles, frozenset(), (), (evaluator.path, call.line), certain=True,
        )
    )  # fmt: skip


def _run(evaluator: Evaluator, call: Call, text: str, payload: Val) -> None:
    """The functions of PHP that a style sheet or an expression names are called with what it is about."""
    for name, first in _CALLED.findall(text)[:_MAX_FOUND]:
        unknown = Val(evaluator.unknown(name).texts, payload.labels)
        given = [Val(frozenset([first]), payload.labels)] if first else [unknown, unknown]
        callee = Val(frozenset([name]))
        evaluator.state.interpreter.call_value(evaluator, call_of_value(call, len(given)), callee, given, literal=True)
