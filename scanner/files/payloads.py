"""What a script sends along with a request: the session, stored tokens, passwords, whole forms, values from PHP."""

from __future__ import annotations

import re

from scanner.files.addresses import HOLE_MARK, Text
from scanner.files.folding import Folding, enclosing_function
from scanner.files.grammars import Node, nodes_of, text_of
from scanner.files.page_values import plain

_LABELS = (
    ("browser.cookie", re.compile(r"document\s*\.\s*cookie|\bcookieStore\b|\.cookie\b(?!\s*\()|\.cookie\(\)")),
    ("browser.storage", re.compile(r"(?:local|session)Storage\b")),
    (  # `?access_token=` asks for the key of the service that is called
        "browser.csrf-token",
        re.compile(r"csrf[-_]?token|\bcsrf\b|(?<![?&]access)_token\b|xsrf|\bnonce\b", re.IGNORECASE),
    ),
    (
        "browser.password",
        re.compile(
            r"type\s*=\s*\\?[\"']?password|#\w*pass(?:word|wd)?\b|\bpass(?:word|wd)\b|\.password\b", re.IGNORECASE
        ),
    ),
    (
        "browser.form",  # every field of it, whatever it is called
        re.compile(
            r"\bnew\s+FormData\s*\(\s*[^)\s]|\.serialize(?:Array)?\(\s*\)"
            r"|\bquerySelectorAll\(\s*[\"'`](?:input|textarea|:input)\b|\$\(\s*[\"'`](?::input|input)[\"'`]"
        ),
    ),
    ("browser.keys", re.compile(r"\b(?:keyCode|charCode)\b|\b(?:e|ev|evt|event)\s*\.\s*(?:key|which)\b")),
    ("browser.page", re.compile(r"\bdocument(?:\.documentElement|\.body)\.(?:outer|inner)(?:HTML|Text)\b")),
)
_LEAVES = frozenset(
    {"identifier", "member_expression", "subscript_expression", "call_expression", "new_expression",
     "template_substitution", "string", "template_string"}
)  # fmt: skip
_QUOTED = frozenset({"string", "template_string"})
_MAX_LEAVES = 60
_MAX_LOOKUPS = 40
NAME = "name:"
"""Begins what a request sends that another file may have set: a variable, a property, a field."""
_WORD = re.compile(r"#?[A-Za-z_$][\w$-]{0,60}")
_MAX_NAMES = 12
_COMMON = frozenset(
    {"json", "stringify", "encodeuricomponent", "window", "document", "value", "post", "get", "method", "body",
     "headers", "contenttype", "applicationjson", "url", "data", "type", "image", "fetch", "location", "href", "this"}
)  # fmt: skip
"""Names that say nothing of what is sent."""
_MAX_CALLS = 20
"""Calls of one client that are looked at."""


def labels_of(texts: list[str]) -> tuple[str, ...]:
    """Labels of what expressions read."""
    found = {label for label, pattern in _LABELS for text in texts if pattern.search(text)}
    found |= {text for text in texts if text.startswith("php:")}
    return tuple(sorted(found))


def sent(folding: Folding, given: list[Node]) -> tuple[str, ...]:
    """Labels of everything in the arguments of a call, one definition of each name deep."""
    texts: list[str] = []
    names: list[str] = []
    pending = [(node, 0) for node in given]
    lookups = 0
    while pending and len(texts) < _MAX_LEAVES:
        node, depth = pending.pop()
        for leaf, _ in zip(nodes_of(node, _LEAVES), range(_MAX_LEAVES), strict=False):
            if not _within(leaf, node):
                break
            text = text_of(leaf, folding.source)[:200].decode("utf-8", "replace")
            name = plain(_free_name(folding, leaf, text))
            if name and name not in _COMMON and name not in names:
                names.append(name)
            if leaf.type in _QUOTED:
                if HOLE_MARK.search(text):
                    texts += [hole for value in folding.values(leaf) for hole in value.holes if hole.startswith("php:")]
                text = "" if depth == 0 or leaf.type != "string" else text
            texts.append(text)
            if leaf.type == "subscript_expression" and (name := folding.property(leaf)):  # `document['coo' + 'kie']`
                base = leaf.child_by_field_name("object")
                before = text_of(base, folding.source)[:60].decode("utf-8", "replace") if base is not None else ""
                texts.append(f"{before}.{name}")
            if leaf.type == "identifier" and depth < 3 and lookups < _MAX_LOOKUPS:  # noqa: PLR2004
                lookups += 1
                pending += [(value, depth + 1) for value in folding.definitions(text.encode(), leaf)[:2]]
                for value in folding.values(leaf):
                    texts += value.holes
    return tuple(sorted({*labels_of(texts), *(NAME + name for name in names[:_MAX_NAMES])}))


def _free_name(folding: Folding, leaf: Node, text: str) -> str:
    """The name of what a page may have given the script: a variable that it does not set, a property, a word for it."""
    if leaf.type == "identifier":
        return "" if folding.definitions(text.encode(), leaf) else text
    if leaf.type in ("member_expression", "subscript_expression"):
        return folding.property(leaf) or ""
    return text.strip("\"'`") if leaf.type == "string" and _WORD.fullmatch(text.strip("\"'`")) else ""


def _within(leaf: Node, node: Node) -> bool:
    return node.start_byte <= leaf.start_byte and leaf.end_byte <= node.end_byte


def in_address(address: Text) -> tuple[str, ...]:
    """Labels of what stands in an address."""
    return labels_of(list(address.holes))


def sent_by_client(folding: Folding, call: Node) -> tuple[str, ...]:
    """Labels of what the calls of a client send that was made with an address: `const api = axios.create({...})`."""
    made = call.parent
    field = {"variable_declarator": "name", "assignment_expression": "left"}.get(made.type if made is not None else "")
    name = made.child_by_field_name(field) if made is not None and field is not None else None
    if name is None or name.type not in ("identifier", "member_expression"):
        return ()
    pattern = re.compile(rb"(?<![\w$.])" + re.escape(text_of(name, folding.source)) + rb"\s*+\.\s*+\w++\s*+\(")
    labels: set[str] = set()
    for match, _ in zip(pattern.finditer(folding.source, call.end_byte), range(_MAX_CALLS), strict=False):
        leaf = folding.leaf(match.end() - 1, match.end())
        if leaf is not None and leaf.parent is not None:
            labels.update(sent(folding, [leaf.parent]))
    return tuple(sorted(labels))


def sent_later(folding: Folding, call: Node, callee: Node) -> tuple[str, ...]:
    """Labels of what `send` of the same object gets in the same function."""
    base = callee.child_by_field_name("object")
    if base is None or base.type != "identifier":
        return ()
    scope = enclosing_function(call)
    end = scope.end_byte if scope is not None else len(folding.source)
    name = text_of(base, folding.source)
    pattern = re.compile(rb"(?<![\w$.])" + re.escape(name) + rb"\s*+\.\s*+send\s*+\(")
    match = pattern.search(folding.source, call.end_byte, end)
    leaf = folding.leaf(match.end() - 1, match.end()) if match is not None else None
    return sent(folding, [leaf.parent]) if leaf is not None and leaf.parent is not None else ()
