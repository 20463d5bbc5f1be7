"""The default context of PHP's streams: what is set on it goes with every address that is opened without another.

`stream_context_set_default` and its like set it in one function, and any function opens addresses later.
"""

from __future__ import annotations

from collections.abc import Mapping

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import Val

SETTING = frozenset({"stream_context_set_default", "libxml_set_streams_context"})
"""Functions that set it."""
GIVING = SETTING | {"stream_context_get_default"}
"""Functions that set it or give it."""
_STORE = "\2default-context"
_ROLES = ("payload", "header", "auth", "proxy", "url-extra")
"""What of a context is sent, and where that goes."""


def keep(evaluator: Evaluator, callee: str, roles: Mapping[str, Val], handles: frozenset[int]) -> None:
    """Remember what a call sets on it. `callee`: name of the function; `handles`: what else the call sets it on."""
    if callee not in GIVING and handles.isdisjoint(evaluator.default_context):
        return
    if "context" in roles:
        roles = evaluator.with_sites(roles, roles["context"].sites)
    for role in _ROLES:
        if role in roles:
            evaluator.write_shared("store", (_STORE, role), roles[role])


def added(evaluator: Evaluator, roles: Mapping[str, Val]) -> dict[str, Val]:
    """Roles of a call that opens an address without a context of its own."""
    merged = dict(roles)
    for role in _ROLES:
        kept = evaluator.state.read_store((_STORE, role))
        if kept.labels or kept.texts or kept.height:
            merged[role] = evaluator.join(merged[role], kept) if role in merged else kept
    return merged
