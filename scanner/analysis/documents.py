"""Documents that a program builds: DOM, SimpleXML and XMLWriter.

All nodes of a document stand for the document: what is written to one of them is in the document, wherever that goes,
and comes out with its text. Source: the manual, chapters DOM, SimpleXML and XMLWriter.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from scanner.analysis import packing
from scanner.analysis.destinations import looks_like_host
from scanner.analysis.summary import opened_property
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, all_labels, join_all, merge_labels
from scanner.model.facts import Call, Var

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.analysis.frame import Frame
    from scanner.model.signature import Signature

WRITER = "xmlwriter"
READER = "xmlreader"
_READING = frozenset({"xml", "open", "fromstring", "fromuri", "fromstream"})
CLASSES = frozenset(
    {"domattr", "domcdatasection", "domcomment", "domdocument", "domdocumentfragment", "domelement", "domnode",
     "domtext", "dom\\document", "dom\\element", "dom\\htmldocument", "dom\\htmlelement", "dom\\node",
     "dom\\xmldocument", "simplexmlelement", "simplexmliterator", READER, WRITER}
)  # fmt: skip
_ASKING = "domxpath"
MAKING = frozenset({"simplexml_load_string", "simplexml_load_file", "simplexml_import_dom", "dom_import_simplexml"})
"""Functions that give a document."""
_ADDRESS_IF = {"SimpleXMLElement": "dataIsURL"}
"""Classes that are given the address of a document where a parameter says so."""
_OFF = frozenset({"", "0"})
WRITTEN = "document"
"""Role of what was written into a document: it leaves with the document's text."""
STREAMED = "held"
"""Role of what a writer was given: it goes to the address that the writer has opened."""
PUTS = frozenset(
    {"setattribute", "setattributens", "appendchild", "appendxml", "createelement", "createelementns",
     "createtextnode", "createcdatasection", "addchild", "addattribute", "writeelement", "writeattribute",
     "writecdata", "writeraw", "insertbefore", "replacechild", "removechild", "importnode", "adoptnode"}
)  # fmt: skip
"""Methods that no other classes have: an object that only the caller knows is a document."""
_GIVES = frozenset({"asxml", "c14n", "savehtml", "savexml", "getattribute", "getattributens"})
"""The same, of those that give text of the document."""
_READ = frozenset({"getattribute", "getattributens"})
_INNER = re.compile(r"[>\"']\s*+([\w.-]{4,253})\s*+[<\"']")
_MAX_TEXT = 10_000
_MAX_HOSTS = 8
_TEXT = "textContent"
_SIMPLE = "simplexmlelement"
"""Class of nodes that are text themselves."""
_PARTS = {"ownerdocument": "domdocument", "documentelement": "domelement"}
"""Properties that no other classes have, and what is in them."""


def part_types(name: str) -> frozenset[str]:
    """Class of what a property of a node holds."""
    cls = _PARTS.get(name.lower())
    return frozenset() if cls is None else frozenset([cls])


def is_address(signature: Signature, call: Call, args: Sequence[Val]) -> bool:
    """Whether a class is given the address of a document in the place of the document: a parameter says so."""
    flag = _ADDRESS_IF.get(signature.callable)
    names = (arg.name or "".join(signature.params[index : index + 1]) for index, arg in enumerate(call.args))
    return flag is not None and any(
        name == flag and value.texts - _OFF for name, value in zip(names, args, strict=False)
    )


def made(frame: Frame, ancestors: Sequence[str], instance: Val, args: Sequence[Val]) -> Val:
    """A new object: note whether it is a document; one that asks a document (`DOMXPath`) belongs to it."""
    if not CLASSES.isdisjoint(ancestors):
        role = STREAMED if WRITER in ancestors else WRITTEN
        frame.state.documents.update(dict.fromkeys(instance.sites, role))
        put(frame, instance.sites, args, of_callers=True)  # `new SimpleXMLElement($text)`, `new DOMElement('a', $text)`
    elif _ASKING in ancestors:
        return instance.replaced(sites=instance.sites.union(*(_documents(frame, arg) for arg in args)))
    return instance


def loaded(frame: Frame, call: Call, args: Sequence[Val], value: Val) -> Val:
    """A document that a function gives, of a text or of another document."""
    site = frame.state.site(frame.number, call.start)
    frame.state.documents[site] = WRITTEN
    put(frame, {site}, args, of_callers=True)
    return value.replaced(sites=value.sites | {site})


