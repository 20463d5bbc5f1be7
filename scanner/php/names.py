"""Namespaces and `use`: from a written name to the name that PHP resolves at compile time.

Source: PHP manual, "Namespaces: name resolution rules".
"""

from __future__ import annotations

RELATIVE_CLASSES = frozenset({"self", "static", "parent"})
PRIMITIVE_TYPES = frozenset(
    {
        "array", "bool", "callable", "false", "float", "int", "iterable", "mixed", "never", "null", "object",
        "string", "true", "void", "self", "static", "parent",
    }
)  # fmt: skip


class NameScope:
    """Current namespace and import tables; positional state while a file is lowered."""

    def __init__(self) -> None:
        self.namespace = ""
        self.classes: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self._class_memo: dict[str, str] = {}

    def copy(self) -> NameScope:
        """The scope as it stands at this place of the file."""
        scope = NameScope()
        scope.namespace = self.namespace
        scope.classes, scope.functions, scope.constants = self.classes, self.functions, self.constants
        return scope

    def enter(self, namespace: str) -> None:
        """Start a namespace: its import tables are empty."""
        self.namespace = namespace.strip("\\")
        self.classes, self.functions, self.constants = {}, {}, {}
        self._class_memo = {}

    def use(self, kind: str, name: str, alias: str) -> None:
        """Record one clause of a `use` declaration; kind is `class`, `function` or `const`."""
        name = name.strip("\\")
        alias = alias or name.rpartition("\\")[2]
        if kind == "function":
            self.functions[alias.lower()] = name
        elif kind == "const":
            self.constants[alias] = name
        else:
            self.classes[alias.lower()] = name
            self._class_memo = {}

    def declare(self, name: str) -> str:
        """Full name of something declared here."""
        return f"{self.namespace}\\{name}" if self.namespace else name

    def resolve_class(self, written: str) -> str:
        """Class name without leading backslash; `self`, `static`, `parent` come back in lower case."""
        known = self._class_memo.get(written)
        if known is None:
            known = self._class_memo[written] = self._resolve_class(written)
        return known

    def _resolve_class(self, written: str) -> str:
        lower = written.lower()
        if lower in RELATIVE_CLASSES:
            return lower
        if written.startswith("\\"):
            return written[1:]
        if lower.startswith("namespace\\"):
            return self.declare(written[10:])
        head, separator, rest = written.partition("\\")
        imported = self.classes.get(head.lower())
        if imported is not None:
            return imported + separator + rest
        return self.declare(written)

    def resolve_function(self, written: str) -> tuple[str, str]:
        """(name, qualified): `qualified` is what PHP tries first, `` when there is only one candidate."""
        return self._resolve_plain(written, self.functions, written.lower())

    def resolve_constant(self, written: str) -> tuple[str, str]:
        """As `resolve_function`, for constants."""
        return self._resolve_plain(written, self.constants, written)

    def _resolve_plain(self, written: str, table: dict[str, str], key: str) -> tuple[str, str]:
        if written.startswith("\\"):
            return written[1:], ""
        if written[:10].lower() == "namespace\\":
            return self.declare(written[10:]), ""
        if "\\" in written:
            return self.resolve_class(written), ""
        imported = table.get(key)
        if imported is not None:
            return imported, ""
        return written, self.declare(written) if self.namespace else ""

    def resolve_type(self, written: str) -> str:
        """A name in a type position: primitive types stay as they are, in lower case."""
        lower = written.lower()
        return lower if lower in PRIMITIVE_TYPES else self.resolve_class(written)
