"""Functions, classes and the file itself: the lowering's outermost layer."""

from __future__ import annotations

from scanner.model.facts import (
    Assign,
    Call,
    ClassFact,
    Const,
    Define,
    FunctionFact,
    Index,
    Param,
    PropertyFact,
    Return,
    Statement,
    TraitRule,
    Value,
    Var,
    encode_body,
)
from scanner.php.expressions import F_BODY, F_NAME, F_REFERENCE, F_TYPE, F_VALUE, K_BY_REF, K_NAME, K_PLAIN_NAMES
from scanner.php.parser import Node, field_id, kind_ids
from scanner.php.statements import StatementLowering, line_of

F_ALIAS = field_id("alias")
F_DEFAULT = field_id("default_value")
F_PARAMETERS = field_id("parameters")
F_RETURN_TYPE = field_id("return_type")

K_CLASSES = frozenset(
    kind_ids("class_declaration")
    + kind_ids("interface_declaration")
    + kind_ids("trait_declaration")
    + kind_ids("enum_declaration")
)
K_PROMOTED = frozenset(kind_ids("property_promotion_parameter"))
K_VARIADIC = frozenset(kind_ids("variadic_parameter"))
K_PARAMETERS = frozenset(kind_ids("simple_parameter")) | K_PROMOTED | K_VARIADIC
K_NAMED_TYPE = frozenset(kind_ids("named_type"))
K_PRIMITIVE_TYPE = frozenset(kind_ids("primitive_type"))
K_USE_CLAUSE = frozenset(kind_ids("namespace_use_clause"))
K_CONST_ELEMENT = frozenset(kind_ids("const_element"))
K_PROPERTY_ELEMENT = frozenset(kind_ids("property_element"))
K_STATIC = frozenset(kind_ids("static_modifier"))
_PAIR = 2
_GLOBALS = Var("GLOBALS")


