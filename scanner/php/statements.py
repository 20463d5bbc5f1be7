"""Statements of the syntax tree to statements of the intermediate form."""

from __future__ import annotations

import re
from collections.abc import Callable as Function
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from scanner.model.facts import (
    BREAK,
    CONTINUE,
    GOTO,
    TRIED,
    TRY,
    Arg,
    Assign,
    AssignExpr,
    Branch,
    Call,
    CallKind,
    ClassConst,
    Const,
    Expr,
    Globals,
    Loop,
    Op,
    Return,
    Statement,
    StaticVar,
    Unknown,
    Unset,
    Value,
    Var,
)
from scanner.php.expressions import ExpressionLowering
from scanner.php.lowering import MAX_DEPTH
from scanner.php.nodes import F_BODY, F_CONDITION, F_NAME, F_TYPE, F_VALUE, K_BY_REF, K_COMMENT, K_SEQUENCE
from scanner.php.parser import ERROR_KIND, Node, kind_ids

_MAX_FALLING = 50
"""Statements of earlier cases that are repeated in the case they fall into."""
_LETTER = 3
"""Bytes of a literal of one letter."""
_LETTERS = 3
"""Cases of one letter that are enough to say that a `switch` looks letters up."""
_ADDRESS = re.compile(rb"(?:\?>)?\s*([\w:/?=&%~+-]{1,100}(?:\.[\w:/?=&%~+-]{1,100}){1,12})\s*(?:<\?(?:php\b|=)?\s*)?")
_PIECE = re.compile(rb"(?:\?>)?\s*([\w:/?=&%~+.-]{1,200})\s*(?:<\?(?:php\b|=)?\s*)?")
_MARKED = re.compile(
    rb"(?:https?:)?//[A-Za-z0-9][A-Za-z0-9.:-]{2,100}[/?#][\w./?=&%~+;,:-]{0,200}"
    rb"(?:[{\[@#$|]{1,3} ?\$?\w[\w.-]{0,40} ?[}\]@#$|]{1,3}|(?<![A-Za-z0-9])(?:__|%)\w{1,40}(?:__|%))"
)
"""An address with a mark, in the place of which a value comes."""
_MAX_MARKED = 8
_LEAVING = frozenset({"break_statement", "return_statement", "continue_statement", "exit_statement", "goto_statement"})

StatementHandler = Function[["StatementLowering", Node, list[Statement]], None]
_HANDLERS: dict[int, StatementHandler] = {}

K_TEXT = frozenset(kind_ids("text") + kind_ids("text_interpolation"))
K_TAG = frozenset(kind_ids("php_tag"))
K_EXPRESSION_STATEMENT = frozenset(kind_ids("expression_statement"))
K_ASSIGNMENTS = frozenset(
    kind_ids("assignment_expression")
    + kind_ids("augmented_assignment_expression")
    + kind_ids("reference_assignment_expression")
)
K_LABEL = frozenset(kind_ids("named_label_statement"))
K_PAIR = frozenset(kind_ids("pair"))
K_IF = frozenset(kind_ids("if_statement"))
K_ELSE = frozenset(kind_ids("else_clause"))
K_CASES = frozenset(kind_ids("case_statement") + kind_ids("default_statement"))
K_DEFAULT = frozenset(kind_ids("default_statement"))
K_CATCH = frozenset(kind_ids("catch_clause"))
K_FINALLY = frozenset(kind_ids("finally_clause"))
K_STATIC_VARIABLE = frozenset(kind_ids("static_variable_declaration"))
K_NOTHING = frozenset(
    kind_ids("comment") + kind_ids("php_tag") + kind_ids("php_end_tag") + kind_ids("empty_statement")
    + kind_ids("named_label_statement")
)  # fmt: skip


def handles(*names: str) -> Function[[StatementHandler], StatementHandler]:
    """Register a method of the lowering for statement nodes."""

    def register(handler: StatementHandler) -> StatementHandler:
        for name in names:
            for number in kind_ids(name):
                _HANDLERS[number] = handler
        return handler

    return register


