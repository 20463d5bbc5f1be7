"""Classes of PHP that can be thrown, and which of them is a kind of which.

Source: the manual, chapters Predefined Exceptions, SPL Exceptions, JSON, PDO, mysqli, SOAP, Reflection and Fibers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from scanner.analysis.destinations import host_in
from scanner.analysis.templates import OF_OBJECT, PARAMETERS
from scanner.analysis.values import NOTHING, Val, all_labels, join_all

if TYPE_CHECKING:
    from scanner.analysis.evaluator import Evaluator
    from scanner.analysis.program import Program
    from scanner.model.facts import Call

_KINDS: Mapping[str, str] = {
    "throwable": "exception error",
    "exception": "errorexception logicexception runtimeexception jsonexception reflectionexception soapfault",
    "logicexception": "badfunctioncallexception domainexception invalidargumentexception lengthexception "
    "outofrangeexception",
    "badfunctioncallexception": "badmethodcallexception",
    "runtimeexception": "outofboundsexception overflowexception rangeexception underflowexception "
    "unexpectedvalueexception pdoexception mysqli_sql_exception",
    "error": "arithmeticerror assertionerror compileerror fibererror typeerror unhandledmatcherror valueerror",
    "arithmeticerror": "divisionbyzeroerror",
    "compileerror": "parseerror",
    "typeerror": "argumentcounterror",
}
_FEW = 12
_OF_MESSAGE = 3
"""Arguments of a constructor among which the message is."""
PREVIOUS = "getprevious"
_MESSAGE = "getmessage"
_KEPT = "\0message"
"""What PHP's own constructor was given, as a property that no PHP code can name."""
METHODS = frozenset({PREVIOUS, _MESSAGE})
_ADDRESSES = ("\2error", "addresses")
"""Addresses that stand as messages of exceptions: who catches one may ask for it, and which one that is nobody sees."""
_MAX_ADDRESS = 120
_ADDRESS = re.compile(r"[\w.:/?&=%~+@-]+")
_PARENTS = {kind: parent for parent, kinds in _KINDS.items() for kind in kinds.split()}


def made(evaluator: Evaluator, ancestors: Iterable[str], args: Sequence[Val]) -> None:
    """A new object: where it can be thrown, an address that is all of its message is kept; a caller may pass it."""
    texts = {text for arg in args[:_OF_MESSAGE] for text in arg.texts}
    told = {text for text in texts if _is_address(text) or PARAMETERS.fullmatch(text)}
    if told and _can_be_thrown(ancestors):
        evaluator.write_shared("store", _ADDRESSES, Val(frozenset(told)))


def constructed(evaluator: Evaluator, call: Call, ancestors: Iterable[str], method: str, args: Sequence[Val]) -> None:
    """`parent::__construct($message)` in a class of the program: the object has what PHP's own class keeps."""
    if call.receiver == "parent" and method == "__construct" and args and _can_be_thrown(ancestors):
        for site in sorted(evaluator.env["this"].sites) if "this" in evaluator.env else ():
            evaluator.set_site(site, "." + _KEPT, join_all(args[:_OF_MESSAGE], evaluator.state.overflow))


def carried(evaluator: Evaluator, instance: Val) -> Val:
    """A new object with what its class gave to that of PHP: wherever it is caught, it carries that."""
    kept = [evaluator.sites.get(site, {}).get("." + _KEPT) for site in sorted(instance.sites)]
    labels = join_all((Val(labels=all_labels(one)) for one in kept if one is not None), evaluator.state.overflow).labels
    return instance.replaced(labels=labels) if labels else instance


def _can_be_thrown(ancestors: Iterable[str]) -> bool:
    return any(cls in _KINDS or cls in _PARENTS for cls in ancestors)


def _is_address(text: str) -> bool:
    if len(text) > _MAX_ADDRESS or not _ADDRESS.fullmatch(text) or not text.isascii():
        return False
    return "://" in text or bool(host_in(text))


def called(evaluator: Evaluator, method: str, receiver: Val) -> Val:
    """What a method (lower case) of an exception gives back besides what it carries."""
    if method == PREVIOUS:
        return Val(types=declared(evaluator.state.program))
    if method != _MESSAGE:
        return NOTHING
    told = evaluator.state.read_store(_ADDRESSES)
    return evaluator.join(told, evaluator.project(receiver, OF_OBJECT + _KEPT)) if receiver.sites else told


def declared(program: Program) -> frozenset[str]:
    """Classes of the program that can be thrown, as far as they are few: what `getPrevious()` gives is one of them."""
    found = {key for cls in (*_KINDS, *_PARENTS) for key in program.descendants(cls, _FEW)}
    return frozenset(found) if len(found) <= _FEW else frozenset()


def above(cls: str) -> Iterator[str]:
    """What a class of PHP (lower case) is a kind of, nearest first; nothing for any other class."""
    parent = _PARENTS.get(cls)
    while parent is not None:
        yield parent
        parent = _PARENTS.get(parent)
