"""Expressions of the syntax tree to values of the intermediate form.

Recursion is bounded: below `MAX_DEPTH` a subtree becomes `Unknown("depth")` and is put on a list, from which the
statement lowering takes it up again as a statement of its own. So a call is never lost to deep nesting, only its
place in the surrounding expression is, and the cut is recorded.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable, Sequence

from scanner.model.facts import (
    Arg,
    ArrayLit,
    Assign,
    AssignExpr,
    Call,
    Callable,
    CallKind,
    Choice,
    ClassConst,
    Closure,
    Concat,
    Const,
    ConstRef,
    DynVar,
    Index,
    Item,
    Op,
    Prop,
    StaticProp,
    Unknown,
    Value,
    Var,
)
from scanner.php.literals import escape_value, float_value, integer_value, unescape_single
from scanner.php.names import RELATIVE_CLASSES, NameScope
from scanner.php.parser import Node, field_id, kind_ids

MAX_DEPTH = 160
"""Levels of nested expressions and statements that are followed in place."""
_MAX_SEGMENTS = 40
_LANGUAGE_CALLS = frozenset({"eval", "exit", "die"})
_TESTS = frozenset({"isset", "empty"})
_EMPTY = Const("")

Handler = Function[["ExpressionLowering", Node], Value]
_HANDLERS: dict[int, Handler] = {}

F_ALTERNATIVE = field_id("alternative")
F_ARGUMENT = field_id("argument")
F_ARGUMENTS = field_id("arguments")
F_BODY = field_id("body")
F_CONDITION = field_id("condition")
F_CONDITIONS = field_id("conditional_expressions")
F_FUNCTION = field_id("function")
F_LEFT = field_id("left")
F_NAME = field_id("name")
F_OBJECT = field_id("object")
F_OPERATOR = field_id("operator")
F_REFERENCE = field_id("reference_modifier")
F_RETURN = field_id("return_expression")
F_RIGHT = field_id("right")
F_SCOPE = field_id("scope")
F_TYPE = field_id("type")
F_VALUE = field_id("value")

K_ARGUMENT = frozenset(kind_ids("argument"))
K_BINARY = frozenset(kind_ids("binary_expression"))
K_COMMENT = frozenset(kind_ids("comment"))
K_NAME = frozenset(kind_ids("name"))
K_PLAIN_NAMES = frozenset(kind_ids("name") + kind_ids("qualified_name") + kind_ids("relative_name"))
K_PLACEHOLDER = frozenset(kind_ids("variadic_placeholder"))
K_STRING = frozenset(kind_ids("string"))
K_STRING_CONTENT = frozenset(kind_ids("string_content") + kind_ids("nowdoc_string"))
K_ESCAPE = frozenset(kind_ids("escape_sequence"))
K_HEREDOC_BODY = frozenset(kind_ids("heredoc_body") + kind_ids("nowdoc_body"))
K_HEREDOC_END = frozenset(kind_ids("heredoc_end"))
K_SUBSCRIPT = frozenset(kind_ids("subscript_expression"))
K_UNPACK = frozenset(kind_ids("variadic_unpacking"))
K_BY_REF = frozenset(kind_ids("by_ref"))
K_ELEMENT = frozenset(kind_ids("array_element_initializer"))
K_ANONYMOUS_CLASS = frozenset(kind_ids("anonymous_class"))
K_ARGUMENTS = frozenset(kind_ids("arguments"))
K_MATCH_ARM = frozenset(kind_ids("match_conditional_expression"))
K_SEQUENCE = frozenset(kind_ids("sequence_expression"))


def handles(*names: str) -> Function[[Handler], Handler]:
    """Register a method of the lowering for node types."""

    def register(handler: Handler) -> Handler:
        for name in names:
            for number in kind_ids(name):
                _HANDLERS[number] = handler
        return handler

    return register


class ExpressionLowering:
    """Lowers expressions; declarations inside them (closures, anonymous classes) are left to subclasses."""

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

    # -- hooks for declarations -------------------------------------------------------------------------------

    def closure(self, node: Node, *, arrow: bool) -> int:
        """Index of the function that a closure becomes."""
        raise AssertionError(node.type, arrow)

    def anonymous_class(self, node: Node) -> str:
        """Name that an anonymous class gets."""
        raise AssertionError(node.type)

    def named_call(self, call: Call) -> None:
        """See a call of a function by name, for symbol tables."""

    # -- basics -----------------------------------------------------------------------------------------------

    def text(self, node: Node) -> str:
        """Source text of a node, one character per byte."""
        return self.source[node.start_byte : node.end_byte].decode("latin-1")

    def expression(self, node: Node) -> Value:
        """Value of an expression node."""
        handler = _HANDLERS.get(node.kind_id)
        if handler is None:
            return self.other(node)
        if self.depth >= MAX_DEPTH:
            self.pending.append(node)
            self.cuts.append(node.start_point[0] + 1)
            return Unknown("depth")
        self.depth += 1
        try:
            return handler(self, node)
        finally:
            self.depth -= 1

    def optional(self, node: Node | None) -> Value:
        """As `expression`; null for a missing node."""
        return Const(None) if node is None else self.expression(node)

    def other(self, node: Node) -> Value:
        """A node without a meaning of its own here: its children may hold calls."""
        if not node.named_child_count:
            return Unknown("syntax") if node.is_named else Const(None)
        if self.depth >= MAX_DEPTH:
            self.pending.append(node)
            self.cuts.append(node.start_point[0] + 1)
            return Unknown("depth")
        self.depth += 1
        operands = tuple(self.expression(child) for child in self.named(node))
        self.depth -= 1
        return Op(node.type, operands)

    @staticmethod
    def named(node: Node) -> list[Node]:
        """Named children without comments."""
        return [child for child in node.named_children if child.kind_id not in K_COMMENT]

    # -- literals ---------------------------------------------------------------------------------------------

    @handles("string")
    def string(self, node: Node) -> Value:
        return Const(unescape_single(self.text(node)[:-1].lstrip("bB")[1:]))

    @handles("integer")
    def integer(self, node: Node) -> Value:
        return Const(integer_value(self.text(node)))

    @handles("float")
    def float(self, node: Node) -> Value:
        return Const(float_value(self.text(node)))

    @handles("boolean")
    def boolean(self, node: Node) -> Value:
        return Const(self.text(node).lower() == "true")

    @handles("null")
    def null(self, _node: Node) -> Value:
        return Const(None)

    @handles("encapsed_string")
    def encapsed(self, node: Node) -> Value:
        return self._joined(self._pieces(node.children))

    @handles("heredoc", "nowdoc")
    def heredoc(self, node: Node) -> Value:
        indent, parts = 0, list[Value]()
        for child in node.children:
            if child.kind_id in K_HEREDOC_END:
                indent = child.start_point[1]
        for child in node.children:
            if child.kind_id in K_HEREDOC_BODY:
                parts = self._pieces(child.children)
        if indent:
            parts = [_dedent(part, indent, first=not number) for number, part in enumerate(parts)]
        return self._joined(parts)

    @handles("shell_command_expression")
    def shell(self, node: Node) -> Value:
        command = self._joined(self._pieces(node.children))
        return self._construct("backtick", node, (Arg(command),))

    def _pieces(self, children: Sequence[Node]) -> list[Value]:
        """Parts of an interpolated string, neighbouring text joined."""
        parts: list[Value] = []
        texts: list[str] = []
        braced = False
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
                braced = child.end_byte - child.start_byte == 1 and self.source[child.start_byte] == 0x7B
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

    @staticmethod
    def _joined(parts: list[Value]) -> Value:
        if not parts:
            return _EMPTY
        if len(parts) == 1 and isinstance(parts[0], Const):
            return parts[0]
        return Concat(tuple(parts))

    # -- variables and constants ------------------------------------------------------------------------------

    @handles("variable_name")
    def variable(self, node: Node) -> Value:
        name = self.source[node.start_byte + 1 : node.end_byte].decode("latin-1")
        if name in self.words:
            self.mentions.add(name)
        return Var(name)

    @handles("dynamic_variable_name")
    def dynamic_variable(self, node: Node) -> Value:
        child = self.named(node)
        if not child:
            return Unknown("syntax")
        if child[0].kind_id in K_NAME:  # "${name}" in a string
            return Var(self.text(child[0]))
        name = self.expression(child[0])
        return Var(name.value) if isinstance(name, Const) and isinstance(name.value, str) else DynVar(name)

    @handles("name", "qualified_name", "relative_name")
    def constant(self, node: Node) -> Value:
        name, qualified = self.names.resolve_constant(self.text(node))
        if name == "__NAMESPACE__":
            return Const(self.names.namespace)
        if name == "__LINE__":
            return Const(node.start_point[0] + 1)
        return ConstRef(name, qualified)

    @handles("class_constant_access_expression")
    def class_constant(self, node: Node) -> Value:
        children = self.named(node)
        if len(children) < 2:  # noqa: PLR2004  class and constant
            return Unknown("syntax")
        cls = self.class_reference(children[0])
        member = children[1]
        if member.kind_id not in K_NAME or self.source[member.start_byte - 1 : member.start_byte] == b"{":
            return ClassConst(cls, self.expression(member))
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
            if name in self.words:
                self.mentions.add(name)
            return name
        value = self.expression(node)
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
        return value

    @handles("member_access_expression", "nullsafe_member_access_expression")
    def member_access(self, node: Node) -> Value:
        return Prop(
            self.optional(node.child_by_field_id(F_OBJECT)), self.member_name(node.child_by_field_id(F_NAME))
        )

    @handles("scoped_property_access_expression")
    def static_property(self, node: Node) -> Value:
        scope, name = node.child_by_field_id(F_SCOPE), node.child_by_field_id(F_NAME)
        if scope is None or name is None:
            return self.other(node)
        target = self.expression(name)
        return StaticProp(
            self.class_reference(scope),
            target.name if isinstance(target, (Var, DynVar)) else target,
        )

    @handles("subscript_expression")
    def subscript(self, node: Node) -> Value:
        children = self.named(node)
        if not children:
            return Unknown("syntax")
        key = self.expression(children[1]) if len(children) > 1 else None
        if isinstance(key, Const) and key.value in self.words:
            self.mentions.add(str(key.value))
        return Index(self.expression(children[0]), key)

    # -- operators --------------------------------------------------------------------------------------------

    @handles("binary_expression")
    def binary(self, node: Node) -> Value:
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
        value = self.expression(current)
        segments = 0
        while steps:
            operator_text = steps[-1][0]
            rights: list[Node] = []
            while steps and (steps[-1][0] == operator_text or segments > _MAX_SEGMENTS):
                rights.append(steps.pop()[1])
            segments += 1
            value = self._combine(operator_text if segments <= _MAX_SEGMENTS else "mixed", value, rights)
        return value

    def _combine(self, operator: str, left: Value, rights: list[Node]) -> Value:
        if operator == "|>":
            return self._piped(left, rights)
        if operator == "instanceof":
            return Op(operator, (left,))
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
    def conditional(self, node: Node) -> Value:
        condition = self.optional(node.child_by_field_id(F_CONDITION))
        then, otherwise = node.child_by_field_id(F_BODY), node.child_by_field_id(F_ALTERNATIVE)
        if then is None:
            return Choice((condition, self.optional(otherwise)))
        arms = [self.expression(then), self.optional(otherwise)]
        if not isinstance(condition, (Var, Const, ConstRef)):
            arms.append(Op("condition", (condition,)))
        return Choice(tuple(arms))

    @handles("match_expression")
    def match(self, node: Node) -> Value:
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
    def wrapped(self, node: Node) -> Value:
        """Peels nested parentheses in a loop; what is left is the expression inside."""
        current = node
        while True:
            children = self.named(current)
            if len(children) != 1:
                return self.other(current)
            current = children[0]
            if _HANDLERS.get(current.kind_id) is not ExpressionLowering.wrapped:
                return self.expression(current)

    @handles("cast_expression")
    def cast(self, node: Node) -> Value:
        kind = node.child_by_field_id(F_TYPE)
        return Op(
            f"({self.text(kind).strip().lower()})" if kind is not None else "()",
            (self.optional(node.child_by_field_id(F_VALUE)),),
        )

    @handles("unary_op_expression", "update_expression")
    def unary(self, node: Node) -> Value:
        operator = node.child_by_field_id(F_OPERATOR)
        argument = node.child_by_field_id(F_ARGUMENT)
        value = self.optional(argument)
        text = self.text(operator) if operator is not None else "?"
        if text == "-" and isinstance(value, Const) and isinstance(value.value, (int, float)):
            return Const(-value.value)
        return Op(text, (value,))

    @handles("clone_expression")
    def clone(self, node: Node) -> Value:
        return self._construct("clone", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("throw_expression")
    def throw(self, node: Node) -> Value:
        return self._construct("throw", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("print_intrinsic")
    def print(self, node: Node) -> Value:
        return self._construct("print", node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("include_expression", "include_once_expression", "require_expression", "require_once_expression")
    def include(self, node: Node) -> Value:
        name = node.type.removesuffix("_expression")
        return self._construct(name, node, tuple(Arg(self.expression(child)) for child in self.named(node)))

    @handles("yield_expression")
    def yielded(self, node: Node) -> Value:
        self.generator = True
        values = tuple(self.expression(child) for child in self.named(node))
        return Op("yield", values)

    @handles("sequence_expression")
    def sequence(self, node: Node) -> Value:
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
    def assignment_value(self, node: Node) -> Value:
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

    def assigning(self, assign: Assign) -> None:
        """See an assignment, for symbol tables."""

    @handles("array_creation_expression", "list_literal")
    def array(self, node: Node) -> Value:
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
                items.append(Item(key if key is not None else Const(position) if pattern else None, value, False, by_ref))
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

    def other_single(self, node: Node) -> Value:
        """Value of the only named child of a wrapper node."""
        children = self.named(node)
        return self.expression(children[0]) if len(children) == 1 else self.other(node)

    # -- calls ------------------------------------------------------------------------------------------------

    def _call(
        self, kind: CallKind, name: str | Value, receiver: str | Value | None, args: tuple[Arg, ...], node: Node
    ) -> Call:
        self.called.add(name.lower().rpartition("\\")[2] if isinstance(name, str) and name else "()")
        return Call(
            kind, name, receiver, args, node.start_point[0] + 1, node.end_point[0] + 1, node.start_byte, node.end_byte
        )

    def _construct(self, name: str, node: Node, args: tuple[Arg, ...]) -> Call:
        return self._call(CallKind.CONSTRUCT, name, None, args, node)

    def _arguments(self, node: Node | None) -> tuple[tuple[Arg, ...], bool]:
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
    def function_call(self, node: Node) -> Value:
        callee = node.child_by_field_id(F_FUNCTION)
        if callee is None:
            return self.other(node)
        if callee.kind_id in K_PLAIN_NAMES:
            return self._named_call(node, self.text(callee))
        target = self.expression(callee)
        args, first_class = self._arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self._call(CallKind.DYNAMIC, "", target, args, node)
        return Callable(call) if first_class else call

    def _named_call(self, node: Node, written: str) -> Value:
        args, first_class = self._arguments(node.child_by_field_id(F_ARGUMENTS))
        lower = written.lower().lstrip("\\")
        if lower in _LANGUAGE_CALLS:
            return self._construct("exit" if lower == "die" else lower, node, args)
        if lower in _TESTS:
            return Op(lower, tuple(arg.value for arg in args))
        name, qualified = self.names.resolve_function(written)
        call = self._call(CallKind.FUNCTION, name, qualified or None, args, node)
        self.named_call(call)
        return Callable(call) if first_class else call

    @handles("member_call_expression", "nullsafe_member_call_expression")
    def member_call(self, node: Node) -> Value:
        receiver = self.optional(node.child_by_field_id(F_OBJECT))
        name = self.member_name(node.child_by_field_id(F_NAME))
        args, first_class = self._arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self._call(CallKind.METHOD, name, receiver, args, node)
        return Callable(call) if first_class else call

    @handles("scoped_call_expression")
    def scoped_call(self, node: Node) -> Value:
        scope = node.child_by_field_id(F_SCOPE)
        receiver = self.class_reference(scope) if scope is not None else Unknown("syntax")
        name = self.member_name(node.child_by_field_id(F_NAME))
        args, first_class = self._arguments(node.child_by_field_id(F_ARGUMENTS))
        call = self._call(CallKind.STATIC, name, receiver, args, node)
        return Callable(call) if first_class else call

    @handles("object_creation_expression")
    def creation(self, node: Node) -> Value:
        name: str | Value = Unknown("syntax")
        args: tuple[Arg, ...] = ()
        for child in self.named(node):
            if child.kind_id in K_ARGUMENTS:
                args = self._arguments(child)[0]
            elif child.kind_id in K_ANONYMOUS_CLASS:
                name = self.anonymous_class(child)
                for part in self.named(child):
                    if part.kind_id in K_ARGUMENTS:
                        args = self._arguments(part)[0]
            elif child.type != "attribute_list":
                name = self.class_reference(child)
        return self._call(CallKind.NEW, name, None, args, node)

    @handles("anonymous_function")
    def anonymous_function(self, node: Node) -> Value:
        return Closure(self.closure(node, arrow=False))

    @handles("arrow_function")
    def arrow_function(self, node: Node) -> Value:
        return Closure(self.closure(node, arrow=True))


def _flattened(values: Iterable[Value]) -> Iterable[Value]:
    for value in values:
        if isinstance(value, Concat):
            yield from value.parts
        else:
            yield value


def _dedent(part: Value, indent: int, *, first: bool) -> Value:
    """Heredoc text without the closing label's indentation; only the first part begins at a line's start."""
    if not isinstance(part, Const) or not isinstance(part.value, str):
        return part
    lines = part.value.split("\n")
    return Const(
        "\n".join(
            line[_blank_prefix(line, indent) :] if number or first else line for number, line in enumerate(lines)
        )
    )


def _blank_prefix(line: str, indent: int) -> int:
    width = len(line) - len(line.lstrip(" \t"))
    return min(width, indent)
