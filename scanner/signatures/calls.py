"""Every call in the facts of a file, in the order of the text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.model.facts import Call, FileFacts, decode_body


def values(facts: FileFacts) -> Iterator[msgspec.Struct]:
    """Every statement and value of every function, whatever it is nested in; without recursion."""
    for function in facts.functions:
        stack: list[object] = [decode_body(function.body)]
        while stack:
            item = stack.pop()
            if isinstance(item, tuple):
                stack.extend(reversed(item))
            elif isinstance(item, msgspec.Struct):
                yield item
                stack.extend(getattr(item, name) for name in reversed(item.__struct_fields__))


def calls(facts: FileFacts) -> Iterator[Call]:
    """Every call of the file, calls in arguments included."""
    return (item for item in values(facts) if isinstance(item, Call))
