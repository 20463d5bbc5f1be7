"""Secrets that a query reads from tables: the columns that SQL text names become elements of the rows.

REDCap keeps its settings in `redcap_config` (one row each: `field_name`, `value`) and tokens, keys and passwords in
columns of other tables; which columns, the signatures say. Only SELECT statements are read, by their words: SQL that
is built at run time is a template whose unknown pieces match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from scanner.analysis.origins import SETTINGS_TABLE, Origins
from scanner.analysis.templates import FIRST_PRIVATE, is_known
from scanner.model.signature import Secret

FETCHES = frozenset(
    {"fetch_assoc", "fetch_array", "fetch_row", "fetch_object", "fetch", "fetchobject", "fetchassociative",
     "fetchnumeric", "get_result", "store_result", "use_result"}
)  # fmt: skip
"""Methods that give one row of a result, or the result of a statement (mysqli, PDO, Doctrine DBAL)."""
FETCHES_ALL = frozenset({"fetch_all", "fetchall", "fetchallassociative", "fetchallnumeric"})
"""Methods that give a list of rows."""
BINDS = frozenset({"bind_result", "bindcolumn"})
"""Methods that bind variables to the columns, in order or one by one."""
GIVEN = "\0given"
"""Role of a statement that selects values which are bound to it."""
VALUES = frozenset({"fetchcolumn", "fetch_column", "fetchone"})
"""Methods that give one column of a row, by its number."""
METHODS = FETCHES | FETCHES_ALL | BINDS | VALUES
FETCH_FUNCTIONS = tuple(
    f"{extension}_{name}"
    for extension, names in {
        "db": ("fetch_assoc", "fetch_array", "fetch_row", "fetch_object"),  # REDCap's own names for them
        "mysqli": ("fetch_assoc", "fetch_array", "fetch_row", "fetch_object", "stmt_get_result", "store_result"),
        "mysql": ("fetch_assoc", "fetch_array", "fetch_row", "fetch_object"),
        "pg": ("fetch_assoc", "fetch_array", "fetch_row", "fetch_object"),
        "sqlsrv": ("fetch_array", "fetch_object"),
        "odbc": ("fetch_array", "fetch_object"),
        "oci": ("fetch_array", "fetch_assoc", "fetch_row", "fetch_object"),
    }.items()
    for name in names
)
VALUE_FUNCTIONS = ("db_result", "mysql_result", "mysqli_result", "pg_fetch_result")
"""Functions that give one value of a result: (result, row, column)."""
FETCH_ALL_FUNCTIONS = ("db_fetch_all", "mysqli_fetch_all", "pg_fetch_all", "pg_copy_to")
_SELECT = re.compile(
    r"\s*+(?:\(++\s*+)?select\s++(?:distinct\s++|sql_no_cache\s++){0,3}(.*?)(?:(?<!\s)\s++|(?<=\s\s))from\s",
    re.IGNORECASE | re.DOTALL,
)
_GIVEN = re.compile(r"\s*+(?:\(++\s*+)?select\s", re.IGNORECASE)
_PLACE = re.compile(r"\?|(?<![\w:]):[a-z_]|\$\d", re.IGNORECASE)
"""A place for a value that is bound later."""
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ALIAS = re.compile(r"(?<!\s)(?:\s++as)?\s++[`'\"]?(\w++)[`'\"]?\s*+$", re.IGNORECASE)
_PLAIN = re.compile(r"^[`\w.*]+$")
_SETTING = re.compile(r"field_name`?\s*+(?:=|in|like)\s*+\(?((?:\s*+(?:,\s*+)?['\"][^'\"]*+['\"])++)", re.IGNORECASE)
_CREDENTIAL = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|secret|salt|token|credentials?|(?:api|private|secret|access|encryption)_?key)$",
    re.IGNORECASE,
)
"""Names of settings that say of themselves that they hold a password, a key or a token."""
_WRITTEN = re.compile(
    r"\s*(?:insert|replace)\s+(?:(?:ignore|delayed|low_priority|high_priority)\s+)*(?:into\s+)?[`\"]?(\w+)|"
    r"\s*update\s+(?:ignore\s+)?[`\"]?(\w+)",
    re.IGNORECASE,
)
_FIRST_VALUE = re.compile(r"\bvalues\s*\(\s*['\"](\w{1,100})['\"]", re.IGNORECASE)
_READ_FROM = re.compile(r"\b(?:from|join)\s+[`\"]?(\w+)", re.IGNORECASE)
_CHOOSES = re.compile(r"\b(?:where(?!\s+`?field_name`?\s+like)|having|limit)\b", re.IGNORECASE)
_MAX_READ = 6
_QUOTED = re.compile(r"['\"]([^'\"]*)['\"]")
_LOAD_FILE = re.compile(r"\bload_file\s*+\(\s*+['\"]([^'\"]++)", re.IGNORECASE)
_TOGETHER = frozenset({"", "concat"})
"""What stands in an expression beside its texts, where it is one text or several put together."""
_MAX_SQL = 4_000
_MAX_COLUMNS = 200


def selected(texts: Iterable[str], origins: Origins) -> dict[str, list[Secret]]:
    """Secrets by the keys under which rows hold them: column or alias, and position where columns are listed."""
    found: dict[str, list[Secret]] = {}
    for text in texts:
        match = _SELECT.match(text[:_MAX_SQL])
        if match is None:
            continue
        tables = sorted(origins.tables.keys() & {word.lower() for word in _WORD.findall(text[match.end(1) : _MAX_SQL])})
        for table in tables:
            columns = _readable(table, text, origins)
            for key, column in _keys(match[1], columns):
                known = found.setdefault(key, [])
                known.extend(secret for secret in columns[column] if secret not in known)
    return found


def reads_all_settings(texts: Iterable[str]) -> bool:
    """Whether a query reads the settings' table as a whole."""
    return any(SETTINGS_TABLE in text.lower() and not _CHOOSES.search(text) for text in texts if _GIVEN.match(text))


