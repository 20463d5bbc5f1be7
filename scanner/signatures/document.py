"""YAML as plain nodes that know their line.

Only the data part of YAML is accepted: no tags, no anchors or aliases, bounded size and depth. Types are decided
by the reader of a field, not by how a scalar looks, so that `no`, `on` and `1e3` stay text where text is meant.
"""

from __future__ import annotations

from typing import Final

import msgspec
import yaml

from scanner.errors import SignatureError

MAX_BYTES: Final = 4 * 1024 * 1024
"""Largest signature file, in bytes."""
MAX_DEPTH: Final = 12
"""Deepest nesting of lists and mappings."""

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(msgspec.Struct, frozen=True):
    """A single value as text; `plain` when it stands without quotes."""

    text: str
    plain: bool
    line: int


class Sequence(msgspec.Struct, frozen=True):
    """A list."""

    items: list[Node]
    line: int


class Mapping(msgspec.Struct, frozen=True):
    """A mapping in its written order; keys may repeat, the reader refuses that."""

    pairs: list[tuple[Scalar, Node]]
    line: int


Node = Scalar | Sequence | Mapping


class _Open(msgspec.Struct):
    """A collection whose end has not been reached."""

    node: Sequence | Mapping
    key: Scalar | None = None


def parse(content: bytes, name: str) -> Node | None:
    """The one document of a file, None when the file is empty.

    Units: lines are 1-based.
    Raises: SignatureError with `<name>:<line>: ` for anything that is not plain data.
    """
    if len(content) > MAX_BYTES:
        message = f"{name}:1: the file is larger than {MAX_BYTES} bytes; split it"
        raise SignatureError(message)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{name}:{line}: not UTF-8; save the file as UTF-8"
        raise SignatureError(message) from None
    try:
        return _build(text, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or "not valid YAML"
        message = f"{name}:{line}: {problem}; correct the YAML"
        raise SignatureError(message) from None


def _build(text: str, name: str) -> Node | None:
    """Nodes from the parser's events, without recursion."""
    stack: list[_Open] = []
    root: Node | None = None
    documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _refuse(name, event, "a second document; use one file for each")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, name)
            root = node if root is None else root
            if stack:
                _attach(stack[-1], node, name)
            if not isinstance(node, Scalar):
                stack.append(_Open(node))
                if len(stack) > MAX_DEPTH:
                    _refuse(name, event, f"nested deeper than {MAX_DEPTH}; flatten it")
    return None if isinstance(root, Scalar) and not root.text and root.plain else root


def _node(event: yaml.NodeEvent, name: str) -> Node:
    """An empty node for an event; tags and anchors are refused."""
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        _refuse(name, event, "anchors and aliases are not accepted; write the value out")
    if getattr(event, "tag", None) is not None:
        _refuse(name, event, "tags are not accepted; remove it")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, bool(event.implicit[0]), line)
    return Sequence([], line) if isinstance(event, yaml.SequenceStartEvent) else Mapping([], line)


def _attach(parent: _Open, node: Node, name: str) -> None:
    """Put a node into the collection that is open."""
    if isinstance(parent.node, Sequence):
        parent.node.items.append(node)
    elif parent.key is None:
        if not isinstance(node, Scalar):
            message = f"{name}:{node.line}: a key must be a single value"
            raise SignatureError(message)
        parent.key = node
    else:
        parent.node.pairs.append((parent.key, node))
        parent.key = None


def _refuse(name: str, event: yaml.Event, text: str) -> None:
    """Stop with file and line."""
    message = f"{name}:{_line(event)}: {text}"
    raise SignatureError(message)


def _line(event: yaml.Event) -> int:
    """1-based line of an event."""
    return event.start_mark.line + 1 if event.start_mark is not None else 1
