"""Parts of paths: `pathinfo($path)['filename']`. Source: PHP manual, `pathinfo`, `PATHINFO_*`."""

from __future__ import annotations

from scanner.analysis import folding
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, join_all, text_value
from scanner.model.facts import Call

_FLAGS = {"1": "dirname", "2": "basename", "4": "extension", "8": "filename"}
_MAX_PATHS = 4


@handles("pathinfo")
def _path_info(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """One part, or an array of all, of paths that are known."""
    if not args:
        return NOTHING
    paths = sorted(args[0].texts)
    chosen = [_FLAGS.get(flag, "") for flag in evaluator.known_texts(args[1])] if len(args) > 1 else []
    if not 0 < len(paths) <= _MAX_PATHS or not all(map(is_known, paths)) or (len(args) > 1 and len(chosen) != 1):
        unknown = Val(evaluator.unknown(node).texts, args[0].labels)
        return unknown if len(args) > 1 else unknown.replaced(rest=unknown)
    found = [_parts(path) for path in paths]
    if chosen and chosen[0]:
        return Val(frozenset(parts.get(chosen[0], "") for parts in found), args[0].labels)
    made = (Val(items={name: text_value(part) for name, part in parts.items()}) for parts in found)
    return join_all([*made, Val(labels=args[0].labels)], evaluator.state.overflow)


def _parts(path: str) -> dict[str, str]:
    name, folder = folding.fold("basename", (path,)) or "", folding.fold("dirname", (path,)) or ""
    stem, dot, extension = name.rpartition(".")
    parts = {"dirname": folder, "basename": name, "filename": stem if dot else name}
    return {**parts, "extension": extension} if dot else parts


def register() -> None:
    """Make the handlers of this module known: importing it has done so."""
