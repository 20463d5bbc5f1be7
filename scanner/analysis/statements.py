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
from scanner.analysis.templates import FIRST_PRIVATE
from scanner.analysis.values import NOTHING, Val, all_labels, join_all
from scanner.model.facts import Call
from scanner.model.signature import CallableKind, Certainty, Signature

STATEMENTS = ("\2sql", "given")
"""Store of what statements of SQL are given: it may come to functions of the program that SQL calls."""
KIND = "statement"
"""Kind of these calls."""
FUNCTIONS = frozenset({"db_query", "db_multi_query", "db_multi_query_single", "setsystemsetting", "setprojectsetting"})
"""Functions and methods that take a statement and then its values, or the name of a setting and its value."""
_METHODS = frozenset(
    {"bindparam", "bindvalue", "exec", "execute", "executequery", "executestatement", "prepare", "query", "querysingle"}
)
"""Methods of connections and statements (`PDO`, `SQLite3`, Doctrine) that take SQL or values for it."""
_WRITE = re.compile(r"\s*(?:update|insert|replace)\b", re.IGNORECASE)
GRAVE = re.compile(
    r"\binto\s+(?:out|dump)file\b|\bload_file\s*\(|\bload\s+data\s+(?:local\s+)?infile\b|\bsoname\s*['\"]"
    r"|\bset\b[^;]{0,200}\b(?:super_user|account_manager|admin_rights)\s*=\s*['\"]?1\b|\binsert\s+into\s+redcap_auth\b"
    r"|\bapi_token\s*=\s*['\"][0-9A-F]{32}['\"]|\bgrant\s++[\w,](?:[\w, ]{0,78}[\w,])?\s++on\s++\S++\s++to\b"
    r"|\bchange\s+(?:master|replication\s+source)\s+to\b|\binstall\s+(?:plugin|component)\s+\w|\bengine\s*=\s*['\"]?federated\b|\bcreate\s+server\s+\S+\s+foreign\b",
    re.IGNORECASE,
)
"""A statement that reaches files or programs of the database server, or another database, or gives a privilege."""
_RUN = re.compile(r"hook|prepend|\.php", re.IGNORECASE)
_COMMENTS = re.compile(r"/\*.*?\*/|(?:--|#)[^\n]*\n", re.DOTALL)
_WORDS = re.compile(f"[{FIRST_PRIVATE}-\U0010ffff\\s,;`()*=]+")
"""What stands between the words of a statement, what is open included."""
_VERBS = frozenset(
    {"select", "distinct", "update", "delete", "insert", "into", "from", "set", "where", "show", "call", "values"}
)
_MAX_WORDS = 8
_MAX_VERBS = 400
"""Characters up to which a statement may be all comments and verbs."""
_OPEN_KINDS = frozenset({"user-input", "unknown", "secret"})
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


def observe_methods(evaluator: Evaluator, call: Call, names: Sequence[str], args: Sequence[Val]) -> None:
    """The same for a method; secrets that it gives to SQL may come to functions of the program that SQL calls."""
    lower = {name.lower() for name in names}
    if not FUNCTIONS.isdisjoint(lower):
        observe(evaluator, call, names[0], args)
    if not _METHODS.isdisjoint(lower):
        for arg in args:
            if evaluator.state.has_secret(arg):
                secrets = {label: at for label, at in all_labels(arg).items() if evaluator.state.is_named(label)}
                evaluator.write_shared("store", STATEMENTS, Val(labels=secrets))


def _is_whole(evaluator: Evaluator, statement: Val) -> bool:
    """Whether the request says all of a statement, perhaps encoded, and not only a value in one.

    Or all but its verb: `"select $what from $table"`.
    """
    return bool(statement.texts) and all(_says_nothing(evaluator, text) for text in statement.texts)


def _says_nothing(evaluator: Evaluator, text: str) -> bool:
    """Whether a statement has nothing of its own but comments and verbs, and the rest is the request's or unknown."""
    bare = _COMMENTS.sub(" ", text) if len(text) <= _MAX_VERBS else text
    holes = [evaluator.state.holes.hole(one) for one in bare if one >= FIRST_PRIVATE]
    words = _WORDS.sub(" ", bare).split()
    known = (hole is not None and hole.kind in _OPEN_KINDS for hole in holes)
    return bool(holes) and all(known) and len(words) <= _MAX_WORDS and _VERBS.issuperset(map(str.lower, words))


def _record(evaluator: Evaluator, call: Call, api: str, statement: Val, given: Val) -> None:
    evaluator.add_hit(
        Hit(
            evaluator.number, call.line, call.end_line, call.start, call.end, _SIGNATURE, api,
            {"sql": statement, "values": given}, frozenset(), (), (evaluator.path, call.line),
            certain=True, computed=evaluator.computed,
        )
    )  # fmt: skip
