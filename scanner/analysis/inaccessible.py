"""Properties that `__get` and `__set` serve although a class declares them: hidden from the code that asks, or unset.

Source: PHP manual, "Overloading": "inaccessible (protected or private) or non-existing properties". A declared property
that was unset does not exist: `unset($this->host);` in a constructor makes it one that is worked out when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.analysis.program import Program
from scanner.model.facts import Prop, Unset, Var, decode_body, nodes

_UNSET = re.compile(rb"\x93\x1b[\x91-\x9f\xdc\xdd]")
"""Begins a statement of its kind in MessagePack: an array of three, first its tag, then the array of its targets."""
_MAX_KIN = 40
_THIS = Var("this")
_ANY = "*"
"""Stands for the name of a property that a value gives."""


class Inaccessible:
    """Asked by class, property and scope. Immutable for one program; what is unset is looked up when first asked."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._unset: frozenset[tuple[str, str]] | None = None

    def serves(self, cls: str, name: str, scope: str) -> bool:
        """Whether code of a class (`` for none) that names a property may be served by the magic methods of another."""
        program = self._program
        declared = [one for one in program.ancestors(cls) for item in program.own_properties(one) if item.name == name]
        if not declared or self._is_unset(cls, name):
            return True
        hidden = all(item.hidden for one in declared for item in program.own_properties(one) if item.name == name)
        return hidden and scope not in (*program.ancestors(cls), *program.descendants(cls, _MAX_KIN))

    def _is_unset(self, cls: str, name: str) -> bool:
        if self._unset is None:
            self._unset = frozenset(self._all_unset())
        kin = ("", *self._program.ancestors(cls), *self._program.descendants(cls, _MAX_KIN))
        return any((one, said) in self._unset for one in kin for said in (name, _ANY))

    def _all_unset(self) -> Iterator[tuple[str, str]]:
        """Properties that some code unsets: the class whose own they are, `` where that is not said, and the name."""
        for number, fact in enumerate(self._program.functions):
            if _UNSET.search(bytes(fact.body)) is None:
                continue
            for node in nodes(*decode_body(fact.body)):
                for target in node.targets if isinstance(node, Unset) else ():
                    if isinstance(target, Prop):
                        own = self._program.class_key(number) if target.base == _THIS else ""
                        name = target.name if isinstance(target.name, str) else _ANY
                        if own or name != _ANY:
                            yield own, name
