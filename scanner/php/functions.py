"""Functions, methods and closures: heads, bodies, and what is too deep to be lowered in place."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from scanner.model.facts import FunctionFact, Param, Return, Statement, decode_body, encode_body
from scanner.php.annotations import AnnotationLowering
from scanner.php.names import NameScope
from scanner.php.nodes import F_BODY, F_NAME, F_REFERENCE, F_TYPE, K_BY_REF
from scanner.php.parser import Node, field_id, kind_ids
from scanner.php.statements import line_of

F_DEFAULT = field_id("default_value")
F_PARAMETERS = field_id("parameters")
F_RETURN_TYPE = field_id("return_type")
K_PROMOTED = frozenset(kind_ids("property_promotion_parameter"))
K_VARIADIC = frozenset(kind_ids("variadic_parameter"))
K_PARAMETERS = frozenset(kind_ids("simple_parameter")) | K_PROMOTED | K_VARIADIC
K_NAMED_TYPE = frozenset(kind_ids("named_type"))
K_PRIMITIVE_TYPE = frozenset(kind_ids("primitive_type"))
K_REFERENCE = frozenset(kind_ids("reference_modifier"))
K_STATIC = frozenset(kind_ids("static_modifier"))
K_VISIBILITY = frozenset(kind_ids("visibility_modifier"))
_HIDDEN = frozenset({"private", "protected"})
MAX_FUNCTION_DEPTH = 40
"""Levels of nesting from which the body of a function is left for later."""
CLASS_LEVELS = 2
"""What a class body or a function adds to the depth: several calls of the interpreter go with each."""


class _Late(NamedTuple):
    """Parts of a function that are nested too deeply to be lowered in place."""

    function: int
    expressions: list[Node]
    statements: list[Node]
    names: NameScope
    cls: str


class FunctionLowering(AnnotationLowering):
    """Lowers functions, methods and closures; `functions[0]` is the file's own code."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self.functions: list[FunctionFact | None] = [None]
        self.owner = 0
        self.cls = ""
        self.late: list[_Late] = []

    def closure(self, node: Node, *, arrow: bool) -> int:
        """Lower a closure; returns its index in `functions`."""
        return self.function(node, "{closure}", cls=self.cls, arrow=arrow)

    def function(self, node: Node, name: str, *, cls: str, arrow: bool = False, implied: tuple[Param, ...] = ()) -> int:
        """Lower a function-like node; returns its index in `functions`. `implied`: parameters if it declares none."""
        self.annotate(node, f"{cls}::{name}()" if cls else f"{name}()")
        index = len(self.functions)
        self.functions.append(None)
        saved = (self.owner, self.pending, self.statement_cuts, self.generator, self.cls, self.called, self.mentions)
        owner = self.owner if name == "{closure}" else -1
        self.owner, self.cls, self.called, self.mentions = index, cls, set(), set()
        self.pending, self.statement_cuts, self.generator = [], [], False
        self.depth += CLASS_LEVELS
        params = self._parameters(node.child_by_field_id(F_PARAMETERS)) or implied
        body_node = node.child_by_field_id(F_BODY)
        body = self._function_body(body_node, arrow=arrow)
        self.functions[index] = FunctionFact(
            name,
            cls,
            owner,
            params,
            (("*", False),) if arrow else self._captures(node),
            self._types(node.child_by_field_id(F_RETURN_TYPE)),
            encode_body(body),
            line_of(node),
            node.end_point[0] + 1,
            node.start_byte,
            node.end_byte,
            is_static=any(child.kind_id in K_STATIC for child in node.named_children),
            is_generator=self.generator,
            is_abstract=body_node is None,
            called=tuple(sorted(self.called)),
            mentions=tuple(sorted(self.mentions)),
            gives_place=any(child.kind_id in K_REFERENCE for child in node.named_children),
        )
        if self.pending or self.statement_cuts:
            self.late.append(_Late(index, self.pending, self.statement_cuts, self.names.copy(), cls))
        if owner >= 0:  # a closure runs inside its owner: what it calls, the owner calls
            saved[-2].update(self.called)
            saved[-1].update(self.mentions)
        self.depth -= CLASS_LEVELS
        self.owner, self.pending, self.statement_cuts, self.generator, self.cls, self.called, self.mentions = saved
        return index

    def _function_body(self, node: Node | None, *, arrow: bool) -> tuple[Statement, ...]:
        if node is None:
            return ()
        expression = arrow or node.type != "compound_statement"
        if self.depth < MAX_FUNCTION_DEPTH:
            return (Return(self.expression(node), line_of(node)),) if expression else self.body(node)
        if expression:
            return (Return(self.cut(node), line_of(node)),)
        self.statement_cuts.append(node)
        self.cuts.append(line_of(node))
        return ()

    def finish(self) -> None:
        """Lower what was left for later, from the outside in; to be called once, at the end."""
        if not self.late:
            return
        while self.late:
            self._finish(self.late.pop())
        for function in reversed(self.functions):  # a closure stands behind its owner
            if function is not None and function.owner >= 0:
                owner = self.functions[function.owner]
                if owner is not None and not set(function.called) <= set(owner.called):
                    self.functions[function.owner] = _extended(owner, function.called, function.mentions)

    def _finish(self, item: _Late) -> None:
        known = self.functions[item.function]
        if known is None:
            return
        self.owner, self.names, self.cls = item.function, item.names, item.cls
        self.pending, self.statement_cuts = item.expressions, item.statements
        self.called, self.mentions, self.generator = set(), set(), False
        out: list[Statement] = []
        self.flush_pending(out)
        known = _extended(known, tuple(self.called), tuple(self.mentions))
        self.functions[item.function] = msgspec.structs.replace(
            known,
            body=encode_body((*decode_body(known.body), *out)),
            is_generator=known.is_generator or self.generator,
        )

    def _parameters(self, node: Node | None) -> tuple[Param, ...]:
        if node is None:
            return ()
        return tuple(self._parameter(child) for child in node.named_children if child.kind_id in K_PARAMETERS)

    def _parameter(self, node: Node) -> Param:
        name, default = node.child_by_field_id(F_NAME), node.child_by_field_id(F_DEFAULT)
        variable = self.text(name).lstrip("&$") if name is not None else ""
        attributes = node.child_by_field_name("attributes")
        return Param(
            variable,
            self._types(node.child_by_field_id(F_TYPE)),
            self.expression(default) if default is not None else None,
            node.child_by_field_id(F_REFERENCE) is not None or (name is not None and name.kind_id in K_BY_REF),
            node.kind_id in K_VARIADIC,
            node.kind_id in K_PROMOTED,
            attributes is not None and "sensitiveparameter" in self.text(attributes).lower(),
            self.is_hidden(node),
        )

    def is_hidden(self, node: Node) -> bool:
        """Whether a declaration is private or protected; `private(set)` alone is not."""
        marks = (self.text(child).lower() for child in node.named_children if child.kind_id in K_VISIBILITY)
        return any(mark in _HIDDEN for mark in marks)

    def _types(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        if node.kind_id in K_NAMED_TYPE:
            return (self.names.resolve_type(self.text(node)),)
        if node.kind_id in K_PRIMITIVE_TYPE:
            return (self.text(node).lower(),)
        found: tuple[str, ...] = ()
        for child in self.named(node):
            found += self._types(child)
        return found

    def _captures(self, node: Node) -> tuple[tuple[str, bool], ...]:
        found: list[tuple[str, bool]] = []
        for child in node.named_children:
            if child.type == "anonymous_function_use_clause":
                for variable in self.named(child):
                    text = self.text(variable)
                    found.append((text.lstrip("& \t\r\n$"), variable.kind_id in K_BY_REF))
        return tuple(found)


def _extended(function: FunctionFact, called: tuple[str, ...], mentions: tuple[str, ...]) -> FunctionFact:
    """A function that calls and mentions more than was known."""
    return msgspec.structs.replace(
        function,
        called=tuple(sorted({*function.called, *called})),
        mentions=tuple(sorted({*function.mentions, *mentions})),
    )
