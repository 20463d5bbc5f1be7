"""Scripts that hide what they run: decoded text given to `eval` and its kin, packed and scrambled code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from scanner.files.decoding import DECODERS
from scanner.files.folding import Folding, arguments, enclosing_function
from scanner.files.grammars import Node, text_of

_RUNNERS = re.compile(
    rb"(?<![\w$])(?:eval|Function|setTimeout|setInterval|execScript|constructor|write|writeln|setImmediate)(?=[\"'`]?\]?\s*+\()"
)
_PACKED = re.compile(rb"\beval\s*+\(\s*+\(?\s*+function\s*+\(\s*+p\s*+,\s*+a\s*+,\s*+c\s*+,\s*+k\b")
_SCRAMBLED = re.compile(rb"\b_0x[0-9a-f]{4,8}\b")
_FEWEST_SCRAMBLED = 30
_ONLY_SYMBOLS = re.compile(rb"[\[\]()!+{}]{400}")
_SHUFFLED = re.compile(rb"\.(?:reverse|join)\s*\(|\\x[0-9a-fA-F]{2}|\\u00[0-9a-fA-F]{2}")
_MAX_RUNNERS = 300
_SHOWN = 200
_LONGEST = 20_000


class Concealed(NamedTuple):
    """Code that cannot be read as it stands."""

    start: int
    end: int
    api: str
    shown: str
    grade: str
    """`trick`: nothing honest needs it; `packed`: some old libraries are shipped like that; `read`: only to be read."""
    code: str = ""
    """What runs, where it is known."""


def concealed(source: bytes, folding: Folding | None = None) -> list[Concealed]:
    """What is hidden. Without `folding`: whether there may be anything, as a list that is empty if not."""
    found = list(_by_shape(source))
    if folding is None:
        return found or ([Concealed(0, 0, "", "", "")] if _RUNNERS.search(source) else [])
    for match, _ in zip(_RUNNERS.finditer(source), range(_MAX_RUNNERS), strict=False):
        found += _run(source, folding, folding.leaf(match.start(), match.end()))
    return found


def _by_shape(source: bytes) -> Iterator[Concealed]:
    if match := _PACKED.search(source):
        yield Concealed(match.start(), match.end(), "eval", "packed code (p,a,c,k,e,d)", "packed")
    if (match := _SCRAMBLED.search(source)) and len(_SCRAMBLED.findall(source)) >= _FEWEST_SCRAMBLED:
        yield Concealed(match.start(), match.end(), "scrambled names", "names like _0x1a2b throughout", "trick")
    if match := _ONLY_SYMBOLS.search(source):
        yield Concealed(match.start(), match.end(), "symbols only", "code written with []()!+{} alone", "trick")


def _run(source: bytes, folding: Folding, leaf: Node | None) -> Iterator[Concealed]:
    callee, call = leaf, leaf.parent if leaf is not None else None
    while (
        callee is not None and call is not None and call.type in ("member_expression", "subscript_expression", "string")
    ):
        callee, call = call, call.parent
    if callee is None or call is None or call.type not in ("call_expression", "new_expression"):
        return
    if call.start_byte != callee.start_byte and call.type == "call_expression":
        return
    given = arguments(call)
    name = text_of(callee, source)[-40:].decode("utf-8", "replace")
    last = re.split(r"[.\[\]\"'`]+", name.rstrip("]\"'`"))[-1]
    if not given:
        return
    code = given[-1] if last in ("Function", "constructor") else given[0]
    if code.type in ("function_expression", "arrow_function", "function"):
        return
    text = _longest(folding, code)
    decoder = _decoder(source, folding, code)
    runs = last not in ("write", "writeln")
    literal = code.type in ("string", "template_string") and not _escaped(text_of(code, source))
    if (
        runs
        and not literal
        and (decoder or (text and last != "constructor" and _is_hidden(source, folding, code, text)))
    ):
        shown = f"{decoder or 'a built text'}: {text[:_SHOWN]}" if text else f"{decoder} of a text that is not known"
        yield Concealed(call.start_byte, call.end_byte, last, shown, "trick", text)
    elif text and (not runs or literal):
        yield Concealed(call.start_byte, call.end_byte, last, "", "read", text)


def _longest(folding: Folding, code: Node) -> str:
    known = [value.text for value in folding.values(code) if value.known]
    return max(known, key=len, default="")[:_LONGEST]


def _decoder(source: bytes, folding: Folding, code: Node) -> str:
    """Name of a decoder that makes the text: in the expression, or where its names are defined."""
    nodes = [code]
    if code.type == "identifier":
        nodes += folding.definitions(text_of(code, source), code)
    elif code.type == "call_expression":
        callee = code.child_by_field_name("function")
        if callee is not None and callee.type == "identifier":
            nodes += folding.definitions(text_of(callee, source), callee)
            name = re.escape(text_of(callee, source))
            declared = re.search(rb"function\s++" + name + rb"\s*+\(", source)
            leaf = folding.leaf(declared.end() - 1, declared.end()) if declared else None
            function = enclosing_function(leaf) if leaf is not None else None
            nodes += [function] if function is not None else []
    for node in nodes:
        match = DECODERS.search(text_of(node, source)[:4000])
        if match and match[0] not in (b"parseInt", b"charCodeAt"):
            return match[0].decode()
    return ""


def _escaped(text: bytes) -> bool:
    """Whether a literal is written in escapes to a great part."""
    return text.count(b"\\x") + text.count(b"\\u") > max(8, len(text) // 12)


def _is_hidden(source: bytes, folding: Folding, code: Node, text: str) -> bool:
    """Whether a text that is run stands in the script only in pieces, in reverse or in escapes."""
    nodes = [code, *(folding.definitions(text_of(code, source), code) if code.type == "identifier" else ())]
    return text.encode("utf-8", "replace") not in source and any(
        _SHUFFLED.search(text_of(node, source)[:4000]) for node in nodes
    )
