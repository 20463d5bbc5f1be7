"""Defaults of settings that stand in a release's own SQL: `INSERT INTO redcap_config VALUES ('name', 'value')`.

Also in statements that its code runs.

Where a call goes to a setting, the default tells where it goes on a site that never changed it. Only statements that
fill the settings' table are read; a value that is no address is no destination and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from scanner.analysis.destinations import LOCAL, UNRESOLVED, url_destination
from scanner.analysis.statements import KIND
from scanner.analysis.summary import Hit
from scanner.analysis.templates import HoleTable

FOLDER, ENDING = "Resources/sql/", ".sql"
_INSERT = re.compile(
    r"\b(?:insert|replace)\s+(?:ignore\s+)?into\s+`?redcap_config`?\s*(?:\([^()]*\)\s*)?values\s*", re.IGNORECASE
)
_VALUE = r"'((?:[^'\\]|\\.|'')*)'"
_UPDATE = re.compile(
    rf"\bupdate\s+`?redcap_config`?\s+set\s+`?value`?\s*=\s*{_VALUE}\s*where\s+`?field_name`?\s*=\s*{_VALUE}",
    re.IGNORECASE,
)
_ROW = re.compile(r"\s*+(?:,\s*+)?\(\s*+'((?:[^'\\]|\\.|'')*+)'\s*+,\s*+(?:'((?:[^'\\]|\\.|'')*+)'\s*+|[^'(),]*+)\)")
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?::\d{1,5})?", re.IGNORECASE)
"""A value that can be the name of a host, which it is only where a call goes to it."""
_MAX_BYTES = 8_000_000
_MAX_ROWS = 5_000


def is_settings_file(path: str) -> bool:
    """Whether a canonical path is one of the release's SQL scripts."""
    return path.endswith(ENDING) and FOLDER in path


def default_hosts(sql: bytes) -> Mapping[str, str]:
    """Host by setting, for settings whose default is an address."""
    holes = HoleTable()
    found: dict[str, str] = {}
    for name, value in _rows(sql[:_MAX_BYTES].decode("latin-1")):
        if "://" in value or _HOST.fullmatch(value):
            host = url_destination(value, holes, bare_host=True).name
            if host not in (LOCAL, UNRESOLVED):
                found[name] = host
    return found


def set_by_code(hits: Iterable[Hit]) -> Mapping[str, str]:
    """The same for statements that the program runs."""
    found: dict[str, str] = {}
    for hit in hits:
        if hit.signature.kind == KIND:
            for text in sorted(hit.roles["sql"].texts):
                found.update(default_hosts(text.encode("latin-1", "replace")))
    return found


def _rows(sql: str) -> Iterator[tuple[str, str]]:
    yield from ((_plain(match[2]), _plain(match[1])) for match in _UPDATE.finditer(sql))
    for statement in _INSERT.finditer(sql):
        position = statement.end()
        for _number in range(_MAX_ROWS):
            row = _ROW.match(sql, position)
            if row is None:
                break
            position = row.end()
            yield _plain(row[1]), _plain(row[2] or "")


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: match[1] or "'", text)
