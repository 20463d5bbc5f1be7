"""Classes, interfaces, traits and enums, with their members."""

from __future__ import annotations

from scanner.model.facts import (
    ClassFact,
    Const,
    FunctionFact,
    Param,
    PropertyFact,
    Statement,
    TraitRule,
    Value,
    encode_body,
)
from scanner.php.functions import CLASS_LEVELS, F_PARAMETERS, FunctionLowering
from scanner.php.nodes import F_BODY, F_NAME, F_TYPE, F_VALUE, K_NAME, K_PLAIN_NAMES
from scanner.php.parser import Node, field_id, kind_ids
from scanner.php.statements import line_of

F_DEFAULT = field_id("default_value")
K_CONST_ELEMENT = frozenset(kind_ids("const_element"))
K_PROPERTY_ELEMENT = frozenset(kind_ids("property_element"))
K_STATIC = frozenset(kind_ids("static_modifier"))
_PAIR = 2


class _Members:
    """Parts of a class body while it is lowered."""

    def __init__(self) -> None:
        self.traits: list[str] = []
        self.rules: list[TraitRule] = []
        self.constants: list[tuple[str, Value]] = []
        self.cases: list[str] = []
        self.properties: list[PropertyFact] = []
        self.methods: list[int] = []


class ClassLowering(FunctionLowering):
    """Lowers classes, interfaces, traits and enums."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self.classes: list[ClassFact] = []
        self.anonymous = 0

    def anonymous_class(self, node: Node) -> str:
        """Lower an anonymous class; returns the name that it has in this file."""
        name = f"class@anonymous:{self.anonymous}"
        self.anonymous += 1
        self._class_body(node, name, "anonymous")
        return name

    def class_(self, node: Node) -> str:
        """Lower a declared class; returns its resolved name."""
        name = node.child_by_field_id(F_NAME)
        declared = self.names.declare(self.text(name)) if name is not None else ""
        self._class_body(node, declared, node.type.removesuffix("_declaration"))
        return declared

    def _class_body(self, node: Node, name: str, kind: str) -> None:
        position = len(self.classes)
        self.classes.append(_placeholder(name, kind))
        saved, self.cls = self.cls, name
        self.depth += CLASS_LEVELS
        bases, interfaces = self._parents(node)
        body = node.child_by_field_id(F_BODY)
        if body is None:  # an anonymous class keeps its body among its children
            body = next((child for child in node.named_children if child.type == "declaration_list"), None)
        self.annotate(node, name)
        members = _Members()
        for child in self.named(body) if body is not None else ():
            self._member(child, members)
        self.cls = saved
        self.depth -= CLASS_LEVELS
        if kind == "interface":
            interfaces, bases = bases + interfaces, ()
        self.classes[position] = ClassFact(
            name,
            kind,
            bases[0] if bases else "",
            interfaces,
            tuple(members.traits),
            tuple(members.rules),
            tuple(members.constants),
            tuple(members.properties),
            tuple(members.methods),
            line_of(node),
            node.end_point[0] + 1,
            tuple(members.cases),
        )

    def _parents(self, node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
        bases: tuple[str, ...] = ()
        interfaces: tuple[str, ...] = ()
        for child in node.named_children:
            if child.type in ("base_clause", "class_interface_clause"):
                names = tuple(
                    self.names.resolve_class(self.text(part))
                    for part in child.named_children
                    if part.kind_id in K_PLAIN_NAMES
                )
                if child.type == "base_clause":
                    bases = names
                else:
                    interfaces = names
        return bases, interfaces

    def _member(self, node: Node, members: _Members) -> None:
        kind = node.type
        if kind == "method_declaration":
            name = node.child_by_field_id(F_NAME)
            members.methods.append(self.function(node, self.text(name) if name is not None else "", cls=self.cls))
            self._promoted_hooks(node.child_by_field_id(F_PARAMETERS), members)
        elif kind == "property_declaration":
            self._property(node, members)
        elif kind == "const_declaration":
            for constant, value, _line in self.const_elements(node):
                members.constants.append((constant, value))
                self.annotate(node, f"{self.cls}::{constant}")
        elif kind == "enum_case":
            self._enum_case(node, members)
        elif kind == "use_declaration":
            self._trait_use(node, members)
        elif node.is_error:
            self._error_member(node, members)

    def _error_member(self, node: Node, members: _Members) -> None:
        """Members that can still be told apart inside a region that did not parse; loose code runs as a method."""
        loose: list[Statement] = []
        for child in node.named_children:
            if child.type.endswith("_declaration") or child.type == "enum_case":
                self._member(child, members)
            else:
                self.statement(child, loose)
        if loose:
            members.methods.append(len(self.functions))
            self.functions.append(_loose_code(node, self.cls, tuple(loose)))

    def _property(self, node: Node, members: _Members) -> None:
        static = any(child.kind_id in K_STATIC for child in node.named_children)
        hidden = self.is_hidden(node)
        types = self._types(node.child_by_field_id(F_TYPE))
        last = ""
        for child in self.named(node):
            if child.kind_id in K_PROPERTY_ELEMENT:
                name, default = child.child_by_field_id(F_NAME), child.child_by_field_id(F_DEFAULT)
                last = self.text(name)[1:] if name is not None else ""
                value = self.expression(default) if default is not None else None
                members.properties.append(PropertyFact(last, types, value, static, hidden))
                self.annotate(node, f"{self.cls}::${last}")
            elif child.type == "property_hook_list":
                self._hooks(child, last, types, members)

    def _promoted_hooks(self, parameters: Node | None, members: _Members) -> None:
        """Hooks of properties that a constructor declares with its parameters."""
        for node in parameters.named_children if parameters is not None else ():
            for child in node.named_children:
                if child.type == "property_hook_list":
                    param = self._parameter(node)
                    self._hooks(child, param.name, param.types, members)

    def _hooks(self, node: Node, name: str, types: tuple[str, ...], members: _Members) -> None:
        """Hooks of a property, as methods; one that sets has `$value` where it declares no parameter.

        Source: PHP manual, "Property Hooks".
        """
        for hook in self.named(node):
            label = next((part for part in hook.named_children if part.kind_id in K_NAME), None)
            suffix = self.text(label) if label is not None else ""
            implied = (Param("value", types),) if suffix.lower() == "set" else ()
            members.methods.append(self.function(hook, f"${name}::{suffix}", cls=self.cls, implied=implied))

    def _enum_case(self, node: Node, members: _Members) -> None:
        name, value = node.child_by_field_id(F_NAME), node.child_by_field_id(F_VALUE)
        if name is not None:
            members.constants.append((self.text(name), self.expression(value) if value is not None else Const(None)))
            members.cases.append(self.text(name))
            self.annotate(node, f"{self.cls}::{self.text(name)}")

    def const_elements(self, node: Node) -> list[tuple[str, Value, int]]:
        """Names, values and lines of one `const` declaration."""
        found: list[tuple[str, Value, int]] = []
        for child in self.named(node):
            parts = self.named(child) if child.kind_id in K_CONST_ELEMENT else []
            if len(parts) >= _PAIR:
                found.append((self.text(parts[0]), self.expression(parts[1]), line_of(child)))
        return found

    def _trait_use(self, node: Node, members: _Members) -> None:
        for child in self.named(node):
            if child.kind_id in K_PLAIN_NAMES:
                members.traits.append(self.names.resolve_class(self.text(child)))
            elif child.type == "use_list":
                members.rules.extend(self._trait_rule(clause) for clause in self.named(child))

    def _trait_rule(self, node: Node) -> TraitRule:
        trait = method = alias = ""
        others: list[str] = []
        for position, child in enumerate(self.named(node)):
            if child.type == "class_constant_access_expression":
                parts = self.named(child)
                trait, method = self.names.resolve_class(self.text(parts[0])), self.text(parts[-1])
            elif child.kind_id in K_PLAIN_NAMES:
                if node.type == "use_instead_of_clause":
                    others.append(self.names.resolve_class(self.text(child)))
                elif position == 0:
                    method = self.text(child)
                else:
                    alias = self.text(child)
        return TraitRule(trait, method, alias, tuple(others))


def _placeholder(name: str, kind: str) -> ClassFact:
    return ClassFact(name, kind, "", (), (), (), (), (), (), 0, 0)


def _loose_code(node: Node, cls: str, body: tuple[Statement, ...]) -> FunctionFact:
    lines = line_of(node), node.end_point[0] + 1
    return FunctionFact("{unparsed}", cls, -1, (), (), (), encode_body(body), *lines, node.start_byte, node.end_byte)
