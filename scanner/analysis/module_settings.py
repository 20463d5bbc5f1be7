"""Settings that the program keeps under a name: addresses among them, and what a module's own file begins with.

`$module->setSystemSetting('mirror', 'https://...')` and `$module->getSystemSetting('mirror')`; where nobody has set it,
a module of REDCap has what `default` says in its `config.json`. Source: documentation of REDCap's External Module
framework (configuration).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from scanner.analysis.destinations import host_in
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.release_data import MAX_WHOLE
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Val, join_all

_ADDRESS = "\2address"
"""Space of the addresses that were kept under the name of a setting."""
_FILE = "config.json"
_SETS = re.compile(r"(?:set|update|save)_?\w*(?:setting|settings|option|config|preference)")
_GETS = re.compile(r"(?:get|load|read)_?\w*(?:setting|settings|option|config|preference)")
_OF_MODULE = frozenset({"getsystemsetting", "getprojectsetting"})
_LISTS = ("system-settings", "project-settings", "sub_settings")
_NAME = re.compile(r"[\w.:/-]{1,80}")
_MAX_NAMES = 4
_MAX_DEPTH = 6


@lru_cache(maxsize=1 << 14)
def _kind(name: str) -> str:
    short = name.rpartition("\\")[2]
    return "sets" if _SETS.fullmatch(short) else "gets" if _GETS.fullmatch(short) else ""


def called(evaluator: Evaluator, name: str, args: Sequence[Val], result: Val) -> Val:
    """Value of a call that reads a setting with the addresses that it may be; one that sets it is noted."""
    lower = name.lower()
    kind = _kind(lower)
    if not kind or not args:
        return result
    names = [text for text in evaluator.known_texts(args[0]) if _NAME.fullmatch(text)][:_MAX_NAMES]
    if kind == "sets":
        found = frozenset(filter(_is_address, args[1].texts)) if len(args) > 1 else frozenset()
        for one in names if found else ():
            evaluator.state.write_store((_ADDRESS, one), Val(found))
        return result
    kept = [evaluator.state.read_store((_ADDRESS, one)) for one in names]
    if lower in _OF_MODULE:
        kept += [_default(evaluator, one) for one in names]
    return evaluator.join(result, join_all(kept, evaluator.state.overflow))


def _is_address(text: str) -> bool:
    return is_known(text) and bool(host_in(text))


def _default(evaluator: Evaluator, name: str) -> Val:
    """What a setting of the module that this code is part of begins with."""
    data = evaluator.state.program.data
    texts = [data.text(path) for path in data.find(_FILE, evaluator.path)]
    found = [_defaults(text).get(name) for text in texts if text is not None and len(text) <= MAX_WHOLE]
    return Val(frozenset(value for value in found if value)) if any(found) else NOTHING


@lru_cache(maxsize=64)
def _defaults(text: str) -> dict[str, str]:
    """Settings by name with what they begin with."""
    try:
        return dict(_listed(json.loads(text), _MAX_DEPTH))
    except (ValueError, RecursionError):
        return {}


def _listed(config: Any, depth: int) -> Iterator[tuple[str, str]]:  # noqa: ANN401  whatever JSON holds
    for name in _LISTS if isinstance(config, dict) and depth else ():
        entries = config.get(name)
        for entry in entries if isinstance(entries, list) else ():
            key, value = (entry.get(part) if isinstance(entry, dict) else None for part in ("key", "default"))
            if isinstance(key, str) and isinstance(value, str):
                yield key, value.encode("utf-8", "replace").decode("latin-1")
            yield from _listed(entry, depth - 1)
