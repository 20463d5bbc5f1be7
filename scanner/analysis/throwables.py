"""Classes of PHP that can be thrown, and which of them is a kind of which.

Source: the manual, chapters Predefined Exceptions, SPL Exceptions, JSON, PDO, mysqli, SOAP, Reflection and Fibers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.analysis.program import Program

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
PREVIOUS = "getprevious"
_PARENTS = {kind: parent for parent, kinds in _KINDS.items() for kind in kinds.split()}


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
