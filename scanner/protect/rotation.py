"""Changing a secret without a refused call: four steps, each with what is deployed and what has to be true after it."""

from __future__ import annotations

import msgspec

from scanner.model.protection import AcceptedSecret


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a rotation."""

    name: str
    title: str
    accepted: tuple[AcceptedSecret, ...]
    """What the rule accepts after it. The first is what the unlock page hands out as a cookie."""
    shown: AcceptedSecret
    """What callers show after it."""
    rule_changes: bool
    callers_change: bool
    then: str
    """What to check before the next step."""


def steps(old: AcceptedSecret, new: AcceptedSecret) -> tuple[Step, ...]:
    """The four steps from one secret to another. Between any two of them both rule and callers agree."""
    before = AcceptedSecret("current", old.reference, old.value)
    after = AcceptedSecret("current", new.reference, new.value)
    old_next = AcceptedSecret("next", old.reference, old.value)
    new_next = AcceptedSecret("next", new.reference, new.value)
    return (
        Step(
            name="add",
            title="Let the rule accept the next secret as well",
            accepted=(before, new_next),
            shown=before,
            rule_changes=True,
            callers_change=False,
            then="Call a script with the next secret: it must pass, and the current one still must.",
        ),
        Step(
            name="switch",
            title="Give the next secret to every caller",
            accepted=(before, new_next),
            shown=after,
            rule_changes=False,
            callers_change=True,
            then="Wait until every caller has used it at least once; jobs that stopped show who was forgotten.",
        ),
        Step(
            name="promote",
            title="Make the next secret the current one; the old one is still accepted",
            accepted=(after, old_next),
            shown=after,
            rule_changes=True,
            callers_change=False,
            then="Wait 30 minutes, so that no browser holds a cookie with the old secret.",
        ),
        Step(
            name="drop",
            title="Let the rule accept the new secret only, and delete the old one",
            accepted=(after,),
            shown=after,
            rule_changes=True,
            callers_change=False,
            then="Call a script with the old secret: it must be refused. Then delete the old value.",
        ),
    )
