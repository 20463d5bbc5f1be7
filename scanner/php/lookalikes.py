"""Characters that look like ASCII letters or digits but are others. Source: Unicode's confusables, as a library."""

from __future__ import annotations

from functools import cache


@cache
def look_alikes() -> dict[str, str]:
    """Character -> the ASCII letter or digit that it looks like. Read when first asked: most code is ASCII."""
    from confusable_homoglyphs import confusables  # type: ignore[import-untyped]  # noqa: PLC0415  its tables take longer to load than a file to read

    found: dict[str, str] = {}
    for character, others in confusables.confusables_data.items():
        if len(character) == 1 and not character.isascii():
            plain = [other["c"] for other in others if len(other["c"]) == 1 and other["c"].isascii()]
            if plain and plain[0].isalnum():
                found[character] = plain[0]
    return found


def skeleton(text: str) -> str:
    """The text with ASCII in the place of every character that looks like it."""
    return text if text.isascii() else "".join(look_alikes().get(c, c) for c in text)


def mixes_scripts(text: str) -> bool:
    """Whether a name is made of ASCII letters and of others that look like such."""
    if text.isascii():
        return False
    return any(c.isascii() and c.isalpha() for c in text) and any(c in look_alikes() for c in text)
