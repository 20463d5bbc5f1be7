"""Characters of a text that are written one by one: `$text[$position] = $character;`.

Source: PHP manual, Strings, "String access and modification by character": only the first character of what is
assigned counts, a position behind the end fills up with blanks, one before the beginning counts from the end.
"""

from __future__ import annotations

from itertools import product

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.folding import MAX_OUTPUT
from scanner.analysis.templates import is_known
from scanner.analysis.values import MAX_TEXTS, Val, all_labels, merge_labels


def is_text(base: Val) -> bool:
    """Whether a value is nothing but known text, so that an element of it is a character; `` alone becomes an array."""
    return bool(base.texts - {""}) and not (base.items or base.rest or base.types) and all(map(is_known, base.texts))


def put_in(evaluator: Evaluator, base: Val, key: Val, value: Val) -> Val:
    """The text after one of its characters was assigned; unknown text where that is not known to the letter."""
    labels = merge_labels(base.labels, all_labels(value))
    positions, characters = evaluator.known_texts(key), evaluator.known_texts(value)
    if len(characters) < len(value.texts) or not characters:
        characters.append(evaluator.state.overflow)  # a hole stands for the character that is not known
    ways = len(base.texts) * len(positions) * len(characters)
    if len(positions) < len(key.texts) or not positions or ways > MAX_TEXTS:
        return Val(evaluator.unknown("text").texts, labels)
    written = {_written(*way) for way in product(base.texts, positions, characters)}
    known = frozenset(text for text in written if text is not None)
    return Val(known if None not in written else known | evaluator.unknown("text").texts, labels)


def _written(text: str, position: str, character: str) -> str | None:
    """The text with its character at a position replaced; None where PHP would not."""
    try:
        place = int(position)
    except ValueError:
        return None
    place += len(text) if place < 0 else 0
    if not 0 <= place < MAX_OUTPUT or not character:
        return None
    return text[:place].ljust(place) + character[0] + text[place + 1 :]
