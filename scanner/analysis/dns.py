"""Addresses of hosts that the code looks up: whoever connects to such an address connects to the host.

`fsockopen(gethostbyname('example.net'), 443)`. Source: the manual, pages of the functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import Val

FUNCTIONS = frozenset({"dns_get_record", "gethostbyname", "gethostbynamel"})
_ADDRESSES = ("ip", "ipv6")
"""Elements of a record that hold an address."""


def answered(evaluator: Evaluator, name: str, args: Sequence[Val], result: Val) -> Val:
    """Result of a look-up with the host's name in the place of its address."""
    host = Val(args[0].texts) if args else Val()
    if not host.texts:
        return result
    if name == "gethostbyname":
        return result.replaced(texts=host.texts)
    one = host if name == "gethostbynamel" else Val(items=dict.fromkeys(_ADDRESSES, host))
    return evaluator.join(result, Val(rest=one))
