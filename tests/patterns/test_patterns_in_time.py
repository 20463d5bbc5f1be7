"""No regular expression of the scanner takes long, whatever the text: what is scanned may be made to keep it busy."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from scanner.files import templates
from tests.patterns.discovery import Used, modules, patterns_of
from tests.patterns.hostile import words
from tests.patterns.stopwatch import SlowError, limit

_WHOLE_FILES = (
    "scanner.diff.",
    "scanner.facts.",
    "scanner.files.",
    "scanner.php.",
    "scanner.signatures.browser",
    "scanner.source.",
)
"""Modules whose expressions read texts of several megabytes; those of the others read values, names and paths."""
_OF_NAMES = ("scanner.files.kinds",)
_WHOLE, _VALUE = 60_000, 5_000
SECONDS = 1.0
"""What one word may take, of the processor's time. Linear in the word, it is some milliseconds; what is
quadratic takes longer in a whole file, and what is worse in a value, too."""
GUARDED: dict[str, Callable[[str], object]] = {
    "scanner.files.templates._SMARTY": templates._smarty_tags,  # noqa: SLF001  what guards the expression
    "scanner.files.templates._SMARTY_TAG": templates._smarty_tags,  # noqa: SLF001
}
"""Expressions that only a function uses that sees to it that they end: it is tried instead."""
# The name in a command line that this test was made after: each dot is in both of the two parts that are repeated.
EXPONENTIAL = re.compile(r"(?:[^@\s]*@)?[A-Za-z0-9_-]*(?:[^\s/@]*\.)+[A-Za-z]{2,24}\.?(?:[:/].*)?")
QUADRATIC = re.compile(rb"/\*.*?\*/", re.DOTALL)


def _run(used: Used, method: str, word: str | bytes) -> None:
    if isinstance(word, str) and used.name in GUARDED:
        GUARDED[used.name](word)
    elif method in ("sub", "subn"):
        getattr(used.pattern, method)(word[:0], word)
    elif method == "finditer":
        for _ in used.pattern.finditer(word):  # type: ignore[arg-type]  # both are of one type
            pass
    else:
        getattr(used.pattern, method)(word)


def _too_slow(used: Used, size: int, seconds: float) -> list[str]:
    """The first word on which an expression takes too long, as text."""
    for word in words(used.pattern, size):
        for method in sorted(used.methods):
            try:
                with limit(seconds):
                    _run(used, method, word)
            except SlowError:
                return [f"{used.name}.{method}: {word[:60]!r}... of {len(word)}: {used.pattern.pattern!r}"]
    return []


@pytest.mark.parametrize("name", modules())
def test_every_expression_ends_in_time(name: str) -> None:
    whole = name.startswith(_WHOLE_FILES) and not name.startswith(_OF_NAMES)
    found = [line for used in patterns_of(name) for line in _too_slow(used, _WHOLE if whole else _VALUE, SECONDS)]
    assert not found, "\n".join(found)


def test_the_words_find_what_is_slow() -> None:
    assert _too_slow(Used("exponential", EXPONENTIAL, {"fullmatch"}), _VALUE, 0.5)
    assert _too_slow(Used("quadratic", QUADRATIC, {"sub"}), 10 * _WHOLE, 0.5)


def test_expressions_are_found_wherever_they_stand() -> None:
    names = {used.name: used.methods for name in modules() for used in patterns_of(name)}
    assert len(names) > 600
    assert names["scanner.detectors.commands._NAME"] == {"fullmatch"}  # a module's own
    assert names["scanner.signatures.records._CALLABLE"] == {"match"}  # in a dictionary
    assert names["scanner.files.kinds._PATTERNS"] == {"search"}  # in tuples of a tuple
    assert "scanner.files.pages, line 145" in names or any(name.startswith("scanner.files.pages, ") for name in names)
    assert GUARDED.keys() <= names.keys()
