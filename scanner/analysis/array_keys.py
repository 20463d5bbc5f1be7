"""Keys of arrays: which are numbers to PHP, what becomes of other values, and what `$array[] = ...` takes.

Source: PHP manual, Arrays: keys are cast; `$array[]` takes one more than the largest number there ever was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

from scanner.analysis.values import Val, text_value
from scanner.model.facts import Const, Value

_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}")


def is_number(key: str) -> bool:
    """Whether a key is a number to PHP: `'7'` is, `'07'` is not."""
    return _NUMBER.fullmatch(key) is not None


def cast(node: Value | None, key: Val) -> Val:
    """The value of a key as PHP has it: `$a[1.7]` is `$a[1]`, `$a[null]` is `$a['']`, `$a[false]` is `$a[0]`."""
    if not isinstance(node, Const) or isinstance(node.value, str):
        return key
    if node.value is None:
        return text_value("")
    if isinstance(node.value, bool) or (isinstance(node.value, float) and isfinite(node.value)):
        return text_value(str(int(node.value)))
    return key


def next_number(items: Mapping[str, Val]) -> int | None:
    """Key of what `$array[] = ...` adds; None below 0, where it depends on the version of PHP."""
    numbers = [int(key) for key in items if is_number(key)]
    highest = max(numbers, default=-1)
    return highest + 1 if highest >= 0 or not numbers else None


def without(value: Val, key: str) -> Val:
    """An array without one element. Which number comes next is not known when the last is gone: PHP remembers it."""
    items = {name: item for name, item in (value.items or {}).items() if name != key}
    last = is_number(key) and int(key) + 1 == next_number(value.items or {})
    return value.replaced(items=items, loose=value.loose or last)
