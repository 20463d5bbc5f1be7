"""Values to JSON text: the same bytes for the same value, printable ASCII, valid for every reader."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.report.escape import ascii_json, well_formed


def json_text(value: object) -> str:
    """Indented JSON with a final newline. Lone surrogates are spelled, other characters escaped.

    Raises: nothing for values made of msgspec structs, containers, strings, finite numbers.
    """
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_well_formed(msgspec.to_builtins(value)))
    return ascii_json(msgspec.json.format(encoded, indent=1).decode()) + "\n"


def _well_formed(value: Any) -> Any:  # noqa: ANN401  JSON has no narrower type
    """Copy with every string well formed. Recursion is bounded by the depth of our own records."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_well_formed(item) for item in value]
    return value
