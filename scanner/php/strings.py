"""Literals and strings with interpolation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.model.facts import Arg, Concat, Const, Index, Value
from scanner.php.literals import escape_value, float_value, integer_value, unescape_single
from scanner.php.lowering import handles
from scanner.php.nodes import (
    K_ESCAPE,
    K_HEREDOC_BODY,
    K_HEREDOC_END,
    K_NAME,
    K_STRING_CONTENT,
    K_SUBSCRIPT,
)
from scanner.php.parser import Node
from scanner.php.references import ReferenceLowering

_EMPTY = Const("")
_FIRST_NEWLINE = re.compile(r"\A(?:\r\n?|\n)")
_LAST_NEWLINE = re.compile(r"(?:\r\n?|\n)\Z")
_BRACE = ord("{")


class StringLowering(ReferenceLowering):
    """Lowers literals; an interpolated string becomes a concatenation."""

    @handles("string")
    def _string(self, node: Node) -> Value:
        return Const(unescape_single(self.text(node)[:-1].lstrip("bB")[1:]))

    @handles("integer")
    def _integer(self, node: Node) -> Value:
        return Const(integer_value(self.text(node)))

    @handles("float")
    def _float(self, node: Node) -> Value:
        return Const(float_value(self.text(node)))

    @handles("boolean")
    def _boolean(self, node: Node) -> Value:
        return Const(self.text(node).lower() == "true")

    @handles("null")
    def _null(self, _node: Node) -> Value:
        return Const(None)

    @handles("encapsed_string")
    def _encapsed(self, node: Node) -> Value:
        return _joined(self._pieces(node.children))

    @handles("heredoc", "nowdoc")
    def _heredoc(self, node: Node) -> Value:
        """Its newlines belong to no node: they are what stands between the nodes."""
        indent, parts, end = 0, list[Value](), node.end_byte
        for child in node.children:
            if child.kind_id in K_HEREDOC_END:
                indent, end = child.start_point[1], child.start_byte
        for child in node.children:
            if child.kind_id in K_HEREDOC_BODY:
                parts = self._heredoc_pieces(child.children, child.start_byte, end - indent)
        if indent:
            parts = [_dedent(part, indent, first=not number) for number, part in enumerate(parts)]
        return _joined([part for part in parts if part != _EMPTY])

    def _heredoc_pieces(self, children: Sequence[Node], start: int, end: int) -> list[Value]:
        """Parts of a heredoc from the newline of its head to the newline in front of its closing label."""
        parts: list[Value] = []
        position, braced = start, False
        for child in children:
            if not braced:
                parts.append(Const(self.source[position : child.start_byte].decode("latin-1")))
            position = child.end_byte
            if child.is_named:
                parts += self._pieces((child,), braced=braced)
            else:
                braced = self.source[child.start_byte] == _BRACE
        parts.append(Const(self.source[position:end].decode("latin-1")))
        texts = _merged(parts)
        return [_without_newline(part, number, len(texts)) for number, part in enumerate(texts)]

    @handles("shell_command_expression")
    def _shell(self, node: Node) -> Value:
        around = self.source[node.start_byte - 1 : node.start_byte] + self.source[node.end_byte : node.end_byte + 1]
        if b"`" in around:
            return Const("")  # the fence of a text: no PHP has two of them side by side
        command = _joined(self._pieces(node.children))
        return self.construct("backtick", node, (Arg(command),))

    def _pieces(self, children: Sequence[Node], *, braced: bool = False) -> list[Value]:
        """Parts of an interpolated string, neighbouring text joined."""
        parts: list[Value] = []
        texts: list[str] = []
        for child in children:
            kind = child.kind_id
            if kind in K_STRING_CONTENT:
                texts.append(self.text(child))
            elif kind in K_ESCAPE:
                texts.append(escape_value(self.text(child)))
            elif child.is_named:
                if texts:
                    parts.append(Const("".join(texts)))
                    texts = []
                parts.append(self._hole(child, braced=braced))
            else:
                braced = child.end_byte - child.start_byte == 1 and self.source[child.start_byte] == _BRACE
                continue
            braced = False
        if texts:
            parts.append(Const("".join(texts)))
        return parts

    def _hole(self, node: Node, *, braced: bool) -> Value:
        """One interpolated expression. In `"$a[k]"`, unlike `"{$a[k]}"`, the bare k is a string."""
        if node.kind_id in K_SUBSCRIPT and not braced:
            children = self.named(node)
            if len(children) == 2 and children[1].kind_id in K_NAME:  # noqa: PLR2004  base and key
                return Index(self.expression(children[0]), Const(self.text(children[1])))
        return self.expression(node)


def _joined(parts: list[Value]) -> Value:
    if not parts:
        return _EMPTY
    if len(parts) == 1 and isinstance(parts[0], Const):
        return parts[0]
    return Concat(tuple(parts))


def _merged(parts: Sequence[Value]) -> list[Value]:
    """Parts with neighbouring text joined; the first and the last are text."""
    merged: list[Value] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Const):
            texts.append(str(part.value))
        else:
            merged += [Const("".join(texts)), part]
            texts = []
    return [*merged, Const("".join(texts))]


def _without_newline(part: Value, number: int, count: int) -> Value:
    """Text of a heredoc without the newline of its head, and without the one in front of its label."""
    if not isinstance(part, Const):
        return part
    text = str(part.value)
    if number == 0:
        text = _FIRST_NEWLINE.sub("", text)
    if number == count - 1:
        text = _LAST_NEWLINE.sub("", text)
    return Const(text)


def _dedent(part: Value, indent: int, *, first: bool) -> Value:
    """Heredoc text without the closing label's indentation; only the first part begins at a line's start."""
    if not isinstance(part, Const) or not isinstance(part.value, str):
        return part
    lines = part.value.split("\n")
    return Const(
        "\n".join(line[_blank_prefix(line, indent) :] if number or first else line for number, line in enumerate(lines))
    )


def _blank_prefix(line: str, indent: int) -> int:
    width = len(line) - len(line.lstrip(" \t"))
    return min(width, indent)
