"""SQL that a program runs and that writes an address, or the name of a file that is run, into the database.

What the application contacts or loads later is then "a setting", and stands in no call. Recorded are statements of
which text and values are known well enough; what they set is weighed by the detectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.analysis import reaches
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.remote import REQUEST
from scanner.analysis.summary import Hit
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call
from scanner.model.signature import CallableKind, Certainty, Signature

KIND = "statement"
"""Kind of these calls."""
FUNCTIONS = frozenset({"db_query", "db_multi_query", "db_multi_query_single", "setsystemsetting", "setprojectsetting"})
"""Functions and methods that take a statement and then its values, or the name of a setting and its value."""
_WRITE = re.compile(r"\s*(?:update|insert|replace)\b", re.IGNORECASE)
GRAVE = re.compile(
    r"\binto\s+(?:out|dump)file\b|\bload_file\s*\(|\bload\s+data\s+(?:local\s+)?infile\b|\bsoname\s*['\"]"
    r"|\bchange\s+(?:master|replication\s+source)\s+to\b|\binstall\s+(?:plugin|component)\s+\w|\bengine\s*=\s*['\"]?federated\b|\bcreate\s+server\s+\S+\s+foreign\b",
    re.IGNORECASE,
)
"""A statement that reaches files or programs of the database server, or another database."""
_RUN = re.compile(r"hook|prepend|\.php", re.IGNORECASE)
_SIGNATURE = Signature(
    id="php.statement", callable="query", type=CallableKind.FUNCTION, kind=KIND, lib="php", phase="execute",
    certainty=Certainty.ALWAYS,
)  # fmt: skip


def observe(evaluator: Evaluator, call: Call, api: str, args: Sequence[Val]) -> None:
    """Record a call that writes an address or a hook."""
    statement = args[0] if args else NOTHING
    if REQUEST in statement.labels and _is_whole(evaluator, statement):
        reaches.reach(evaluator, call, "code", api, Val(labels={REQUEST: statement.labels[REQUEST]}))
    writing = [text for text in statement.texts if _WRITE.match(text)] or api.lower().startswith("set")
    if any(GRAVE.search(text) for text in statement.texts):
        labels = evaluator.state.lasting(all_labels(statement))
        _record(evaluator, call, api, Val(statement.texts, labels), NOTHING)
    if not writing:
        return
    values = [*args[1:2], *((args[1].items or {}).values() if len(args) > 1 else ())]
    given = join_all((Val(value.texts) for value in values), evaluator.state.overflow)
    texts = (*statement.texts, *given.texts)
    if not any("://" in text or _RUN.search(text) for text in texts):
        return
    _record(evaluator, call, api, Val(statement.texts), given)


def _is_whole(evaluator: Evaluator, statement: Val) -> bool:
    """Whether the request says all of a statement, perhaps encoded, and not only a value in one."""
    holes = [evaluator.state.holes.hole(text) if len(text) == 1 else None for text in statement.texts]
    return bool(holes) and all(hole is not None and hole.kind in ("user-input", "unknown") for hole in holes)


def _record(evaluator: Evaluator, call: Call, api: str, statement: Val, given: Val) -> None:
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, _SIGNATURE, api,
            {"sql": statement, "values": given}, frozenset(), (), (evaluator.path, call.line),
            certain=True, computed=evaluator.computed,
        )
    )  # fmt: skip
