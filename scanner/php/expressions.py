"""Operators, arrays and assignments: the last layer of the lowering of expressions."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.facts import (
    Arg,
    ArrayLit,
    Assign,
    AssignExpr,
    Call,
    Callable,
    CallKind,
    Choice,
    Concat,
    Const,
    Item,
    Op,
    Unknown,
    Value,
)
from scanner.php.calls import CallLowering
from scanner.php.lowering import handler_of, handles
from scanner.php.nodes import (
    F_ALTERNATIVE,
    F_ARGUMENT,
    F_BODY,
    F_CONDITION,
    F_CONDITIONS,
    F_LEFT,
    F_OPERATOR,
    F_RETURN,
    F_RIGHT,
    F_TYPE,
    F_VALUE,
    K_BINARY,
    K_BY_REF,
    K_COMMENT,
    K_ELEMENT,
    K_MATCH_ARM,
    K_PLAIN_NAMES,
    K_SEQUENCE,
    K_SIGNED,
    K_UNPACK,
)
from scanner.php.parser import Node, kind_ids

K_UPDATE = frozenset(kind_ids("update_expression"))
_MAX_SEGMENTS = 40
"""Changes of the operator in one chain that are kept apart."""


class ExpressionLowering(CallLowering):
    """Lowers expressions; declarations inside them (closures, anonymous classes) are left to subclasses."""

    @handles("binary_expression")
    def _binary(self, node: Node) -> Value:
        """A left-deep chain is taken apart in a loop, since generated code has chains of thousands."""
        steps: list[tuple[str, Node]] = []
        current = node
        while current.kind_id in K_BINARY:
            left, right = current.child_by_field_id(F_LEFT), current.child_by_field_id(F_RIGHT)
            operator = current.child_by_field_id(F_OPERATOR)
            if left is None or right is None or operator is None:
                break
            steps.append((self.text(operator).lower(), right))
            current = left
        if not steps:
            return self.other(node)
        signs: list[Node] = []
        while steps[-1][0] == "**" and current.kind_id in K_SIGNED:  # `-2 ** 2` is `-(2 ** 2)`: the grammar does not
            signs.append(current)  # know that the power binds more tightly
            inner = current.child_by_field_id(F_ARGUMENT) or current.child_by_field_id(F_VALUE)
            if inner is None:
                return self.other(node)
            current = inner
        value = self.expression(current)
        if signs:
            value = self._signed(signs, self._combine("**", value, [steps.pop()[1]]))
        segments = 0
        while steps:
            operator_text = steps[-1][0]
            rights: list[Node] = []
            while steps and (steps[-1][0] == operator_text or segments > _MAX_SEGMENTS):
                rights.append(steps.pop()[1])
            segments += 1
            value = self._combine(operator_text if segments <= _MAX_SEGMENTS else "mixed", value, rights)
        return value

    def _signed(self, signs: list[Node], value: Value) -> Value:
        """Signs and casts, the outermost first, in front of a value."""
        for sign in reversed(signs):
            operator = sign.child_by_field_id(F_OPERATOR) or sign.child_by_field_id(F_TYPE)
            text = self.text(operator).strip().lower() if operator is not None else "?"
            value = Op(f"({text})" if sign.child_by_field_id(F_TYPE) is not None else text, (value,))
        return value

    def _combine(self, operator: str, left: Value, rights: list[Node]) -> Value:
        if operator == "|>":
            return self._piped(left, rights)
        if operator == "instanceof":
            rights = [right for right in rights if right.kind_id not in K_PLAIN_NAMES]
        operands = [left, *(self.expression(right) for right in rights)]
        if operator == ".":
            return Concat(tuple(_flattened(operands)))
        if operator == "??":
            return Choice(tuple(operands))
        return Op(operator, tuple(operands))

    def _piped(self, left: Value, rights: list[Node]) -> Value:
        """`$x |> f(...)` calls f with $x as its only argument (PHP 8.5)."""
        for right in rights:
            target = self.expression(right)
            if isinstance(target, Callable):
                call = target.call
                left = Call(
                    call.kind, call.name, call.receiver, (Arg(left),), call.line, call.end_line, call.start, call.end
                )
            else:
                left = Call(
                    CallKind.DYNAMIC, "", target, (Arg(left),), right.start_point[0] + 1, right.end_point[0] + 1,
                    right.start_byte, right.end_byte,
                )  # fmt: skip
        return left

    @handles("conditional_expression")
    def _conditional(self, node: Node) -> Value:
        condition = self.optional(node.child_by_field_id(F_CONDITION))
        then, otherwise = node.child_by_field_id(F_BODY), node.child_by_field_id(F_ALTERNATIVE)
        if then is None:
            return Choice((condition, self.optional(otherwise)))
        return Choice((self.expression(then), self.optional(otherwise), Op("condition", (condition,))))

    @handles("match_expression")
    def _match(self, node: Node) -> Value:
        conditions = [self.optional(node.child_by_field_id(F_CONDITION))]
        arms: list[Value] = []
        body = node.child_by_field_id(F_BODY)
        for arm in self.named(body) if body is not None else ():
            if arm.kind_id in K_MATCH_ARM:
                tests = arm.child_by_field_id(F_CONDITIONS)
                if tests is not None:
                    conditions += [self.expression(test) for test in self.named(tests)]
            arms.append(self.optional(arm.child_by_field_id(F_RETURN)))
        return Choice((*arms, Op("condition", tuple(conditions))))

    @handles("parenthesized_expression", "error_suppression_expression")
    def _wrapped(self, node: Node) -> Value:
        """Peels nested parentheses in a loop; what is left is the expression inside."""
        current = node
        while True:
            children = self.named(current)
            if len(children) != 1:
                return self.other(current)
            current = children[0]
            if handler_of(current) is not ExpressionLowering._wrapped:
                return self.expression(current)

    @handles("cast_expression")
    def _cast(self, node: Node) -> Value:
        kind = node.child_by_field_id(F_TYPE)
        return Op(
            f"({self.text(kind).strip().lower()})" if kind is not None else "()",
            (self.optional(node.child_by_field_id(F_VALUE)),),
        )

    @handles("unary_op_expression", "update_expression")
    def _unary(self, node: Node) -> Value:
        operator = node.child_by_field_id(F_OPERATOR)
        argument = node.child_by_field_id(F_ARGUMENT)
        value = self.optional(argument)
        text = self.text(operator) if operator is not None else "?"
        if text == "-" and isinstance(value, Const) and isinstance(value.value, (int, float)):
            return Const(-value.value)
        if node.kind_id in K_UPDATE and argument == node.child(0):
            text = "x" + text  # `$x++` has the value from before
        return Op(text, (value,))

    @handles("clone_expression")
    def _clone(self, node: Node) -> Value:
        return self.construct("clone", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("throw_expression")
    def _throw(self, node: Node) -> Value:
        return self.construct("throw", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("print_intrinsic")
    def _print(self, node: Node) -> Value:
        return self.construct("print", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("include_expression", "include_once_expression", "require_expression", "require_once_expression")
    def _include(self, node: Node) -> Value:
        name = node.type.removesuffix("_expression")
        return self.construct(name, node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("yield_expression")
    def _yielded(self, node: Node) -> Value:
        """`yield`, `yield $value`, `yield $key => $value`: the operands in this order. `yield from` is its own."""
        self.generator = True
        parts = [
            part
            for child in self.named(node)
            for part in (self.named(child) if child.kind_id in K_ELEMENT else (child,))
        ]
        delegated = any(child.type == "yield from" for child in node.children)
        return Op("yield from" if delegated else "yield", tuple(self.expression(part) for part in parts))

    @handles("sequence_expression")
    def _sequence(self, node: Node) -> Value:
        return Op("sequence", tuple(self.sequence_items(node)))

    def sequence_items(self, node: Node) -> Iterable[Value]:
        """Items of a right-nested comma list (`echo a, b, c`), in order."""
        current: Node | None = node
        while current is not None and current.kind_id in K_SEQUENCE:
            children = self.named(current)
            current = None
            for child in children:
                if child.kind_id in K_SEQUENCE:
                    current = child
                else:
                    yield self.expression(child)
        if current is not None:
            yield self.expression(current)

    # -- assignments ------------------------------------------------------------------------------------------

    @handles("assignment_expression", "augmented_assignment_expression", "reference_assignment_expression")
    def _assignment_value(self, node: Node) -> Value:
        assign = self.assignment(node)
        return AssignExpr(assign) if isinstance(assign, Assign) else assign

    def assignment(self, node: Node) -> Assign | Value:
        """The assignment that a node stands for; a Value when the node is broken."""
        left, right = node.child_by_field_id(F_LEFT), node.child_by_field_id(F_RIGHT)
        if left is None or right is None:
            return self.other(node)
        operator = node.child_by_field_id(F_OPERATOR)
        if operator is not None:
            text = self.text(operator)
        else:
            text = "&" if node.type == "reference_assignment_expression" else "="
        value = self.expression(right)
        assign = Assign(self.expression(left), value, text, node.start_point[0] + 1)
        self.assigning(assign)
        return assign

    @handles("array_creation_expression", "list_literal")
    def _array(self, node: Node) -> Value:
        pattern = node.type == "list_literal"
        items: list[Item] = []
        position, key = 0, None
        for child in node.children:
            kind = child.kind_id
            if kind in K_ELEMENT:
                items.append(self._element(child))
            elif not child.is_named:
                token = self.source[child.start_byte : child.end_byte]
                if token == b"=>" and items:
                    key = items.pop().value
                elif token == b",":
                    position += 1
            elif kind not in K_COMMENT:
                value, by_ref = self._by_ref(child)
                if key is None and pattern:
                    key = Const(position)
                items.append(Item(key, value, spread=False, by_ref=by_ref))
                key = None
        return ArrayLit(tuple(items))

    def _element(self, node: Node) -> Item:
        children = self.named(node)
        if not children:
            return Item(None, Unknown("syntax"))
        last = children[-1]
        key = self.expression(children[0]) if len(children) > 1 else None
        if last.kind_id in K_UNPACK:
            return Item(None, self.other_single(last), spread=True)
        value, by_ref = self._by_ref(last)
        return Item(key, value, False, by_ref)

    def _by_ref(self, node: Node) -> tuple[Value, bool]:
        if node.kind_id in K_BY_REF:
            return self.other_single(node), True
        return self.expression(node), False


def _flattened(values: Iterable[Value]) -> Iterable[Value]:
    for value in values:
        if isinstance(value, Concat):
            yield from value.parts
        else:
            yield value
