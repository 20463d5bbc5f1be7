"""What the text of a page makes a browser do: fetches in HTML, JavaScript and CSS, and response headers.

Lexical on purpose: the text is a string of the scanned program, often only a part of a page. Every pattern is
possessive or bounded, so that no text takes more than time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from scanner.model.signature import CallableKind, Catalogue, Signature

_TAG: Final = re.compile(r"<(\??[A-Za-z][\w:-]*+)((?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+)")
_ATTRIBUTE: Final = re.compile(r"(?<![\w:@.-])([\w:@.-]++)\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s\"'<>]++)")
_SELECTOR: Final = re.compile(r"(\*|\??[\w:-]+)((?:\[[\w:*-]+(?:=[\w:.-]+)?\])*)\Z")
_CONDITION: Final = re.compile(r"\[([\w:*-]+)(?:=([\w:.-]+))?\]")
_LITERAL: Final = re.compile(r"\s*+[(=:]?\s*+(?:url\s*+\()?\s*+[\"'`]?([^\s\"'`(){};,<>]{0,2000}+)")
_ADDRESS: Final = re.compile(r"(?:(?<![\w+.-])[a-z][a-z0-9+.-]*+:)?//[^\s\"'<>;,]++", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*+")
_BEFORE: Final = r"(?<![\w$.])"


class Fetch(msgspec.Struct, frozen=True):
    """One place in a text that makes a browser fetch, send or navigate."""

    signature: Signature
    url: str
    """As written, `` when it is not a literal next to the name."""
    offset: int
    """Where in the text, in characters."""


class _Element(msgspec.Struct, frozen=True):
    """A parsed HTML signature."""

    signature: Signature
    conditions: tuple[tuple[str, str], ...]
    attribute: str


class _Code(NamedTuple):
    """A JavaScript or CSS signature."""

    signature: Signature
    pattern: re.Pattern[str]
    before: int
    """Characters of the pattern before its first word: the `.` of `.src=`."""
    needs: str
    """What the text must hold besides."""


class BrowserMatcher:
    """Index over the browser signatures of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._elements: dict[str, list[_Element]] = {}
        self._headers: dict[str, list[tuple[str, Signature]]] = {}
        self._code: dict[str, list[_Code]] = {}
        for signature in catalogue.signatures:
            if signature.type is CallableKind.HTML:
                self._add_element(signature)
            elif signature.type is CallableKind.JAVASCRIPT:
                self._add_code(signature, *_script_pattern(signature.callable))
            elif signature.type is CallableKind.CSS:
                self._add_code(signature, _style_pattern(signature.callable), "")
            elif signature.type is CallableKind.RESPONSE_HEADER:
                name, _, directive = signature.callable.lower().partition(":")
                self._headers.setdefault(name, []).append((directive, signature))

    def fetches(self, text: str) -> tuple[Fetch, ...]:
        """All places in a text, in its order."""
        found = [*self._in_tags(text), *self._in_code(text)]
        return tuple(sorted(found, key=lambda item: (item.offset, item.signature.id)))

    def header(self, line: str) -> tuple[Fetch, ...]:
        """What a response header (`Name: value`) makes the browser do."""
        name, separator, value = line.partition(":")
        if not separator:
            return ()
        address = _ADDRESS.search(value)
        url = address[0] if address else value.strip() if name.strip().lower() == "location" else ""
        return tuple(
            Fetch(signature, url, 0)
            for directive, signature in self._headers.get(name.strip().lower(), ())
            if directive in value.lower()
        )

    def _add_element(self, signature: Signature) -> None:
        match = _SELECTOR.match(signature.callable)
        if match is None:
            return
        conditions = tuple((key.lower(), value.lower()) for key, value in _CONDITION.findall(match[2]))
        attribute = next((key for key, value in reversed(conditions) if not value), "")
        self._elements.setdefault(match[1].lower(), []).append(_Element(signature, conditions, attribute))

    def _in_tags(self, text: str) -> Iterator[Fetch]:
        for tag in _TAG.finditer(text):
            name = tag[1].lower()
            elements = (*self._elements.get(name, ()), *self._elements.get("*", ()))
            if not elements:
                continue
            attributes = {key.lower(): value.strip("\"'") for key, value in _ATTRIBUTE.findall(tag[2])}
            for element in elements:
                if all(_holds(attributes, key, value) for key, value in element.conditions):
                    yield Fetch(element.signature, attributes.get(element.attribute, ""), tag.start())

    def _add_code(self, signature: Signature, pattern: str, needs: str) -> None:
        """Under the first word of the name: only where it stands is the pattern tried."""
        cls, sharp, method = signature.callable.partition("#")
        name = f".{method}" if sharp else cls
        word = _WORD.search(name)
        if word is not None:
            entry = _Code(signature, re.compile(pattern), word.start(), needs)
            for key in ("$", "jQuery") if word[0] == "jQuery" else (word[0],):
                self._code.setdefault(key, []).append(entry)

    def _in_code(self, text: str) -> Iterator[Fetch]:
        for word in _WORD.finditer(text):
            for entry in self._code.get(word[0], ()):
                match = entry.pattern.match(text, max(word.start() - entry.before, 0))
                if match is None or entry.needs not in text:
                    continue
                literal = _LITERAL.match(text, match.end())
                yield Fetch(entry.signature, literal[1] if literal else "", match.start())


def _holds(attributes: dict[str, str], key: str, value: str) -> bool:
    """Whether a tag has an attribute, with a value among its words when one is asked for."""
    if key.endswith("*"):
        return any(name.startswith(key[:-1]) for name in attributes)
    return key in attributes and (not value or value in attributes[key].lower().split())


def _script_pattern(name: str) -> tuple[str, str]:
    """Pattern of a JavaScript name, and what the text must hold besides."""
    if name.endswith("="):
        prefix = r"\." if name.startswith(".") else _BEFORE
        return prefix + re.escape(name.strip(".=")) + r"\s*+=(?!=)", ""
    if "#" in name:
        cls, _, method = name.partition("#")
        return rf"\.{re.escape(method)}(?=\s*+\()", "$(" if cls == "jQuery" else cls
    if name.startswith("."):
        return rf"{re.escape(name)}(?=\s*+\()", ""
    return _BEFORE + _global_pattern(name), ""


def _global_pattern(name: str) -> str:
    """Pattern of a name that stands alone."""
    if name.startswith("new "):
        return rf"new\s++{re.escape(name[4:])}\b"
    if name == "document.cookie":
        return r"document\.cookie\b"
    if name.startswith("jQuery."):
        return rf"(?:\$|jQuery)\.{re.escape(name[7:])}(?=\s*+\()"
    return rf"{re.escape(name)}(?=\s*+\()"


def _style_pattern(name: str) -> str:
    """Pattern of a CSS rule, property or function."""
    if name.endswith("()"):
        return rf"(?<![\w-]){re.escape(name[:-2])}(?=\s*+\()"
    if name.endswith("="):
        return re.escape(name)
    return rf"(?<![\w-]){re.escape(name)}(?![\w-])"
