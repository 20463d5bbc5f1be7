"""Variables, constants, properties and elements."""

from __future__ import annotations

from scanner.model.facts import ClassConst, Const, ConstRef, DynVar, Index, Prop, StaticProp, Unknown, Value, Var
from scanner.php.lowering import Lowering, handles
from scanner.php.names import RELATIVE_CLASSES
from scanner.php.nodes import F_NAME, F_OBJECT, F_SCOPE, K_NAME, K_PLAIN_NAMES
from scanner.php.parser import Node


class ReferenceLowering(Lowering):
    """Lowers what names a place: a variable, a constant, a property, an element of an array."""

    @handles("variable_name")
    def _variable(self, node: Node) -> Value:
        name = self.source[node.start_byte + 1 : node.end_byte].decode("latin-1")
        if name in self.words or name.lower() in self.words:
            self.mentions.add(name)
        return Var(name)

    @handles("dynamic_variable_name")
    def _dynamic_variable(self, node: Node) -> Value:
        child = self.named(node)
        if not child:
            return Unknown("syntax")
        if child[0].kind_id in K_NAME:  # "${name}" in a string
            return Var(self.text(child[0]))
        name = self.expression(child[0])
        return Var(name.value) if isinstance(name, Const) and isinstance(name.value, str) else DynVar(name)

    @handles("name", "qualified_name", "relative_name")
    def _constant(self, node: Node) -> Value:
        if self.text(node).lower() in ("die", "exit"):  # without parentheses the grammar has a name there
            return self.construct("exit", node, ())
        name, qualified = self.names.resolve_constant(self.text(node))
        if name == "__NAMESPACE__":
            return Const(self.names.namespace)
        if name == "__LINE__":
            return Const(node.start_point[0] + 1)
        return ConstRef(name, qualified)

    @handles("class_constant_access_expression")
    def _class_constant(self, node: Node) -> Value:
        children = self.named(node)
        if len(children) < 2:  # noqa: PLR2004  class and constant
            return Unknown("syntax")
        cls = self.class_reference(children[0])
        member = children[1]
        computed = self.named(member)
        if computed or member.kind_id not in K_NAME:  # K::{$n}, which is a name that holds an expression
            return ClassConst(cls, self.expression(computed[0] if computed else member))
        name = self.text(member)
        if name.lower() == "class":
            name = "class"
            if isinstance(cls, str) and cls not in RELATIVE_CLASSES:
                return Const(cls)
        return ClassConst(cls, name)

    def class_reference(self, node: Node) -> str | Value:
        """Class in front of `::` or after `new`: a resolved name, or a value."""
        if node.kind_id in K_PLAIN_NAMES:
            return self.names.resolve_class(self.text(node))
        if node.type == "relative_scope":
            return self.text(node).lower()
        value = self.expression(node)
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value.lstrip("\\")
        return value

    def member_name(self, node: Node | None) -> str | Value:
        """Name of a property or method: text, or a value when computed."""
        if node is None:
            return Unknown("syntax")
        if node.kind_id in K_NAME:
            name = self.text(node)
            if name in self.words or name.lower() in self.words:
                self.mentions.add(name)
            return name
        value = self.expression(node)
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
        return value

    @handles("member_access_expression", "nullsafe_member_access_expression")
    def _member_access(self, node: Node) -> Value:
        return Prop(self.optional(node.child_by_field_id(F_OBJECT)), self.member_name(node.child_by_field_id(F_NAME)))

    @handles("scoped_property_access_expression")
    def _static_property(self, node: Node) -> Value:
        scope, name = node.child_by_field_id(F_SCOPE), node.child_by_field_id(F_NAME)
        if scope is None or name is None:
            return self.other(node)
        target = self.expression(name)
        return StaticProp(
            self.class_reference(scope),
            target.name if isinstance(target, (Var, DynVar)) else target,
        )

    @handles("subscript_expression")
    def _subscript(self, node: Node) -> Value:
        children = self.named(node)
        if not children:
            return Unknown("syntax")
        key = self.expression(children[1]) if len(children) > 1 else None
        if isinstance(key, Const) and isinstance(key.value, str) and key.value.lower() in self.words:
            self.mentions.add(key.value)
        return Index(self.expression(children[0]), key)
