"""Credentials that a program writes to its database and reads back.

By a prepared statement, a method of a library, or as a setting. What `database.php` holds and a statement is given is
in the table that the statement names, whoever runs it: text and values need not come together, and the class of the
connection need not be known. Who reads that table gets it (see `rows`). A setting is known by its name:
`setSystemSetting('k', $x)` and `getSystemSetting('k')`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.rows import columns_read, tables_read, written
from scanner.analysis.state import TABLE
from scanner.analysis.values import NOTHING, Trace, Val, join_all
from scanner.model.facts import Call, Value, Var

_STATEMENT = "\0statement"
"""Element of what a call gives that was given a writing statement, which no PHP code can name: the statement."""
_TABLE_OF = "\0table"
"""Element of an object that builds statements: the table that it was given (`$db->table('t')->where(...)`)."""
_NAMES_TABLE = frozenset({"table", "from", "into", "collection", "insertinto", "totable"})
_SETTING = "\2setting"
"""Space of what was kept under the name of a setting."""
_TAKES = re.compile(r"prepare|query|statement|sql|execute|command")
"""What the name of a function or method has that takes a statement."""
_RUNS = re.compile(r"execute|run|exec|store|save|flush|send|get_result|fetch")
"""What the name of a function or method has that runs a statement which was prepared."""
_BINDS = re.compile(r"bind_?param")
_ROW = frozenset({"insert", "update", "replace", "upsert", "insertignore", "insertorupdate", "log"})
"""Methods that take a table's name and a row; `log` of a module of REDCap has one table."""
_NOUNS = r"\w*(?:setting|settings|option|config|preference|pref|transient|meta|property|attribute|variable|item|data)"
_SETS = re.compile(rf"(?:set|update|save|store|put|add|create|replace)(?:{_NOUNS})?")
_GETS = re.compile(rf"(?:get|load|read|fetch|find|query|pull|retrieve)(?:{_NOUNS})?")
_READING = frozenset({"gets", "logs", "records"})
_RECORDS = frozenset({"savedata", "getdata", "saverecords", "getrecords"})
"""Methods that write and read records, which have one place."""
_DATA = "\0records"
_LOGS = "log"
_QUERIES_LOGS = re.compile(r"querylogs?")
_NAME = re.compile(r"[\w.:/-]{1,80}")
_TABLE_NAME = re.compile(r"\w{2,60}")
_MAX_NAMES = 4


@lru_cache(maxsize=1 << 14)
def _kinds(name: str) -> frozenset[str]:
    """What a function or method may do with a statement or a setting, by its name in lower case."""
    short = name.rpartition("\\")[2]
    patterns = {"takes": _TAKES.search, "runs": _RUNS.search, "binds": _BINDS.search, "sets": _SETS.fullmatch,
                "gets": _GETS.fullmatch, "logs": _QUERIES_LOGS.fullmatch}  # fmt: skip
    found = {kind for kind, matches in patterns.items() if matches(short)}
    listed = (("row", _ROW), ("table", _NAMES_TABLE), ("records", _RECORDS))
    found |= {kind for kind, words in listed if short in words}
    return frozenset(found)


def called(evaluator: Evaluator, call: Call, name: str, receiver: Val, args: Sequence[Val], result: Val) -> Val:
    """Value of a call with what it reads back, and what a later call must know of its statement."""
    kinds = _kinds(name.lower())
    if "binds" in kinds:
        _bind(evaluator, call)
    secrets = evaluator.state.origins.credentials_in([*args, *_bound(evaluator, call, kinds)])
    if secrets:
        _keep(evaluator, kinds, receiver, args, secrets)
    result = _of_table(evaluator, kinds, receiver, args, result)
    result = _of_query(evaluator, args, result)
    if not kinds:
        return result
    if not kinds.isdisjoint(_READING):
        result = evaluator.join(result, _read(evaluator, kinds, args))
    if "takes" in kinds:
        writing = _writing(args)
        if writing:
            result = evaluator.join(result, Val(items={_STATEMENT: Val(frozenset(writing))}))
    return result


