"""Abstract interpretation of one function: the classes that a name means, constants."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis import enums, resolution, scalars
from scanner.analysis.program import ClassUnit
from scanner.analysis.release_data import ROOT
from scanner.analysis.shared import Shared
from scanner.analysis.templates import is_known, like
from scanner.analysis.values import NOTHING, Val, join_all, text_value, typed
from scanner.model.facts import ClassConst, ConstRef, Value

MAX_LATE_BOUND = 12
"""Subclasses that `static::` may mean."""
MAX_DECLARED = 8
"""Declarations of one class, each under a condition of its own."""
_BUILTIN = {
    "PHP_EOL": text_value("\n"),
    "DIRECTORY_SEPARATOR": text_value("/"),
    "PATH_SEPARATOR": text_value(":"),
    "DEBUG_BACKTRACE_PROVIDE_OBJECT": text_value("1"),
    "DEBUG_BACKTRACE_IGNORE_ARGS": text_value("2"),
}


class ClassLookup(Shared):
    """Reads constants; knows which classes `self::`, `static::` and the like mean."""

    def value(self, node: Value | None) -> Val:
        """Abstract value of an expression (see `Evaluator`)."""
        raise AssertionError(node)

    def late_bound(self, cls: str | Value) -> list[str]:
        """Class keys of `cls::`; `static::` may be any subclass, `self::` of a trait any class that uses it."""
        found = self.class_names(cls)
        if cls != "static" and not (cls == "self" and self.state.program.is_trait(self.cls)):
            return found
        return [*found, *(key for own in found for key in self.state.program.descendants(own, MAX_LATE_BOUND))]

    def class_names(self, cls: str | Value) -> list[str]:
        """Class keys that a class reference may mean."""
        if isinstance(cls, str):
            if cls == "parent" and self.state.program.is_trait(self.cls):
                return self.state.program.parents_of_users(self.cls, MAX_LATE_BOUND)
            return [key for key in [self._class_key(cls)] if key]
        value = self.value(cls)
        names = [self.state.program.find_class(text.lstrip("\\")) for text in self.known_names(value)]
        return sorted({*value.types, *names})

    # -- constants --------------------------------------------------------------------------------------------

    def constant(self, node: ConstRef) -> Val:
        """Value of a global constant, or of a magic one."""
        if node.name in ("__DIR__", "__FILE__"):
            path = self.path.partition("//")[0]  # of decoded code: the file that runs it
            folder = path.rpartition("/")[0]
            return text_value(f"{ROOT}/{folder}".rstrip("/") if node.name == "__DIR__" else f"{ROOT}/{path}")
        if node.name in ("__CLASS__", "__FUNCTION__", "__METHOD__"):
            return self._own_class() if node.name == "__CLASS__" else text_value(self.fact.name)
        for name in (node.qualified, node.name):
            if name:
                value = self.state_constant(name)
                kept = self.state.read_store(("\2const", name))
                if value is not None or kept is not NOTHING:
                    return kept if value is None else self.join(value, kept)
        return Val(frozenset([self.state.holes.template("constant", node.name)]))

    def _own_class(self) -> Val:
        """`__CLASS__`: in a trait, the class that uses it."""
        program = self.state.program
        users = program.descendants(self.cls, MAX_LATE_BOUND) if program.is_trait(self.cls) else []
        return self._spelled(users) if users else text_value(self.fact.cls)

    def _spelled(self, classes: Iterable[str]) -> Val:
        """Names of classes as their declarations write them."""
        return text_value(*(resolution.written(self.state, cls) for cls in classes))

    def state_constant(self, name: str) -> Val | None:
        """Value of a global constant of the program or of PHP itself."""
        state = self.state
        known = state.constants.get(name)
        if known is not None:
            return known
        own = state.origins.setting_value(name)
        if own is not None:
            return own
        units = state.program.constants.get(name)
        if not units:
            builtin = state.catalogue.constant_values.get(name)
            kind = scalars.INT if isinstance(builtin, int) else scalars.STRING
            return typed(str(builtin), kind) if builtin is not None else _BUILTIN.get(name)
        state.constants[name] = Val(frozenset([state.holes.template("constant", name)]))
        values = [state.interpreter.evaluator(unit.function).value(unit.value) for unit in units[:8]]
        result = join_all(values, state.overflow)
        state.constants[name] = result
        return result

    def class_constant(self, node: ClassConst) -> Val:
        """Value of a constant of a class, or its name."""
        if node.name == "class":
            within = node.cls == "static" or self.state.program.is_trait(self.cls)  # there the one that uses the trait
            classes = self.late_bound(node.cls) if within else self.class_names(node.cls)
            return self._spelled(classes) if classes else self.unknown(node)
        names = frozenset([node.name]) if isinstance(node.name, str) else self.value(node.name).texts
        found = [value for name in sorted(names) for value in self.constants_of(node.cls, name)]
        return join_all(found, self.state.overflow) if found else self.unknown(node)

    def constants_of(self, cls: str | Value, name: str) -> list[Val]:
        """Constants of a class by a name, or by the part of one that is known: `constant("self::$name")`."""
        classes = self.late_bound(cls)
        if is_known(name):
            return [value for cls in classes for value in self.constants_of_class(cls, name)]
        return [
            value
            for cls in classes
            for constant in like(name, self.state.program.constant_names(cls))
            if (value := self._class_constant(cls, constant)) is not None
        ]

    def constants_of_class(self, cls: str, name: str) -> list[Val]:
        """A constant of a class, or a case of an enum, by its name; nothing where there is none."""
        found = self._class_constant(cls, name)
        return [] if found is None else [found]

    def _class_constant(self, cls: str, name: str) -> Val | None:
        key = f"{cls}::{name}"
        known = self.state.constants.get(key)
        if known is not None:
            return known
        self.state.constants[key] = Val(frozenset([self.state.holes.template("constant", key)]))
        for ancestor in self.state.program.ancestors(cls):
            found = [
                self._constant_in(ancestor, cls, unit, name, value)
                for unit in self.state.program.classes.get(ancestor, ())[:MAX_DECLARED]
                for constant, value in unit.fact.constants
                if constant == name
            ]
            if found:  # more than one: of a class that is declared under conditions
                result = self.state.constants[key] = join_all(found, self.state.overflow)
                return result
        del self.state.constants[key]
        return None

    def _constant_in(self, ancestor: str, cls: str, unit: ClassUnit, name: str, value: Value) -> Val:
        result = self.in_class(ancestor, value)
        if unit.fact.kind != "enum":
            return result
        first = self.state.program.files[unit.file].first
        return enums.case(self, first, cls, unit.fact, name, result)

    def in_class(self, cls: str, node: Value) -> Val:
        """Value of a constant expression that stands in a class body."""
        unit = self.state.program.classes[cls][0]
        inner = self.state.interpreter.evaluator(self.state.program.files[unit.file].first)
        inner.cls = cls
        return inner.value(node)
