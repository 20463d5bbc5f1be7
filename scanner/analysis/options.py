"""Options of a call: which role each of them has, by the table of its signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_here
from scanner.analysis.summary import opened
from scanner.analysis.values import NOTHING, Val
from scanner.model.signature import Signature

_PLACES = frozenset({"url", "host", "dsn", "path", "base_uri", "location", "server", "proxy"})
"""Roles of options that say where a call goes."""
_TAKES_OPTIONS = frozenset({"options", "context", "request", "config"})


def add(evaluator: Evaluator, roles: dict[str, Val], role: str, value: Val) -> None:
    """Join a value to what has a role."""
    known = roles.get(role)
    roles[role] = value if known is None else evaluator.join(known, value)


def spread(evaluator: Evaluator, signature: Signature, roles: dict[str, Val]) -> None:
    """Option keys to roles: `curl_setopt($h, CURLOPT_URL, $u)`, `['base_uri' => ...]`."""
    matcher, table = evaluator.state.matcher, signature.option_table
    if "option" in roles:
        option, value = roles.pop("option"), roles.pop("value", NOTHING)
        of_wrapper = [f"{text}." for text in evaluator.known_texts(roles.get("options", NOTHING))]  # 'http', 'proxy'
        keys = [before + text for text in evaluator.known_texts(option) for before in of_wrapper or [""]]
        for key in keys or [""]:
            name = matcher.option_role(table, key) if key else None
            _option(evaluator, roles, name or ("other" if key else "url"), key, value)
    for role in sorted(role for role in roles if role in _TAKES_OPTIONS):
        value = roles[role]
        for key, item in _options(value, evaluator.state.catalogue.option_tables.get(table, {})):
            _option(evaluator, roles, matcher.option_role(table, key) or "payload", key, item)
        for key, name in evaluator.state.catalogue.option_tables.get(table, {}).items():
            missing = name in _PLACES and name not in roles
            place = opened(value, key, evaluator.state.holes) if missing else NOTHING
            if place is not NOTHING:  # options that a caller passes: it knows where they lead
                _option(evaluator, roles, name, key, place)
        if value.rest is not None:
            add(evaluator, roles, "payload", value.rest)
        if value.labels:
            add(evaluator, roles, "payload", Val(labels=value.labels))


def _options(value: Val, table: Mapping[str, str]) -> Iterator[tuple[str, Val]]:
    """Options by their keys; those of a wrapper have its name before theirs: `['http' => ['proxy' => ...]]`."""
    for key, item in sorted((value.items or {}).items()):
        inner = {f"{key}.{name}": one for name, one in (item.items or {}).items()}
        if table.keys().isdisjoint(inner):
            yield key, item
        else:
            yield from sorted(inner.items())
            yield key, item.replaced(items=None)


def _option(evaluator: Evaluator, roles: dict[str, Val], role: str, key: str, value: Val) -> None:
    if role == "tls":
        name = evaluator.state.matcher.option_name(key).lower().removeprefix("curlopt_")
        add(evaluator, roles, f"tls:{name}", value if value.texts else Val(frozenset(["off"])))
        return
    add(evaluator, roles, role, _sent_by(evaluator, key, value) if role == "payload" else value)


def _sent_by(evaluator: Evaluator, key: str, value: Val) -> Val:
    """What an option has sent: what its function returns, `CURLOPT_READFUNCTION`, in whatever way that is named."""
    names_function = evaluator.state.matcher.option_name(key).endswith("FUNCTION")
    if not value.refs and not names_function:
        return value
    return evaluator.state.interpreter.call_value(evaluator, call_here(evaluator), value, [])
