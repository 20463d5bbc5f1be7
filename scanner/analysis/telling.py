"""Who is evaluated again because the summary of a function that it calls has changed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from scanner.analysis.faces import names_host, summary_face
from scanner.analysis.state import State
from scanner.analysis.summary import Summary


def tell_users(state: State, users: AbstractSet[int], before: Summary, after: Summary) -> None:
    """Who took a summary in is evaluated again, where it has changed in what callers must see."""
    old, new = (
        summary_face(summary, state.is_decisive, state.is_specific, state.growth.templates)
        for summary in (before, after)
    )
    hosts = any(map(names_host, after.returns.texts - before.returns.texts))
    if old == new and not hosts:
        return
    if hosts or old.hits != new.hits:
        state.waiting.sinks |= users
    elif (old.writes, old.exported) != (new.writes, new.exported):
        state.waiting.code |= users
    state.come(users, new.returned - old.returned)
    if old.returned - new.returned:
        state.waiting.broad |= users
    if state.secrets_of(after.returns) - state.secrets_of(before.returns):
        state.waiting.secrets |= users


def tell_early(state: State, number: int, summary: Summary) -> None:
    """The same for those that a function calls, and that called it: they had to go on without its summary.

    What they got had no objects and callables at all, so these count here.
    """
    for user, seen in sorted(state.early.pop(number, {}).items(), key=lambda asked: asked[0]):
        tell_users(state, frozenset([user]), seen, summary)
        if (summary.returns.sites - seen.returns.sites) or (summary.returns.refs - seen.returns.refs):
            state.waiting.code.add(user)