def opened(frame: Frame, call: Call, signature: Signature, args: Sequence[Val]) -> Val:
    """A reader that a static method of its class makes: `XMLReader::XML($text)`."""
    cls, _separator, method = signature.callable.lower().partition("::")
    if cls != READER or method not in _READING:
        return NOTHING
    return loaded(frame, call, args, Val(types=frozenset([READER])))


def called(frame: Frame, call: Call, method: str, receiver: Val, args: Sequence[Val], result: Val) -> Val:
    """A method of a document or of a node: it takes in what it is given, and gives out what is in the document."""
    sites = _documents(frame, receiver)
    if method in PUTS:
        sites |= {site for site in receiver.sites if site < 0}
    if method in _GIVES:
        passed = [opened_property(site, _TEXT, frame.state.holes) for site in sorted(receiver.sites) if site < 0]
        result = join_all([result, *passed], frame.state.overflow)
    if not sites:
        return result
    put(frame, sites, args)
    joined = {site for arg in args for site in _documents(frame, arg)} - sites
    if joined and isinstance(call.receiver, Var) and call.receiver.name in frame.env:  # it is one with what it took in
        known = frame.env[call.receiver.name]
        frame.env[call.receiver.name] = known.replaced(sites=known.sites | joined)
    return inside(frame, receiver, result, method if method in _READ else "")


def put(frame: Frame, sites: frozenset[int] | set[int], values: Sequence[Val], *, of_callers: bool = False) -> None:
    """Write values into documents, other documents with what is in them.

    `of_callers`: what callers pass is wanted, too: it is the text that the document is made of.
    """
    held = join_all((_held(frame, _documents(frame, value)) for value in values), frame.state.overflow)
    hosts = frozenset(host for value in values for text in sorted(value.texts) for host in _hosts_in(text))
    told = join_all([Val(held.texts | hosts), *map(packing.told, values)], frame.state.overflow)
    for site in sorted(sites):
        role = frame.state.documents.get(site, WRITTEN)
        given = (_secrets(frame, value, of_callers=of_callers or role == STREAMED).labels for value in values)
        labels = reduce(merge_labels, given, held.labels)
        if labels or told.texts:
            frame.set_site(site, role, Val(told.texts, labels))


def _hosts_in(text: str) -> list[str]:
    """Texts of a known document's elements and attributes that can be hosts; bounded."""
    if "<" not in text or not is_known(text) or len(text) > _MAX_TEXT:
        return []
    return [found for found in _INNER.findall(text) if looks_like_host(found)][:_MAX_HOSTS]


def assigned(frame: Frame, base: Val, value: Val) -> None:
    """`$node->nodeValue = ...`, `$document->child = ...`."""
    sites = _documents(frame, base)
    if sites:
        put(frame, sites, [value])


def inside(frame: Frame, base: Val, value: Val, name: str = "") -> Val:
    """A part of a document, or its text: it belongs to the document.

    `name`: what is read of it. An address that was written comes out of SimpleXML alone, whose nodes are text: those of
    DOM have names of namespaces and algorithms in them everywhere. A host comes out of both.
    """
    sites = _documents(frame, base)
    if not sites:
        return value
    held = _held(frame, sites)
    if not name:
        held = Val(labels=held.labels)
    elif _SIMPLE not in base.types:
        held = Val(frozenset(text for text in held.texts if "://" not in text), held.labels)
    found = [value, _secrets(frame, base), Val(sites=frozenset(sites)), held]
    return join_all(found, frame.state.overflow)


def is_part(frame: Frame, value: Val) -> bool:
    """Whether a value is a document, or an element of one."""
    return bool(_documents(frame, value))


def _secrets(frame: Frame, value: Val, *, of_callers: bool = False) -> Val:
    """Secrets in a value: other data that goes into documents is of no interest, and comes out everywhere.

    `of_callers`: what callers pass is wanted, too. Of a writer only its text comes out.
    """
    state = frame.state
    labels = all_labels(value)
    return Val(
        labels=state.lasting(labels) if of_callers else {k: way for k, way in labels.items() if state.is_specific(k)}
    )


def _documents(frame: Frame, value: Val) -> set[int]:
    known = frame.state.documents
    return {site for site in value.sites if site in known} if known else set()


def _held(frame: Frame, sites: set[int]) -> Val:
    found: list[Val] = []
    for site in sorted(sites):
        role = frame.state.documents[site]
        found.append(frame.sites.get(site, {}).get(role, NOTHING))
        found.append(frame.state.read_site(site, role) or NOTHING)
    return join_all(found, frame.state.overflow)
