"""`include`: variables of the other file come into this scope, and its `return` is the value."""

from __future__ import annotations

from scanner.analysis import code, sinks
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.origins import DATABASE_FILE
from scanner.analysis.values import NOTHING, Val, join_all
from scanner.model.facts import Call, Value

INCLUDES = frozenset({"include", "include_once", "require", "require_once"})
_MAX_CANDIDATES = 3
"""Files of one name that are all taken."""


def include(evaluator: Evaluator, call: Call, args: list[Val]) -> Val:
    """`include`: variables of the other file come into this scope, and its `return` is the value."""
    state = evaluator.state
    shown: Value | None = call.args[0].value if call.args else None
    target = args[0] if args else NOTHING
    signatures = state.matcher.construct(str(call.name))
    if signatures:
        sinks.apply(evaluator, call, signatures, args, None, api=str(call.name), certain=True)
    code.included(evaluator, call, target)
    evaluator.after_include = True
    results: list[Val] = []
    resolved = False
    for text in sorted(target.texts):
        tail = _known_tail(evaluator, text)
        if tail.rpartition("/")[2].lower() == DATABASE_FILE:
            resolved = True
            for secret in state.origins.database.values():
                origin = f"${secret.name} of database.php"
                evaluator.env[secret.name] = state.origins.secret_value(secret, evaluator.path, call.line, origin)
        files = state.program.files_by_tail(tail, evaluator.path) if tail.strip("./") else []
        resolved = resolved or bool(files)
        for file in files[:_MAX_CANDIDATES]:
            unit = state.program.files[file]
            if unit.first == evaluator.number:
                continue
            state.included.add(unit.path)
            summary = state.interpreter.summary(unit.first)
            results.append(summary.returns)
            for name, value in summary.exports.items():
                if "->" not in name and name != "this" and name not in state.origins.database:
                    known = evaluator.env.get(name)
                    evaluator.env[name] = value if known is None else evaluator.join(known, value)
    if not resolved:
        evaluator.note("dynamic-include", call.line, describe(shown))
    return join_all(results, state.overflow)


def _known_tail(evaluator: Evaluator, text: str) -> str:
    """Known end of a path template, from the last hole on."""
    tail = text
    for position in range(len(text) - 1, -1, -1):
        if evaluator.state.holes.hole(text[position]) is not None:
            tail = text[position + 1 :]
            break
    parts: list[str] = []
    for part in tail.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", ".", "@"):
            parts.append(part)
    return "/".join(parts)
