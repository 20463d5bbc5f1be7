"""What a short method gives on objects of one class: `return static::HOST;`, `return 'https://' . $this->domain();`.

Its general summary joins the constants and methods of all subclasses, so that each of thirty clients of one base class
seems to go to the hosts of all, and of more subclasses than `static::` may mean some are missing. Where the class of
the object is known and the method does nothing but compute a value, it is evaluated once more for that class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.analysis.values import Val
from scanner.model.facts import SHORT_BODY, Call, ClassConst, StaticProp, Var, decode_body, nodes

if TYPE_CHECKING:
    from scanner.analysis.program import Program
    from scanner.analysis.summary import Summary

_MAX_IN_ALL = 1000
"""Evaluations for one class in one release."""
_MAX_CLASSES = 4
"""Classes that the object may be of."""
_RELATIVE = "static"


class LateBound:
    """Values of methods by the class of their object."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._bound: dict[int, bool] = {}
        self._values: dict[tuple[int, str], tuple[Summary, Val]] = {}

    def classes(self, number: int, receiver: Val | None, summary: Summary) -> list[str]:
        """Classes for which a call deserves a value of its own, or none."""
        if receiver is None or not 0 < len(receiver.types) <= _MAX_CLASSES:
            return []
        if summary.hits or summary.effects or summary.reaches or not summary.returns.texts:
            return []
        owner = self._program.class_key(number)
        if not owner or owner in receiver.types or not self._is_bound(number):
            return []
        below = all(owner in self._program.ancestors(cls) for cls in receiver.types)
        return sorted(receiver.types) if below else []

    def known(self, number: int, cls: str, summary: Summary) -> Val | None:
        """The value, if it was computed for this general summary; the last one where no more are."""
        found = self._values.get((number, cls))
        if found is not None and found[0] is summary:
            return found[1]
        return summary.returns if len(self._values) >= _MAX_IN_ALL else None

    def keep(self, number: int, cls: str, summary: Summary, value: Val) -> None:
        """Remember what was computed for one general summary."""
        self._values[number, cls] = (summary, value)

    def _is_bound(self, number: int) -> bool:
        """Whether a short method asks for something that a subclass may have in another way."""
        known = self._bound.get(number)
        if known is None:
            self._bound[number] = False  # while it is being found out: methods that call each other
            known = self._bound[number] = self._asks(number)
        return known

    def _asks(self, number: int) -> bool:
        fact = self._program.functions[number]
        if fact.is_abstract or fact.size > SHORT_BODY:
            return False
        owner = self._program.class_key(number)
        return any(self._one_asks(owner, node) for node in nodes(decode_body(fact.body)))

    def _one_asks(self, owner: str, node: object) -> bool:
        if isinstance(node, (ClassConst, StaticProp)):
            return node.cls == _RELATIVE
        if not isinstance(node, Call) or not isinstance(node.name, str):
            return False
        on_this = node.receiver == _RELATIVE or (isinstance(node.receiver, Var) and node.receiver.name == "this")
        if not on_this:
            return False
        method = node.name.lower()
        called = self._program.find_method(owner, method)
        overridden = any(method in self._program.own_methods(child) for child in self._program.descendants(owner))
        return overridden or (called is not None and self._is_bound(called))