def line_of(node: Node) -> int:
    """First line of a node, 1-based."""
    return node.start_point[0] + 1


class StatementLowering(ExpressionLowering):
    """Lowers statements; declarations are left to the subclass."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self._buffered = b"ob_start" in source
        self.leavable: list[bool] = []
        """What `break` can leave, outermost first: whether it is a loop, or a `switch`."""
        self.statement_cuts: list[Node] = []
        """As `pending`, for statements."""

    def declaration(self, node: Node, out: list[Statement]) -> bool:
        """Lower a declaration node; False when it is none."""
        raise AssertionError(node.type, out)

    def block(self, nodes: Sequence[Node]) -> tuple[Statement, ...]:
        """Statements of a list of sibling nodes; with a label among them, a `goto` may skip or repeat any of them."""
        statements = self._statements(nodes)
        if any(node.kind_id in K_LABEL for node in nodes):
            return (Loop(tuple(Branch(((statement,),)) for statement in statements)),)
        return statements

    def _statements(self, nodes: Sequence[Node]) -> tuple[Statement, ...]:
        out: list[Statement] = []
        echo_tag = False
        for node in nodes:
            kind = node.kind_id
            if kind in K_TEXT or kind in K_TAG:
                echo_tag = self._ends_in_echo_tag(node)
                self._address(node, out)
                continue
            if echo_tag and kind in K_EXPRESSION_STATEMENT:
                self._echo_tag(node, out)
            else:
                self.statement(node, out)
            if kind not in K_COMMENT:
                echo_tag = False
        return tuple(out)

    def body(self, node: Node | None) -> tuple[Statement, ...]:
        """Statements of a body node: a block, a colon block or one statement."""
        if node is None:
            return ()
        if node.type in ("compound_statement", "colon_block"):
            return self.block(node.named_children)
        return self.block((node,))

    def statement(self, node: Node, out: list[Statement]) -> None:
        """Lower one statement and append what it becomes."""
        if self.depth >= MAX_DEPTH:
            self.statement_cuts.append(node)
            self.cuts.append(line_of(node))
            return
        self.depth += 1
        try:
            handler = _HANDLERS.get(node.kind_id)
            if handler is not None:
                handler(self, node, out)
            elif node.kind_id == ERROR_KIND:
                self._fragment(node, out)
            elif node.kind_id not in K_NOTHING and not self.declaration(node, out):
                self._expression_statement(node, out)
        finally:
            self.depth -= 1

    def flush_pending(self, out: list[Statement]) -> None:
        """Take up the subtrees that were cut for depth, each from depth zero; their own cuts join the queue.

        To be called where the interpreter's own stack is flat: outside of any other node's lowering.
        """
        self.depth = 0
        while self.pending or self.statement_cuts:
            while self.statement_cuts:
                self.statement(self.statement_cuts.pop(), out)
            if self.pending:
                self._expression_statement(self.pending.pop(), out)

    def _address(self, node: Node, out: list[Statement]) -> None:
        """Template text that is an address or a host, or has one with a mark in it: an output buffer gives it back.

        Where there is a buffer, a word may be a piece of one.
        """
        found = (_PIECE if self._buffered else _ADDRESS).fullmatch(self.source, node.start_byte, node.end_byte)
        texts = [found[1]] if found is not None else []
        if found is None and self._buffered:
            marked = _MARKED.finditer(self.source, node.start_byte, node.end_byte)
            texts = [b"=" + match[0] for match in islice(marked, _MAX_MARKED)]
        for text in texts:
            shown = Arg(Const(text.decode("ascii")))
            out.append(Expr(self.construct("echo", node, (shown,)), line_of(node)))

    def _ends_in_echo_tag(self, node: Node) -> bool:
        """Whether the PHP tag that ends a piece of template text is `<?=`."""
        return self.source[node.start_byte : node.end_byte].rstrip()[-3:] == b"<?="

    def _echo_tag(self, node: Node, out: list[Statement]) -> None:
        out.extend(
            Expr(self.construct("echo", node, self._echo_args(child)), line_of(node)) for child in self.named(node)
        )

    def _echo_args(self, node: Node) -> tuple[Arg, ...]:
        if node.kind_id in K_SEQUENCE:
            return tuple(Arg(value) for value in self.sequence_items(node))
        return (Arg(self.expression(node)),)

    def _fragment(self, node: Node, out: list[Statement]) -> None:
        """What can be read inside a region that did not parse."""
        for child in node.named_children:
            if child.kind_id not in K_NOTHING:
                self.statement(child, out)

    # -- plain statements -------------------------------------------------------------------------------------

    @handles("expression_statement")
    def _expression_statement(self, node: Node, out: list[Statement]) -> None:
        children = self.named(node) if node.kind_id in K_EXPRESSION_STATEMENT else [node]
        for child in children:
            if child.kind_id in K_ASSIGNMENTS:
                assign = self.assignment(child)
                out.append(assign if isinstance(assign, Assign) else Expr(assign, line_of(child)))
            else:
                self._plain_expression(child, out)

    def _plain_expression(self, node: Node, out: list[Statement]) -> None:
        generator, self.generator = self.generator, False
        value = self.expression(node)
        if self.generator and node.type == "yield_expression":
            out.append(Return(value, line_of(node), "yield"))
        else:
            out.append(Expr(value, line_of(node)))
        self.generator = generator or self.generator

    @handles("echo_statement")
    def _echo(self, node: Node, out: list[Statement]) -> None:
        args: tuple[Arg, ...] = ()
        for child in self.named(node):
            args += self._echo_args(child)
        out.append(Expr(self.construct("echo", node, args), line_of(node)))

    @handles("exit_statement")
    def _exit(self, node: Node, out: list[Statement]) -> None:
        args = tuple(Arg(self.expression(child)) for child in self.named(node))
        out.append(Expr(self.construct("exit", node, args), line_of(node)))

    @handles("return_statement")
    def _returned(self, node: Node, out: list[Statement]) -> None:
        children = self.named(node)
        out.append(Return(self.expression(children[0]) if children else Const(None), line_of(node)))

    @handles("global_declaration")
    def _global_names(self, node: Node, out: list[Statement]) -> None:
        values = [self.expression(child) for child in self.named(node)]
        names = tuple(value.name if isinstance(value, Var) else value for value in values)
        self.naming_globals(names)
        out.append(Globals(names, line_of(node)))

    @handles("function_static_declaration")
    def _static_variables(self, node: Node, out: list[Statement]) -> None:
        for child in self.named(node):
            if child.kind_id in K_STATIC_VARIABLE:
                name, value = child.child_by_field_id(F_NAME), child.child_by_field_id(F_VALUE)
                if name is not None:
                    lowered = self.expression(value) if value is not None else None
                    out.append(StaticVar(self.text(name)[1:], lowered, line_of(node)))

    @handles("unset_statement")
    def _unset(self, node: Node, out: list[Statement]) -> None:
        out.append(Unset(tuple(self.expression(child) for child in self.named(node)), line_of(node)))

    # -- blocks -----------------------------------------------------------------------------------------------

    @handles("compound_statement", "colon_block")
    def _compound(self, node: Node, out: list[Statement]) -> None:
        out.extend(self.block(node.named_children))

    @handles("declare_statement")
    def _declare(self, node: Node, out: list[Statement]) -> None:
        out.extend(self.block([child for child in self.named(node) if child.type != "declare_directive"]))

    @handles("if_statement")
    def _condition(self, node: Node, out: list[Statement]) -> None:
        """`if`/`elseif`/`else`, with `else if` chains followed in a loop, not by nesting."""
        arms: list[tuple[Statement, ...]] = []
        total = False
        queue: Node | None = node
        while queue is not None:
            current, queue = queue, None
            self._test(current, out)
            arms.append(self._if_body(current))
            for clause in current.children_by_field_name("alternative"):
                if clause.kind_id not in K_ELSE:
                    self._test(clause, out)
                    arms.append(self.body(clause.child_by_field_id(F_BODY)))
                    continue
                body = clause.child_by_field_id(F_BODY)
                if body is not None and body.kind_id in K_IF:
                    queue = body
                else:
                    arms.append(self.body(body))
                    total = True
        out.append(Branch(tuple(arms), total, tested=True))

    def _if_body(self, node: Node) -> tuple[Statement, ...]:
        """Body of an `if`; template text of a colon block may stand beside it instead of inside."""
        out = list(self.body(node.child_by_field_id(F_BODY)))
        for child in node.named_children:
            if child.kind_id in K_EXPRESSION_STATEMENT and child != node.child_by_field_id(F_BODY):
                self._echo_tag(child, out)
        return tuple(out)

    def _test(self, node: Node, out: list[Statement]) -> None:
        test = node.child_by_field_id(F_CONDITION)
        if test is not None:
            out.append(Expr(self.expression(test), line_of(test)))

    @handles("switch_statement")
    def _switch(self, node: Node, out: list[Statement]) -> None:
        """Each case is an arm of its own; an arm that falls through is repeated in front of the next one.

        What would be repeated too often becomes a branch of its own, in front of the cases that follow.
        """
        arms: list[tuple[Statement, ...]] = []
        total = False
        falling: tuple[Statement, ...] = ()
        body = node.child_by_field_id(F_BODY)
        self._subject(node, body, out)
        for case in self.named(body) if body is not None else ():
            if case.kind_id not in K_CASES:
                continue
            value = case.child_by_field_id(F_VALUE)
            children = self.named(case)
            if value is not None:
                out.append(Expr(self.expression(value), line_of(value)))
                children = [child for child in children if child != value]
            with self._inside(loop=False):
                statements = falling + self.block(children)
            arms.append(statements)
            falling = () if children and _leaves(children) else statements
            if len(falling) > _MAX_FALLING:
                out.append(Branch(tuple(arms)))
                arms, falling = [], ()
            total = total or case.kind_id in K_DEFAULT
        out.append(Branch(tuple(arms), total))

    def _subject(self, node: Node, body: Node | None, out: list[Statement]) -> None:
        """What a `switch` looks at; where it is compared with letters, a comparison with some of them."""
        self._test(node, out)
        subject = out[-1] if out else None
        values = [case.child_by_field_id(F_VALUE) for case in self.named(body)] if body is not None else []
        letters = [value for value in values if value is not None and value.end_byte - value.start_byte == _LETTER]
        constants = tuple(self.expression(value) for value in letters[:_LETTERS])
        if isinstance(subject, Expr) and len(constants) == _LETTERS:
            out[-1] = Expr(Op("condition", (subject.value, *constants)), subject.line)

    @handles("while_statement", "do_statement")
    def _loop(self, node: Node, out: list[Statement]) -> None:
        """The test runs before and inside the loop: assignments in it flow round."""
        body = node.child_by_field_id(F_BODY)
        test: list[Statement] = []
        for child in node.named_children:
            if child != body and child.kind_id not in K_COMMENT:
                self._head_expression(child, test)
        out.extend(test)
        with self._inside(loop=True):
            inner = self.body(body)
        out.append(Loop((*inner, *test), len(test), node.type == "do_statement"))

    @contextmanager
    def _inside(self, *, loop: bool) -> Iterator[None]:
        """While the body of a loop, or of a `switch`, is lowered."""
        self.leavable.append(loop)
        yield
        self.leavable.pop()

    @handles("break_statement", "continue_statement")
    def _leave(self, node: Node, out: list[Statement]) -> None:
        """`break 2`, `continue`: of how many loops; what leaves no more than a `switch` ends its arm (see there)."""
        levels = next((self.text(child) for child in self.named(node)), "1")
        left = self.leavable[-int(levels) :] if levels.isdecimal() and levels != "0" else []
        if left and left[0]:
            word = CONTINUE if node.type == "continue_statement" else BREAK
            out.append(Expr(Op(word, (Const(str(sum(left))),)), line_of(node)))

    @handles("goto_statement")
    def _goto(self, node: Node, out: list[Statement]) -> None:
        out.append(Expr(Op(GOTO, ()), line_of(node)))

    @handles("for_statement")
    def _for(self, node: Node, out: list[Statement]) -> None:
        """The body may be several statements (`for: ... endfor`); step and test follow it in each round."""
        parts: dict[str, list[Statement]] = {"initialize": [], "condition": [], "update": []}
        heads: set[int] = set()
        for name, statements in parts.items():
            for child in node.children_by_field_name(name):
                heads.add(child.id)
                if child.is_named:
                    self._head_expression(child, statements)
        rest = [child for child in self.named(node) if child.id not in heads]
        with self._inside(loop=True):
            body = self.body(rest[0]) if len(rest) == 1 else self.block(rest)
        test, update = parts["condition"], parts["update"]
        out.extend((*parts["initialize"], *test))
        out.append(Loop((*body, *update, *test), len(test), updates=len(update)))

    def _head_expression(self, node: Node, out: list[Statement]) -> None:
        if node.kind_id in K_SEQUENCE:
            out.extend(_as_statement(value, line_of(node)) for value in self.sequence_items(node))
        else:
            out.append(_as_statement(self.expression(node), line_of(node)))

    @handles("foreach_statement")
    def _foreach(self, node: Node, out: list[Statement]) -> None:
        body = node.child_by_field_id(F_BODY)
        parts = [child for child in self.named(node) if child != body]
        iterable = self.expression(parts[0]) if parts else Unknown("syntax")
        line = line_of(node)
        head: list[Statement] = []
        if not isinstance(iterable, Var):
            out.append(Expr(iterable, line))
        for target in parts[1:]:
            if target.kind_id in K_PAIR:
                pair = self.named(target)
                if len(pair) > 1:
                    head.append(Assign(self.expression(pair[0]), iterable, "foreach-key", line))
                    head.append(self._foreach_target(pair[1], iterable, line))
            else:
                head.append(self._foreach_target(target, iterable, line))
        with self._inside(loop=True):
            inner = self.body(body)
        out.append(Loop((*head, *inner)))

    def _foreach_target(self, node: Node, iterable: Value, line: int) -> Assign:
        if node.kind_id in K_BY_REF:
            return Assign(self.other_single(node), iterable, "foreach-ref", line)
        return Assign(self.expression(node), iterable, "foreach", line)

    @handles("try_statement")
    def _attempt(self, node: Node, out: list[Statement]) -> None:
        arms: list[tuple[Statement, ...]] = []
        last: tuple[Statement, ...] = ()
        line = line_of(node)
        out.append(Expr(Op(TRY, ()), line))
        out.extend(self.body(node.child_by_field_id(F_BODY)))
        out.append(Expr(Op(TRIED, ()), line))
        for clause in self.named(node):
            if clause.kind_id in K_CATCH:
                arms.append(self._catch(clause))
            elif clause.kind_id in K_FINALLY:
                last = self.body(clause.child_by_field_id(F_BODY))
        if arms:
            out.append(Branch(tuple(arms)))
        out.extend(last)

    def _catch(self, node: Node) -> tuple[Statement, ...]:
        name = node.child_by_field_id(F_NAME)
        body = self.body(node.child_by_field_id(F_BODY))
        line, start = line_of(node), node.start_byte
        listed = node.child_by_field_id(F_TYPE)
        classes = (self.names.resolve_class(self.text(kind)) for kind in (self.named(listed) if listed else ()))
        declared = tuple(Arg(ClassConst(name, "class")) for name in classes)
        thrown = Call(CallKind.CONSTRUCT, "caught", None, declared, line, line, start, start)
        first = Expr(thrown, line) if name is None else Assign(self.expression(name), thrown, "=", line)
        return (first, *body)


def _as_statement(value: Value, line: int) -> Statement:
    return value.op if isinstance(value, AssignExpr) else Expr(value, line)


def _leaves(nodes: Sequence[Node]) -> bool:
    """Whether the last statement surely leaves the switch."""
    last = nodes[-1]
    if last.type == "compound_statement":
        inner = [child for child in last.named_children if child.kind_id not in K_COMMENT]
        return bool(inner) and _leaves(inner)
    return last.type in _LEAVING
