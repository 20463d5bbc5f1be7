"""Arrays of literals: files that hold data only, decided on tokens.

A third of a release's bytes are translations, tables and generated maps.
"""

from __future__ import annotations

import re

from scanner.php.interest import Vocabulary, all_names, words_of
from scanner.php.lexer import Lexed
from scanner.php.tokens import LABEL

SMALL_FILE = 2_048
"""Bytes up to which a file is parsed anyway: it may be settings, and it costs nothing."""

_ACTIVE = frozenset(
    b"include include_once require require_once eval new clone print echo throw yield function fn static global exit "
    b"die goto use match instanceof and or xor class unset isset empty list if for foreach while switch do try const "
    b"define __halt_compiler".split()
)
"""Words that make a file more than data."""
_BLANKS = b" \t\r\n"
_ITEM = rb"(?:(?:\"\"|[0-9]++)(?:=>(?:\"\"|[0-9]++))?,)++"
_CONSTANT = rb"(?:\\?[a-z_][\w\\]*+(?:::[a-z_]\w*+)?)(?![(:\w\\$])"
_VALUES = rb"(?:" + _ITEM + rb"|\"\"(?!\()|[\[\],.+\-)](?!\()|=>|array\(|[0-9][\w.]*+|" + _CONSTANT + rb")*+"
_TARGET = rb"\$" + LABEL + rb"(?:\[(?:\"\"|[0-9]++)?\])*+[+.]?="
_FILE = re.compile(
    rb"<\?php(?:declare\(strict_types=[01]\);)?+(?:namespace[\w\\]++;)?+(?:(?:return(?!;)|"
    + _TARGET
    + rb")"
    + _VALUES
    + rb";)++(?:\?>)?+"
)
"""A file of data, in lower case and without blanks (so every string is `""`). That joins words: see `_ACTIVE`."""
_LITERAL = re.compile(rb"""'[^'\\]*+(?:\\.[^'\\]*+)*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+\"""", re.DOTALL)


def is_literal_file(lexed: Lexed, vocabulary: Vocabulary) -> bool:
    """Whether a file only returns literal arrays or assigns literals to variables of no interest.

    Constants by name count as literals, names of the vocabulary do not.
    """
    if not lexed.ok or len(lexed.source) <= SMALL_FILE:
        return False
    squeezed = lexed.masked.translate(None, _BLANKS).lower()
    if not _FILE.fullmatch(squeezed):
        return False
    words = words_of(lexed.masked.lower())
    return words.isdisjoint(_ACTIVE) and words.isdisjoint(all_names(vocabulary))


def url_literals(lexed: Lexed) -> tuple[tuple[str, int], ...]:
    """Strings with `://` of a file of literals, one character per byte, with the line they start on."""
    source = lexed.uncommented
    if b"://" not in source:
        return ()
    found = []
    line, counted = 1, 0
    for match in _LITERAL.finditer(source):
        if b"://" in match[0]:
            line += source.count(b"\n", counted, match.start())
            counted = match.start()
            found.append((match[0][1:-1].decode("latin-1"), line))
    return tuple(found)