def _of_table(evaluator: Evaluator, kinds: frozenset[str], receiver: Val, args: Sequence[Val], result: Val) -> Val:
    """What an object that builds statements gives: itself, or what is in its table."""
    table = (receiver.items or {}).get(_TABLE_OF, NOTHING)
    if "table" in kinds and args:
        table = evaluator.join(table, Val(frozenset(filter(_TABLE_NAME.fullmatch, args[0].texts))))
    if table is NOTHING or not table.texts:
        return result
    kept = join_all((evaluator.state.read_store((TABLE, text.lower())) for text in sorted(table.texts)), "")
    return evaluator.join(result, Val(labels=kept.labels, items={_TABLE_OF: table}))


def _of_query(evaluator: Evaluator, args: Sequence[Val], result: Val) -> Val:
    """The value of a call that is given a query: what was written to the tables that it reads, whoever runs it."""
    queries = [text for arg in args[:2] for text in arg.texts if text.lstrip()[:7].lower() == "select "]
    tables = tables_read(queries) if queries else ()
    kept = join_all((evaluator.state.read_store((TABLE, name)) for name in tables), evaluator.state.overflow)
    if kept is NOTHING:
        return result
    return evaluator.join(result, Val(items=dict.fromkeys(columns_read(queries), kept), rest=kept))


def _writing(args: Sequence[Val]) -> list[str]:
    return [text for arg in args[:3] for text in arg.texts if written(text)[0]]


def _keep(
    evaluator: Evaluator, kinds: frozenset[str], receiver: Val, args: Sequence[Val], secrets: Mapping[str, Trace]
) -> None:
    """Keep credentials in the tables of the statements that get them, or under the name of a setting."""
    if kinds >= {"gets"} and not _writing(args):
        return  # what it is asked for is no place of what it is given
    held = [(value.items or {}).get(_STATEMENT, NOTHING) for value in (receiver, *args[:1])]
    statements = [*_writing(args), *(text for value in held for text in value.texts)]
    keys = [key for text in statements for key in _stores(text)]
    keys += [(TABLE, text.lower()) for text in sorted((receiver.items or {}).get(_TABLE_OF, NOTHING).texts)]
    if "row" in kinds and args:
        keys += [(TABLE, text.lower()) for text in _names(evaluator, args[0])] + [(TABLE, _LOGS)]
    if "sets" in kinds:
        keys += [(_SETTING, text) for text in _names(evaluator, args[0])]
    if "records" in kinds:
        keys.append((_SETTING, _DATA))
    for key in keys:
        evaluator.state.write_store(key, Val(labels=secrets))


def _stores(statement: str) -> list[tuple[str, str]]:
    table, settings = written(statement)
    return [(TABLE, table), *(("", name) for name in settings)]


def _names(evaluator: Evaluator, value: Val) -> list[str]:
    """Names of a table or a setting."""
    known = [text for text in evaluator.known_texts(value) if _NAME.fullmatch(text)]
    return known[:_MAX_NAMES]


def _read(evaluator: Evaluator, kinds: frozenset[str], args: Sequence[Val]) -> Val:
    keys = [(_SETTING, name) for name in _names(evaluator, args[0] if args else NOTHING)] if "gets" in kinds else []
    if "logs" in kinds:
        keys.append((TABLE, _LOGS))
    if "records" in kinds:
        keys.append((_SETTING, _DATA))
    found = join_all((evaluator.state.read_store(key) for key in keys), evaluator.state.overflow)
    return found if "gets" in kinds or found is NOTHING else Val(labels=found.labels, rest=found)


# -- variables that are bound by reference ---------------------------------------------------------------------------


def _bind(evaluator: Evaluator, call: Call) -> None:
    """`$statement->bind_param('s', $x)`: what `$x` holds when the statement is run."""
    name, nodes = _statement_of(call)
    if name:
        known = evaluator.bound.get(name, ())
        evaluator.bound[name] = (*known, *(node for node in nodes if isinstance(node, Var)))


def _bound(evaluator: Evaluator, call: Call, kinds: frozenset[str]) -> list[Val]:
    if not evaluator.bound or "runs" not in kinds:
        return []
    return [evaluator.value(node) for node in evaluator.bound.get(_statement_of(call)[0], ())]


def _statement_of(call: Call) -> tuple[str, list[Value]]:
    """The variable that holds a statement, and what else the call is given."""
    nodes = [arg.value for arg in call.args]
    if isinstance(call.receiver, Var):
        return call.receiver.name, nodes
    return (nodes[0].name, nodes[1:]) if nodes and isinstance(nodes[0], Var) else ("", [])
