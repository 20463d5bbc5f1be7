"""Calls, object creation and closures."""

from __future__ import annotations

from scanner.model.facts import Arg, Callable, CallKind, Closure, Op, Unknown, Value
from scanner.php.lowering import handles
from scanner.php.nodes import (
    F_ARGUMENTS,
    F_FUNCTION,
    F_NAME,
    F_OBJECT,
    F_REFERENCE,
    F_SCOPE,
    K_ANONYMOUS_CLASS,
    K_ARGUMENT,
    K_ARGUMENTS,
    K_COMMENT,
    K_PLACEHOLDER,
    K_PLAIN_NAMES,
    K_UNPACK,
)
from scanner.php.parser import Node
from scanner.php.strings import StringLowering

_LANGUAGE_CALLS = frozenset({"eval", "exit", "die"})
_TESTS = frozenset({"isset", "empty"})


class CallLowering(StringLowering):
    """Lowers calls; a first-class callable `f(...)` is none."""

    def arguments(self, node: Node | None) -> tuple[tuple[Arg, ...], bool]:
        """(arguments, is_first_class): the latter for `f(...)`."""
        if node is None:
            return (), False
        args: list[Arg] = []
        for child in node.named_children:
            if child.kind_id in K_ARGUMENT:
                args.append(self._argument(child))
            elif child.kind_id in K_PLACEHOLDER:
                return (), True
            elif child.kind_id not in K_COMMENT:
                args.append(Arg(self.expression(child)))
        return tuple(args), False

    def _argument(self, node: Node) -> Arg:
        children = self.named(node)
        if not children:
            return Arg(Unknown("syntax"))
        last = children[-1]
        if last.kind_id in K_UNPACK:
            return Arg(self.other_single(last), spread=True)
        label = node.child_by_field_id(F_NAME) if len(children) > 1 else None
        by_ref = len(children) > 1 and node.child_by_field_id(F_REFERENCE) is not None
        return Arg(self.expression(last), self.text(label) if label is not None else "", False, by_ref)

    @handles("function_call_expression")
    def _function_call(self, node: Node) -> Value:
        callee = node.child_by_field_id(F_FUNCTION)
        if callee is None:
            return self.other(node)
        if callee.kind_id in K_PLAIN_NAMES:
            return self._named_call(node, self.text(callee))
        target = self.expression(callee)
        args, first_class = self.arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self.call(CallKind.DYNAMIC, "", target, args, node)
        return Callable(call) if first_class else call

    def _named_call(self, node: Node, written: str) -> Value:
        args, first_class = self.arguments(node.child_by_field_id(F_ARGUMENTS))
        lower = written.lower().lstrip("\\")
        if lower in _LANGUAGE_CALLS:
            return self.construct("exit" if lower == "die" else lower, node, args)
        if lower in _TESTS:
            return Op(lower, tuple(arg.value for arg in args))
        name, qualified = self.names.resolve_function(written)
        call = self.call(CallKind.FUNCTION, name, qualified or None, args, node)
        self.named_call(call)
        return Callable(call) if first_class else call

    @handles("member_call_expression", "nullsafe_member_call_expression")
    def _member_call(self, node: Node) -> Value:
        receiver = self.optional(node.child_by_field_id(F_OBJECT))
        name = self.member_name(node.child_by_field_id(F_NAME))
        args, first_class = self.arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self.call(CallKind.METHOD, name, receiver, args, node)
        return Callable(call) if first_class else call

    @handles("scoped_call_expression")
    def _scoped_call(self, node: Node) -> Value:
        scope = node.child_by_field_id(F_SCOPE)
        receiver = self.class_reference(scope) if scope is not None else Unknown("syntax")
        name = self.member_name(node.child_by_field_id(F_NAME))
        args, first_class = self.arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self.call(CallKind.STATIC, name, receiver, args, node)
        return Callable(call) if first_class else call

    @handles("object_creation_expression")
    def _creation(self, node: Node) -> Value:
        name: str | Value = Unknown("syntax")
        args: tuple[Arg, ...] = ()
        for child in self.named(node):
            if child.kind_id in K_ARGUMENTS:
                args = self.arguments(child)[0]
            elif child.kind_id in K_ANONYMOUS_CLASS:
                name = self.anonymous_class(child)
                for part in self.named(child):
                    if part.kind_id in K_ARGUMENTS:
                        args = self.arguments(part)[0]
            elif child.type != "attribute_list":
                name = self.class_reference(child)
        return self.call(CallKind.NEW, name, None, args, node)

    @handles("anonymous_function")
    def _anonymous_function(self, node: Node) -> Value:
        return Closure(self.closure(node, arrow=False))

    @handles("arrow_function")
    def _arrow_function(self, node: Node) -> Value:
        return Closure(self.closure(node, arrow=True))
