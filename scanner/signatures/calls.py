"""Every call in the facts of a file, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.model.facts import Call, FileFacts, decode_body, nodes


def values(facts: FileFacts) -> Iterator[msgspec.Struct]:
    """Every statement and value of every function, whatever it is nested in; without recursion."""
    for function in facts.functions:
        yield from nodes(decode_body(function.body))


def calls(facts: FileFacts) -> Iterator[Call]:
    """Every call of the file, calls in arguments included."""
    return (item for item in values(facts) if isinstance(item, Call))
