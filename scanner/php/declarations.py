"""A whole file: namespaces, imports, and what is declared in it. The lowering's outermost layer."""

from __future__ import annotations

from scanner.model.facts import ArrayLit, Assign, Call, Const, Define, Index, Statement, Value, Var
from scanner.php.classes import ClassLowering
from scanner.php.nodes import F_BODY, F_NAME, K_PLAIN_NAMES
from scanner.php.parser import Node, field_id, kind_ids
from scanner.php.statements import line_of

F_ALIAS = field_id("alias")
K_CLASSES = frozenset(
    kind_ids("class_declaration")
    + kind_ids("interface_declaration")
    + kind_ids("trait_declaration")
    + kind_ids("enum_declaration")
)
K_USE_CLAUSE = frozenset(kind_ids("namespace_use_clause"))
_GLOBALS = Var("GLOBALS")


class DeclarationLowering(ClassLowering):
    """Lowers a whole file; `functions[0]` is the file's own code."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self.constants: list[tuple[str, Value, int]] = []
        self.defines: list[tuple[str, Value, int, int]] = []
        self.namespaces: list[str] = []
        self.assigned: set[str] = set()
        self._globals: set[tuple[int, str]] = set()
        """By function: variables that it has declared to be globals."""

    def declaration(self, node: Node, out: list[Statement]) -> bool:
        """Lower a function, class, constant, namespace or `use`; False for any other node."""
        kind = node.type
        if kind == "function_definition":
            name = node.child_by_field_id(F_NAME)
            declared = self.names.declare(self.text(name)) if name is not None else ""
            self.function(node, declared, cls="")
            out.append(Define(declared, line_of(node)))
        elif node.kind_id in K_CLASSES:
            out.append(Define(self.class_(node), line_of(node)))
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
        """Record the constants that are defined by a literal name."""
        if len(call.args) > 1 and str(call.name).lower() == "define":
            name = call.args[0].value
            if isinstance(name, Const) and isinstance(name.value, str):
                self.defines.append((name.value, call.args[1].value, call.line, self.owner))

    def naming_globals(self, names: tuple[str | Value, ...]) -> None:
        """Variables of this name mean globals from here on, in this function."""
        self._globals.update((self.owner, name) for name in names if isinstance(name, str))

    def assigning(self, assign: Assign) -> None:
        """A global variable that the program itself sets is not one that REDCap's configuration gives."""
        targets = assign.target.items if isinstance(assign.target, ArrayLit) else ()
        for target in (assign.target, *(item.value for item in targets)):
            name = self._global_named_by(target)
            if name in self.words:
                self.assigned.add(str(name))

    def _global_named_by(self, target: Value) -> str | int | float | None:
        if isinstance(target, Var) and (self.owner == 0 or (self.owner, target.name) in self._globals):
            return target.name
        if isinstance(target, Index) and target.base == _GLOBALS and isinstance(target.key, Const):
            return target.key.value
        return None

    def _constants(self, node: Node) -> None:
        for name, value, line in self.const_elements(node):
            self.constants.append((self.names.declare(name), value, line))

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


def _use_kind(lowering: DeclarationLowering, node: Node) -> str:
    """`class`, `function` or `const`: told only by an anonymous child of the node."""
    for child in node.children:
        if not child.is_named:
            word = lowering.text(child).lower()
            if word in ("function", "const"):
                return word
    return "class"
