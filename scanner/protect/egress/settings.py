"""Settings of an installation, from an export of its table `redcap_config`.

Accepted: JSON, YAML, CSV and TSV (what the mysql client prints with `--batch`). JSON and YAML hold a mapping of names
to values, or a list of rows with `field_name` and `value` (the columns of the table); CSV and TSV have these columns in
their first line, or two columns without a heading. Variables of `database.php` (`hostname`), `env.NAME`,
`own-server` and `local-mail-server` may be added by hand. Values of other settings, passwords among them, may stay
out of the file: only names of hosts and whether a setting is empty are looked at.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from scanner.errors import ConfigurationError

LARGEST = 16 * 1024 * 1024
_NAMES = ("field_name", "name", "setting", "key")
_VALUES = ("value", "field_value")
_TOP = 64  # a setting's name or host is short; nesting is never needed


def read_settings(path: Path) -> dict[str, str]:
    """Values by the names of settings. Raises: ConfigurationError that says what is wrong with the file."""
    text = read_text(path, "settings")
    try:
        found = _by_format(path, text)
    except (ValueError, yaml.YAMLError, csv.Error, RecursionError) as error:
        message = f"{path}: not readable as {_format(path, text)}: {str(error).splitlines()[0]}"
        raise ConfigurationError(message) from error
    if not found:
        message = f"{path}: holds no settings: give names and values, for example an export of redcap_config"
        raise ConfigurationError(message)
    return found


def read_text(path: Path, what: str) -> str:
    """Text of a file that the user names. Raises: ConfigurationError."""
    try:
        if path.stat().st_size > LARGEST:
            message = f"{path}: larger than {LARGEST // 1024 // 1024} MiB, which no {what} file is"
            raise ConfigurationError(message)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: not a text in UTF-8 (byte {error.start})"
        raise ConfigurationError(message) from error


def _format(path: Path, text: str) -> str:
    ending = path.suffix.lower()
    known = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".csv": "CSV", ".tsv": "TSV"}
    if ending in known:
        return known[ending]
    if text.lstrip()[:1] in ("{", "["):
        return "JSON"
    head = text.partition("\n")[0]
    return "TSV" if "\t" in head else "CSV" if "," in head and ":" not in head.partition(",")[0] else "YAML"


def _by_format(path: Path, text: str) -> dict[str, str]:
    form = _format(path, text)
    if form == "JSON":
        return _values(json.loads(text))
    if form == "YAML":
        return _values(yaml.safe_load(text))
    return _table(csv.reader(io.StringIO(text), dialect="excel-tab" if form == "TSV" else "excel"))


def _values(data: object) -> dict[str, str]:
    if isinstance(data, Mapping):
        return {str(name): _text(value, str(name)) for name, value in data.items()}
    if isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        return dict(_row({str(name): value for name, value in row.items()}) for row in data)
    message = "neither a mapping of names to values nor a list of rows with field_name and value"
    raise ValueError(message)


def _row(row: Mapping[str, object]) -> tuple[str, str]:
    name = next((row[key] for key in _NAMES if key in row), None)
    if not isinstance(name, str) or not any(key in row for key in _VALUES):
        message = "a row without field_name and value"
        raise ValueError(message)
    return name, _text(next(row[key] for key in _VALUES if key in row), name)


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(int(value)) if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        return value
    message = f"the value of {name[:_TOP]!r} is not a text"
    raise ValueError(message)


def _table(rows: Iterable[list[str]]) -> dict[str, str]:
    table = [row for row in rows if row]
    if not table:
        return {}
    head = [cell.strip().lower() for cell in table[0]]
    name = next((head.index(key) for key in _NAMES if key in head), None)
    value = next((head.index(key) for key in _VALUES if key in head), None)
    if name is None or value is None:
        if any(len(row) != 2 for row in table):  # noqa: PLR2004  a name and a value
            message = "no columns field_name and value in the first line, and not two columns"
            raise ValueError(message)
        name, value, head = 0, 1, []
    body = table[1:] if head else table
    short = next((row for row in body if len(row) <= max(name, value)), None)
    if short is not None:
        message = f"a line with {len(short)} of {len(table[0])} columns"
        raise ValueError(message)
    null = ("NULL", "\\N")
    return {row[name].strip(): "" if row[value] in null else row[value] for row in body}
