"""Which files are a common part of the release: many others include them."""

from __future__ import annotations

from collections import Counter

from scanner.analysis.program import Program
from scanner.model.facts import Call, Const, decode_body, nodes

INCLUDES = frozenset({"include", "include_once", "require", "require_once"})
_FEW = 12
"""Functions and files that include one of a name, up to which each may be followed into it by itself."""


def common_files(program: Program) -> frozenset[str]:
    """Base names, in lower case, of files that more than a few functions or files include by that name."""
    counted: Counter[str] = Counter()
    for fact in program.functions:
        if INCLUDES.isdisjoint(fact.called):
            continue
        names = {
            name
            for node in nodes(decode_body(fact.body))
            if isinstance(node, Call) and isinstance(node.name, str) and node.name in INCLUDES
            for name in _named(node)
        }
        counted.update(names)
    return frozenset(name for name, times in counted.items() if times > _FEW)


def _named(call: Call) -> set[str]:
    """Last parts of the paths that an include may have, as far as they stand in it."""
    texts = (node.value for arg in call.args[:1] for node in nodes(arg.value) if isinstance(node, Const))
    return {text.rpartition("/")[2].lower() for text in texts if isinstance(text, str) and text.endswith(".php")}