class DeclarationLowering(StatementLowering):
    """Lowers a whole file; `functions[0]` is the file's own code."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self.functions: list[FunctionFact | None] = [None]
        self.classes: list[ClassFact] = []
        self.constants: list[tuple[str, Value, int]] = []
        self.defines: list[tuple[str, Value, int, int]] = []
        self.namespaces: list[str] = []
        self.assigned: set[str] = set()
        self.owner = 0
        self.cls = ""

    def declaration(self, node: Node, out: list[Statement]) -> bool:
        kind = node.type
        if kind == "function_definition":
            name = node.child_by_field_id(F_NAME)
            declared = self.names.declare(self.text(name)) if name is not None else ""
            self.function(node, declared, cls="")
            out.append(Define(declared, line_of(node)))
        elif node.kind_id in K_CLASSES:
            out.append(Define(self._class(node), line_of(node)))
        elif kind == "const_declaration":
            self._constants(node)
        elif kind == "namespace_definition":
            self._namespace(node, out)
        elif kind == "namespace_use_declaration":
            self._use(node)
        else:
            return False
        return True

    def named_call(self, call: Call) -> None:
        if len(call.args) > 1 and str(call.name).lower() == "define":
            name = call.args[0].value
            if isinstance(name, Const) and isinstance(name.value, str):
                self.defines.append((name.value, call.args[1].value, call.line, self.owner))

    def assigning(self, assign: Assign) -> None:
        """A global variable that the program itself sets is not one that REDCap's configuration gives."""
        target, name = assign.target, None
        if isinstance(target, Var) and self.owner == 0:
            name = target.name
        elif isinstance(target, Index) and target.base == _GLOBALS and isinstance(target.key, Const):
            name = target.key.value
        if name in self.words:
            self.assigned.add(str(name))

    # -- namespaces -------------------------------------------------------------------------------------------

    def _namespace(self, node: Node, out: list[Statement]) -> None:
        name = node.child_by_field_id(F_NAME)
        self.names.enter(self.text(name) if name is not None else "")
        self.namespaces.append(self.names.namespace)
        body = node.child_by_field_id(F_BODY)
        if body is not None:
            out.extend(self.body(body))
            self.names.enter("")

    def _use(self, node: Node) -> None:
        kind = _use_kind(self, node)
        prefix = ""
        for child in self.named(node):
            if child.type == "namespace_name":
                prefix = self.text(child).strip("\\") + "\\"
            elif child.kind_id in K_USE_CLAUSE:
                self._use_clause(child, kind, "")
            elif child.type == "namespace_use_group":
                for clause in self.named(child):
                    self._use_clause(clause, kind, prefix)

    def _use_clause(self, node: Node, kind: str, prefix: str) -> None:
        alias = node.child_by_field_id(F_ALIAS)
        for child in self.named(node):
            if child != alias and child.kind_id in K_PLAIN_NAMES | frozenset(kind_ids("namespace_name")):
                own = _use_kind(self, node)
                self.names.use(
                    own if own != "class" else kind,
                    prefix + self.text(child).strip("\\"),
                    self.text(alias) if alias is not None else "",
                )
                return

    # -- functions --------------------------------------------------------------------------------------------

    def closure(self, node: Node, *, arrow: bool) -> int:
        return self.function(node, "{closure}", cls=self.cls, arrow=arrow)

    def function(self, node: Node, name: str, *, cls: str, arrow: bool = False) -> int:
        """Lower a function-like node; returns its index in `functions`."""
        index = len(self.functions)
        self.functions.append(None)
        saved = (self.owner, self.pending, self.statement_cuts, self.generator, self.cls, self.depth)
        names = self.called, self.mentions
        self.called, self.mentions = set(), set()
        owner = self.owner if name == "{closure}" else -1
        self.owner, self.pending, self.statement_cuts, self.generator, self.cls = index, [], [], False, cls
        self.depth = min(self.depth, 60)
        params = self._parameters(node.child_by_field_id(F_PARAMETERS))
        captures: tuple[tuple[str, bool], ...] = (("*", False),) if arrow else self._captures(node)
        body_node = node.child_by_field_id(F_BODY)
        body: list[Statement] = []
        if body_node is not None and (arrow or body_node.type != "compound_statement"):
            body.append(Return(self.expression(body_node), line_of(body_node)))
        else:
            body.extend(self.body(body_node))
        self.flush_pending(body)
        self.functions[index] = FunctionFact(
            name,
            cls,
            owner,
            params,
            captures,
            self._types(node.child_by_field_id(F_RETURN_TYPE)),
            encode_body(tuple(body)),
            line_of(node),
            node.end_point[0] + 1,
            node.start_byte,
            node.end_byte,
            is_static=any(child.kind_id in K_STATIC for child in node.named_children),
            is_generator=self.generator,
            is_abstract=body_node is None,
            called=tuple(sorted(self.called)),
            mentions=tuple(sorted(self.mentions)),
        )
        if name == "{closure}":  # a closure runs inside its owner: what it calls, the owner calls
            names[0].update(self.called)
            names[1].update(self.mentions)
        self.called, self.mentions = names
        self.owner, self.pending, self.statement_cuts, self.generator, self.cls, self.depth = saved
        return index

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
        )

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

    # -- classes ----------------------------------------------------------------------------------------------

    def anonymous_class(self, node: Node) -> str:
        name = f"class@anonymous:{sum(c.kind == 'anonymous' for c in self.classes)}"
        self._class_body(node, name, "anonymous")
        return name

    def _class(self, node: Node) -> str:
        name = node.child_by_field_id(F_NAME)
        declared = self.names.declare(self.text(name)) if name is not None else ""
        self._class_body(node, declared, node.type.removesuffix("_declaration"))
        return declared

    def _class_body(self, node: Node, name: str, kind: str) -> None:
        position = len(self.classes)
        self.classes.append(_placeholder(name, kind))
        saved, self.cls = self.cls, name
        bases, interfaces = self._parents(node)
        body = node.child_by_field_id(F_BODY)
        if body is None:  # an anonymous class keeps its body among its children
            body = next((child for child in node.named_children if child.type == "declaration_list"), None)
        members = _Members()
        for child in self.named(body) if body is not None else ():
            self._member(child, members)
        self.cls = saved
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
        elif kind == "property_declaration":
            self._property(node, members)
        elif kind == "const_declaration":
            members.constants.extend((name, value) for name, value, _line in self._const_elements(node))
        elif kind == "enum_case":
            self._enum_case(node, members)
        elif kind == "use_declaration":
            self._trait_use(node, members)
        elif node.is_error:
            self.error_nodes.append(node)
            self._error_member(node, members)

    def _error_member(self, node: Node, members: _Members) -> None:
        """Members that can still be told apart inside a region that did not parse; loose code runs as a method."""
        loose: list[Statement] = []
        for child in node.named_children:
            if child.type.endswith("_declaration") or child.type == "enum_case":
                self._member(child, members)
            else:
                self.statement(child, loose)
        self.flush_pending(loose)
        if loose:
            members.methods.append(len(self.functions))
            self.functions.append(_loose_code(node, self.cls, tuple(loose)))

    def _property(self, node: Node, members: _Members) -> None:
        static = any(child.kind_id in K_STATIC for child in node.named_children)
        types = self._types(node.child_by_field_id(F_TYPE))
        last = ""
        for child in self.named(node):
            if child.kind_id in K_PROPERTY_ELEMENT:
                name, default = child.child_by_field_id(F_NAME), child.child_by_field_id(F_DEFAULT)
                last = self.text(name)[1:] if name is not None else ""
                value = self.expression(default) if default is not None else None
                members.properties.append(PropertyFact(last, types, value, static))
            elif child.type == "property_hook_list":
                for hook in self.named(child):
                    label = next((part for part in hook.named_children if part.kind_id in K_NAME), None)
                    suffix = self.text(label) if label is not None else ""
                    members.methods.append(self.function(hook, f"${last}::{suffix}", cls=self.cls))

    def _enum_case(self, node: Node, members: _Members) -> None:
        name, value = node.child_by_field_id(F_NAME), node.child_by_field_id(F_VALUE)
        if name is not None:
            members.constants.append((self.text(name), self.expression(value) if value is not None else Const(None)))

    def _const_elements(self, node: Node) -> list[tuple[str, Value, int]]:
        found: list[tuple[str, Value, int]] = []
        for child in self.named(node):
            parts = self.named(child) if child.kind_id in K_CONST_ELEMENT else []
            if len(parts) >= _PAIR:
                found.append((self.text(parts[0]), self.expression(parts[1]), line_of(child)))
        return found

    def _constants(self, node: Node) -> None:
        for name, value, line in self._const_elements(node):
            self.constants.append((self.names.declare(name), value, line))

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


class _Members:
    """Parts of a class body while it is lowered."""

    def __init__(self) -> None:
        self.traits: list[str] = []
        self.rules: list[TraitRule] = []
        self.constants: list[tuple[str, Value]] = []
        self.properties: list[PropertyFact] = []
        self.methods: list[int] = []


def _use_kind(lowering: DeclarationLowering, node: Node) -> str:
    """`class`, `function` or `const`: told only by an anonymous child of the node."""
    for child in node.children:
        if not child.is_named:
            word = lowering.text(child).lower()
            if word in ("function", "const"):
                return word
    return "class"


def _placeholder(name: str, kind: str) -> ClassFact:
    return ClassFact(name, kind, "", (), (), (), (), (), (), 0, 0)


def _loose_code(node: Node, cls: str, body: tuple[Statement, ...]) -> FunctionFact:
    return FunctionFact(
        "{unparsed}", cls, -1, (), (), (), encode_body(body), line_of(node), node.end_point[0] + 1, node.start_byte, node.end_byte
    )


