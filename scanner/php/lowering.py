"""What all parts of the lowering share: the state of one file, and the bounded way from a node to its handler.

Recursion is bounded: below `MAX_DEPTH` a subtree becomes `Unknown("depth")` and is put on a list, from which the
statement lowering takes it up again as a statement of its own. So a call is never lost to deep nesting, only its
place in the surrounding expression is, and the cut is recorded.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from typing import Any, TypeVar

from scanner.model.facts import Arg, Assign, Call, CallKind, Const, Op, Unknown, Value
from scanner.php.names import NameScope
from scanner.php.nodes import K_COMMENT
from scanner.php.parser import Node, kind_ids

MAX_DEPTH = 100
"""Levels of nested expressions and statements that are followed in place."""

Handler = Function[[Any, Node], Value]
HandlerT = TypeVar("HandlerT", bound=Handler)
_HANDLERS: dict[int, Handler] = {}


def handles(*names: str) -> Function[[HandlerT], HandlerT]:
    """Register a method of the lowering for node types."""

    def register(handler: HandlerT) -> HandlerT:
        for name in names:
            for number in kind_ids(name):
                _HANDLERS[number] = handler
        return handler

    return register


def handler_of(node: Node) -> Handler | None:
    """Method that lowers a node, None for a node without a meaning of its own."""
    return _HANDLERS.get(node.kind_id)


class Lowering:
    """State of one file's lowering and the way from a node to its handler."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.words = words
        """Names whose use as variable, key or property is recorded."""
        self.called: set[str] = set()
        self.mentions: set[str] = set()
        self.names = NameScope()
        self.depth = 0
        self.pending: list[Node] = []
        """Subtrees that were cut for depth, to be lowered as statements of their own."""
        self.cuts: list[int] = []
        """Lines of the cuts."""
        self.generator = False

    # -- hooks -----------------------------------------------------------------------------------------------

    def closure(self, node: Node, *, arrow: bool) -> int:
        """Index of the function that a closure becomes."""
        raise AssertionError(node.type, arrow)

    def anonymous_class(self, node: Node) -> str:
        """Name that an anonymous class gets."""
        raise AssertionError(node.type)

    def named_call(self, call: Call) -> None:
        """See a call of a function by name, for symbol tables."""

    def assigning(self, assign: Assign) -> None:
        """See an assignment, for symbol tables."""

    def naming_globals(self, names: tuple[str | Value, ...]) -> None:
        """See which variables of a function are globals, for symbol tables."""

    # -- nodes ------------------------------------------------------------------------------------------------

    def text(self, node: Node) -> str:
        """Source text of a node, one character per byte."""
        return self.source[node.start_byte : node.end_byte].decode("latin-1")

    def expression(self, node: Node) -> Value:
        """Value of an expression node."""
        handler = handler_of(node)
        if handler is None:
            return self.other(node)
        if self.depth >= MAX_DEPTH:
            return self.cut(node)
        self.depth += 1
        try:
            return handler(self, node)
        finally:
            self.depth -= 1

    def cut(self, node: Node) -> Unknown:
        """Leave a subtree for later: it is nested too deeply to be lowered in place."""
        self.pending.append(node)
        self.cuts.append(node.start_point[0] + 1)
        return Unknown("depth")

    def optional(self, node: Node | None) -> Value:
        """As `expression`; null for a missing node."""
        return Const(None) if node is None else self.expression(node)

    def other(self, node: Node) -> Value:
        """A node without a meaning of its own here: its children may hold calls."""
        if not node.named_child_count:
            return Unknown("syntax") if node.is_named else Const(None)
        if self.depth >= MAX_DEPTH:
            return self.cut(node)
        self.depth += 1
        operands = tuple(self.expression(child) for child in self.named(node))
        self.depth -= 1
        return Op(node.type, operands)

    @staticmethod
    def named(node: Node) -> list[Node]:
        """Named children without comments."""
        return [child for child in node.named_children if child.kind_id not in K_COMMENT]

    def other_single(self, node: Node) -> Value:
        """Value of the only named child of a wrapper node."""
        children = self.named(node)
        return self.expression(children[0]) if len(children) == 1 else self.other(node)

    def call(
        self, kind: CallKind, name: str | Value, receiver: str | Value | None, args: tuple[Arg, ...], node: Node
    ) -> Call:
        """A call at a node; its name is recorded for the file's list of called names."""
        self.called.add(name.lower().rpartition("\\")[2] if isinstance(name, str) and name else "()")
        return Call(
            kind, name, receiver, args, node.start_point[0] + 1, node.end_point[0] + 1, node.start_byte, node.end_byte
        )

    def construct(self, name: str, node: Node, args: tuple[Arg, ...]) -> Call:
        """A language construct that acts like a call."""
        return self.call(CallKind.CONSTRUCT, name, None, args, node)
