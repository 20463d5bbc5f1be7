"""PHP's regular expressions on known text: what they find there, what they cut, what they put in its place.

Scanned code brings pattern and text along, so the engine must not be one that a pattern can stall: RE2 takes time that
grows with the text only, and refuses look-around, back references and possessive repetition. What it refuses is
unknown here. Source: PHP manual, "Pattern Syntax" and "Pattern Modifiers"; RE2's page "Syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import re2

_MAX_PATTERN = 2_000
_MAX_TEXT = 20_000
_MAX_FOUND = 300
"""Matches of one pattern in one text; of more, nothing is said."""
_MEMORY = 1 << 20
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_MODIFIERS = frozenset("imsUuDSAJX")
"""Those that are followed or do not matter; not `x`, which RE2 does not have, and `e`, which runs code."""
_TAKEN_OVER = "imsU"
_REFERENCE = re.compile(r"\\\\|(?:\\|\$)(\d{1,2})|\$\{(\d{1,2})\}")


def first(pattern: str, text: str) -> dict[str, str] | None:
    """Groups of the first match, by number and by name; empty where there is none, None where nobody can tell."""
    compiled = _ready(pattern, text)
    if compiled is None:
        return None
    match = compiled.search(text.encode("latin-1"))
    return {} if match is None else _groups(match)


def every(pattern: str, text: str) -> list[dict[str, str]] | None:
    """Groups of all matches in their order; None where nobody can tell."""
    found = _matches(pattern, text)
    return None if found is None else [_groups(match) for match in found]


def split(pattern: str, text: str, limit: int = -1, *, without_empty: bool = False) -> list[str] | None:
    """What stands between the matches (`preg_split`); None where nobody can tell."""
    found = _matches(pattern, text)
    if found is None:
        return None
    pieces: list[str] = []
    start = 0
    for match in found:
        if match.end() == match.start():
            if match.start() in (0, len(text)) or match.start() == start:
                continue
        elif without_empty and match.start() == start:
            start = match.end()
            continue
        if 0 < limit <= len(pieces) + 1:
            break
        pieces.append(text[start : match.start()])
        start = match.end()
    if not (without_empty and start == len(text)):
        pieces.append(text[start:])
    return pieces


def replaced(pattern: str, replacement: str, text: str) -> str | None:
    r"""`preg_replace` of all matches, with `$1`, `${1}` and `\1` in the replacement; None where nobody can tell."""
    found = _matches(pattern, text)
    if found is None:
        return None
    made, start = "", 0
    for match in found:
        groups = _groups(match)
        put = _REFERENCE.sub(lambda one, groups=groups: _referred(one, groups), replacement)  # type: ignore[misc]
        made += text[start : match.start()] + put
        start = match.end()
    return made + text[start:]


def _referred(reference: re.Match[str], groups: dict[str, str]) -> str:
    number = reference[1] or reference[2]
    return "\\" if number is None else groups.get(str(int(number)), "")


def spans(pattern: str, text: str) -> list[tuple[int, int, dict[str, str]]] | None:
    """Beginning, end and groups of all matches in their order; None where nobody can tell."""
    found = _matches(pattern, text)
    return None if found is None else [(match.start(), match.end(), _groups(match)) for match in found]


def _matches(pattern: str, text: str) -> list[re2._Match] | None:
    compiled = _ready(pattern, text)
    if compiled is None:
        return None
    found: list[re2._Match] = []
    for match in compiled.finditer(text.encode("latin-1")):
        found.append(match)
        if len(found) > _MAX_FOUND:
            return None
    return found


def _groups(match: re2._Match) -> dict[str, str]:
    """Groups as PHP numbers and names them; one that took no part is empty."""
    names = {number: name.decode("latin-1") for name, number in match.re.groupindex.items()}
    return dict(_named(names, [match.group(0), *match.groups(b"")]))


def _named(names: dict[int, str], groups: list[bytes]) -> Iterator[tuple[str, str]]:
    for number, group in enumerate(groups):
        text = group.decode("latin-1")
        if number in names:
            yield names[number], text
        yield str(number), text


def _ready(pattern: str, text: str) -> re2._Regexp | None:
    if len(pattern) > _MAX_PATTERN or len(text) > _MAX_TEXT:
        return None
    return _compiled(pattern)


@lru_cache(maxsize=1 << 10)
def _compiled(pattern: str) -> re2._Regexp | None:
    """A pattern of PHP, with its delimiters and modifiers, as RE2 reads it; None for one that it does not take."""
    parts = _parts(pattern)
    if parts is None:
        return None
    body, modifiers = parts
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    if "u" not in modifiers:
        options.encoding = re2.Options.Encoding.LATIN1
    flags = "".join(flag for flag in _TAKEN_OVER if flag in modifiers)
    begin = "\\A" if "A" in modifiers else ""
    try:
        whole = f"{begin}(?{flags}:{body})" if flags or begin else body
        return re2.compile(whole.encode("latin-1"), options)
    except (re2.error, UnicodeError):
        return None


def _parts(pattern: str) -> tuple[str, str] | None:
    """Body and modifiers; None for what is no pattern, or one with a modifier that changes more."""
    pattern = pattern.lstrip()
    edge = pattern[:1]
    if not edge or edge.isalnum() or edge in "\\\0":
        return None
    end = pattern.rfind(_CLOSING.get(edge, edge))
    modifiers = pattern[end + 1 :].strip()
    if end <= 0 or not _MODIFIERS.issuperset(modifiers):
        return None
    return pattern[1:end], modifiers
