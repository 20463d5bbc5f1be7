"""Which stores hold secrets, as names by which functions are found that are worth following."""

from __future__ import annotations

from collections import defaultdict

from scanner.model.facts import text_mark

INNER = "\2"
"""Begins the first part of the keys of stores that no name of the program stands for: files, caches, cells."""


class KeptSecrets:
    """Where secrets are kept under names of the program's own, and who was not looked into for want of a reason."""

    def __init__(self) -> None:
        self.properties: dict[str, set[bytes]] = defaultdict(set)
        """By class key: properties that hold a secret, as their names stand in an encoded body."""
        self.shared: set[bytes] = set()
        """Static properties and globals that hold a secret, likewise."""
        self.passed_over: set[int] = set()
        """Long functions without a word of the vocabulary that were called, and not followed."""
        self.wanted: set[int] = set()
        """Of these, those to which a secret has come since."""
        self.version = 0
        self.known: dict[int, tuple[int, bool]] = {}
        """By function: whether it names one of them, and as of which version."""

    def add(self, key: tuple[str, str]) -> None:
        """Note a store that holds a secret."""
        cls, name = key
        if cls.startswith(INNER) or not name:
            return
        marks = self.shared if name.startswith("::") or not cls else self.properties[cls]
        mark = text_mark(name.removeprefix("::"))
        if mark not in marks:
            marks.add(mark)
            self.version += 1
