"""`include`: variables of the other file come into this scope, and its `return` is the value."""

from __future__ import annotations

import posixpath
import re

from scanner.analysis import code, sinks
from scanner.analysis.describe import describe
from scanner.analysis.evaluator import MAX_INLINE_CLOSURES, Evaluator
from scanner.analysis.origins import DATABASE_FILE
from scanner.analysis.release_data import ROOT
from scanner.analysis.summary import PARAM
from scanner.analysis.templates import PARAMETERS
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all
from scanner.model.facts import Call, Value, text_mark, variable_mark

_MAX_CANDIDATES = 3
"""Files of one name that are all taken; of others those that use what the scope holds."""
_OF_CLASS = (variable_mark("this"), text_mark("self"), text_mark("static"))
"""How what belongs to an object or its class stands in an encoded body."""
_MAX_MATCHING = 60
"""Files that a path may be of which not all is known; of more than so many it is not known which."""


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
    evaluator.age()
    results: list[Val] = []
    resolved = False
    for text in sorted(target.texts):
        tail = known_tail(evaluator, text)
        if tail.rpartition("/")[2].lower() == DATABASE_FILE:
            resolved = True
            for secret in state.origins.database.values():
                origin = f"${secret.name} of database.php"
                evaluator.env[secret.name] = state.origins.secret_value(secret, evaluator.path, call.line, origin)
        files = state.program.files_by_tail(tail, evaluator.path) if tail.strip("./") else []
        resolved = resolved or bool(files)
        for position, file in enumerate((files or _matching(evaluator, text))[:_MAX_MATCHING]):
            unit = state.program.files[file]
            if unit.first == evaluator.number:
                continue
            needs_scope = not unit.path.endswith(DATABASE_FILE) and _needs_scope(evaluator, unit.first)
            if not needs_scope and (not files or position >= _MAX_CANDIDATES):
                continue
            state.included.add(unit.path)
            results.append((_run_inside if needs_scope else _run_apart)(evaluator, unit.first))
    if not resolved:
        evaluator.note("dynamic-include", call.line, describe(shown))
    return join_all(results, state.overflow)


def _run_apart(evaluator: Evaluator, number: int) -> Val:
    """An included file whose code uses no data of this scope: its summary, and the variables that it leaves."""
    summary = evaluator.state.interpreter.summary(number)
    for name, value in summary.exports.items():
        if "->" not in name and name != "this" and name not in evaluator.state.origins.database:
            known = evaluator.env.get(name)
            evaluator.env[name] = value if known is None else evaluator.join(known, value)
    return summary.returns


def _needs_scope(evaluator: Evaluator, number: int) -> bool:
    """Whether variables of this scope hold data, and the included file's own code names them.

    Where arrays of unknown keys have become variables, any name may be one of these. In a method, the file's `$this`
    and `self` are the method's.
    """
    if evaluator.inlined >= MAX_INLINE_CLOSURES or number in evaluator.state.active:
        return False
    if any(_holds_data(evaluator, array, read_here=False) for array in evaluator.extracted.values()):
        return True
    body = bytes(evaluator.state.program.functions[number].body)
    if evaluator.cls and any(mark in body for mark in _OF_CLASS):
        return True
    common = evaluator.file_scope and _base_name(evaluator, number) in evaluator.state.common_files
    return any(
        "->" not in name
        and name != "this"
        and variable_mark(name) in body
        and _holds_data(evaluator, value, read_here=common)
        for name, value in evaluator.env.items()
    )


def _base_name(evaluator: Evaluator, number: int) -> str:
    return evaluator.state.program.path(number).rpartition("/")[2].lower()


def _holds_data(evaluator: Evaluator, value: Val, *, read_here: bool) -> bool:
    """Whether a variable is worth running a file again for.

    Variables of file scope are globals: a file that runs apart reads them there, of all who include it at once. What
    stands for many values is found that way as well; for a secret of its own, each way is told apart. `read_here`: only
    for one that the including file itself reads, as what many include would bring the whole of an application into each
    of its pages.
    """
    state = evaluator.state
    worth = state.is_specific if evaluator.file_scope else state.is_secret
    return any(
        (label.startswith(PARAM) or worth(label)) and not (read_here and _begins_elsewhere(evaluator, trace))
        for label, trace in all_labels(value).items()
    )


def _begins_elsewhere(evaluator: Evaluator, trace: Trace) -> bool:
    while trace.previous is not None:
        trace = trace.previous
    return trace.path != evaluator.path


def _run_inside(evaluator: Evaluator, number: int) -> Val:
    """Run an included file's code with the variables of this scope; those that it sets come back."""
    state = evaluator.state
    if len(state.active) >= state.limits.call_depth:
        state.limit("call-depth", number)
        return NOTHING
    if not state.run_inside(number):
        return NOTHING
    evaluator.inlined += 1
    state.active.append(number)
    try:
        inner = Evaluator(state, number)
        inner.env.update(evaluator.env)
        inner.extracted.update(evaluator.extracted)
        inner.cls, inner.late_cls = evaluator.cls, evaluator.late_cls
        inner.sites, inner.globals = evaluator.sites, dict(evaluator.globals)
        inner.file_scope, inner.after_include = evaluator.file_scope, True
        state.interpreter.run(inner)
    finally:
        state.active.pop()
    evaluator.take_over(inner, foreign=True)
    kept = evaluator.state.origins.database.keys() | {"this"}
    evaluator.env.update({name: value for name, value in inner.env.items() if name not in kept})
    return inner.returns


def _matching(evaluator: Evaluator, text: str) -> list[int]:
    """Files that a path may be of a known folder, whose name is not known, or in part: `__DIR__ . "/parts/$x.php"`."""
    holes = evaluator.state.holes
    folder, _separator, name = text.rpartition("/")
    folder = posixpath.normpath(folder).removeprefix(ROOT).strip("/.")
    if not folder or any(holes.hole(part) is not None for part in folder) or PARAMETERS.search(name):
        return []
    pattern = "".join(".*" if holes.hole(part) is not None else re.escape(part) for part in name)
    found = evaluator.state.program.files_in(folder, re.compile(pattern, re.IGNORECASE))
    return found if len(found) <= _MAX_MATCHING else []


def known_tail(evaluator: Evaluator, text: str) -> str:
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
