"""A review in progress: what is still to be decided, and every answer on disk as soon as it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.decision import Decision, Judgement, Key, Standing, Verdict
from scanner.model.finding import Severity
from scanner.triage.apply import has_second, same_person
from scanner.triage.ledger import load_ledger, with_decision

_PEOPLE: Final = 300
"""Characters of path and symbol that are kept for people."""


class Decidable(Protocol):
    """What a decision takes from a finding."""

    @property
    def identity(self) -> str:
        """Which finding it is."""

    @property
    def evidence(self) -> str:
        """What is decided about."""

    @property
    def rule(self) -> str:
        """For people, as path and symbol."""

    @property
    def path(self) -> str:
        """Canonical path."""

    @property
    def symbol(self) -> str:
        """Enclosing symbol."""


class Subject(Decidable, Protocol):
    """A finding as a review sees it."""

    @property
    def severity(self) -> Severity:
        """How bad it is."""


class Reviewer(msgspec.Struct, frozen=True):
    """Who decides, when, and about which release."""

    name: str
    today: str
    release: str
    review_by: str = ""
    two: bool = False
    """Whether the policy asks for a second reviewer."""


def is_open(judgement: Judgement | None, reviewer: str) -> bool:
    """Whether a finding asks this reviewer for a decision."""
    if judgement is None:
        return True
    if judgement.standing is Standing.WAITING:
        return not same_person(judgement.decision.reviewer, reviewer)
    return judgement.standing not in (Standing.IN_FORCE, Standing.MUST_FIX)


def pending(
    subjects: Iterable[Subject], judgements: Mapping[Key, Judgement], least: Severity, reviewer: str
) -> list[int]:
    """Positions of the findings to ask about."""
    return [
        at
        for at, item in enumerate(subjects)
        if item.severity.rank <= least.rank and is_open(judgements.get((item.identity, item.evidence)), reviewer)
    ]


class Session:
    """Decisions written one by one, each of which can be undone.

    Args:
        path: The decisions file; it need not exist.
        write: Puts a text into a file, whole or not at all.
    """

    def __init__(self, path: Path, reviewer: Reviewer, write: Callable[[Path, str], None]) -> None:
        self.path = path
        self._reviewer = reviewer
        self._write = write
        self._done: list[tuple[Decision, str, str]] = []
        """Decision, text of the file before it and after it."""

    def decide(self, subject: Decidable, verdict: Verdict, reason: str) -> Decision:
        """Write a decision. If another person has said the same and a second one is asked for, this is the second.

        Raises: ConfigurationError when the file cannot be read or written.
        """
        ledger = load_ledger(self.path)
        known = tuple(item for item in ledger.decisions if item.identity == subject.identity)
        decision = self._decision(subject, verdict, reason, known)
        text = with_decision(ledger, decision).text
        self._write(self.path, text)
        self._done.append((decision, ledger.text, text))
        return decision

    def undo(self) -> Decision | None:
        """Take the last decision of this session back; None when there is none.

        Raises: ConfigurationError when somebody else changed the file, or it cannot be written.
        """
        if not self._done:
            return None
        decision, before, after = self._done[-1]
        if load_ledger(self.path).text != after:
            message = f"{self.path} was changed in the meantime: the last decision cannot be undone"
            raise ConfigurationError(message)
        self._write(self.path, before)
        self._done.pop()
        return decision

    def _decision(self, subject: Decidable, verdict: Verdict, reason: str, known: Sequence[Decision]) -> Decision:
        who = self._reviewer
        for first in known if who.two else ():
            agreed = first.evidence == subject.evidence and first.verdict is verdict and not has_second(first)
            expired = bool(first.review_by) and first.review_by < who.today
            if agreed and not expired and not same_person(first.reviewer, who.name):
                return msgspec.structs.replace(first, second_reviewer=who.name, second_date=who.today)
        return Decision(
            identity=subject.identity,
            evidence=subject.evidence,
            rule=subject.rule,
            path=subject.path[:_PEOPLE],
            symbol=subject.symbol[:_PEOPLE],
            verdict=verdict,
            reason=" ".join(reason.split()),
            reviewer=who.name,
            date=who.today,
            release=who.release,
            review_by=who.review_by,
        )