def written(text: str) -> tuple[str, list[str]]:
    """Table that a statement writes to, `` for none, and the settings that it sets in the settings' table."""
    match = _WRITTEN.match(text[:_MAX_SQL])
    if match is None:
        return "", []
    table = (match[1] or match[2]).lower()
    if table != SETTINGS_TABLE:
        return table, []
    named = [name for found in _SETTING.finditer(text[:_MAX_SQL]) for name in _QUOTED.findall(found[1])]
    return table, [name for name in (*named, *_FIRST_VALUE.findall(text[:_MAX_SQL])) if name.isidentifier()]


def tables_read(texts: Iterable[str]) -> list[str]:
    """Tables that queries read, in lower case, bounded."""
    found = {name.lower() for text in texts if _GIVEN.match(text) for name in _READ_FROM.findall(text[:_MAX_SQL])}
    return sorted(found)[:_MAX_READ]


def columns_read(texts: Iterable[str]) -> list[str]:
    """Keys under which rows of queries hold what they read: columns or aliases, and positions; bounded."""
    found: dict[str, None] = {}
    for match in filter(None, (_SELECT.match(text[:_MAX_SQL]) for text in sorted(texts))):
        for position, part in enumerate(_split(match[1])):
            found.update({name: None for name in (_key(part), str(position)) if "*" not in name})
    return list(found)[:_MAX_COLUMNS]


def literals_read(texts: Iterable[str]) -> dict[str, str]:
    """By the keys under which rows hold them: texts that a query says itself, `SELECT 'text' AS name`."""
    return {key: value for text in texts if is_known(text) for key, value in _literals(text[:_MAX_SQL])}


@lru_cache(maxsize=1 << 12)
def _literals(text: str) -> tuple[tuple[str, str], ...]:
    """Keys and texts of one query. Each call of a function with a query asks again."""
    given = _GIVEN.match(text)
    if given is None or not _QUOTED.search(text):
        return ()
    found: list[tuple[str, str]] = []
    for position, part in enumerate(_split(_FROM.split(text[given.end() :], maxsplit=1)[0])):
        said = part if part.strip()[-1:] in ("'", '"', ")") else _ALIAS.sub("", part)
        pieces = _QUOTED.findall(said)
        if pieces and _QUOTED.sub("", said).strip(" ,()\n\t").lower() in _TOGETHER:
            found += [(_key(part), "".join(pieces)), (str(position), "".join(pieces))]
    return tuple(found)


def files_read(texts: Iterable[str]) -> list[str]:
    """Files of the database server that queries read, bounded. Source: MySQL reference manual, `LOAD_FILE()`."""
    return sorted({path for text in texts for path in _LOAD_FILE.findall(text[:_MAX_SQL])})[:_MAX_READ]


def selects_given(text: str) -> bool:
    """Whether a query selects a value that the program puts into its text or binds to it, not only columns."""
    if not _GIVEN.match(text[:_MAX_SQL]):
        return False
    selected = _FROM.split(text[:_MAX_SQL], maxsplit=1)[0]
    return any(mark >= FIRST_PRIVATE for mark in selected) or bool(_PLACE.search(_QUOTED.sub("", selected)))


def _readable(table: str, text: str, origins: Origins) -> Mapping[str, list[Secret]]:
    """Secrets of a table by column; of the settings those that the query names, if it names any."""
    columns = {name: [secret] for name, secret in origins.tables[table].items()}
    if table != SETTINGS_TABLE:
        return columns
    named = [name for match in _SETTING.finditer(text) for name in _QUOTED.findall(match[1])]
    if not named or any(max(name, default="") >= FIRST_PRIVATE or "%" in name for name in named):
        return columns
    settings = [origins.settings[name] for name in named if name in origins.settings]
    if not settings and any(map(_CREDENTIAL.search, named)):  # one that no list names yet
        return {"value": columns["value"]} if "value" in columns else {}
    return {"value": settings} if settings else {}


def _keys(listed: str, columns: Mapping[str, list[Secret]]) -> Iterator[tuple[str, str]]:
    """(key in the row, column of the table) for each expression between SELECT and FROM that reads a secret column."""
    for position, part in enumerate(_split(listed)):
        words = {word.lower() for word in _WORD.findall(part)}
        if part.strip().endswith("*"):
            yield from ((column, column) for column in columns)
            continue
        for column in columns:
            if column.lower() in words:
                yield _key(part), column
                yield str(position), column


def _key(part: str) -> str:
    """Key of a row for one expression of a select list."""
    alias = _ALIAS.search(part)
    plain = part.strip().strip("`").rpartition(".")[2].strip("`") if _PLAIN.match(part.strip()) else ""
    return alias[1] if alias else plain or part.strip()


def _split(listed: str) -> list[str]:
    """Expressions of a select list: commas inside parentheses do not separate."""
    parts, depth, start = [], 0, 0
    for offset, character in enumerate(listed):
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            parts.append(listed[start:offset])
            start = offset + 1
    return [*parts, listed[start:]][:_MAX_COLUMNS]
