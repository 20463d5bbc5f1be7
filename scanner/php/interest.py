"""Interest: whether a function body can matter to the analysis, decided on names and lexical shapes.

A wrong "yes" costs time, a wrong "no" hides code. So every doubt is a yes.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

KEYWORDS = frozenset(
    b"include include_once require require_once eval global goto extract compact interface trait enum".split()
)
"""Words of code that always keep a body: they include code, reach other scopes, jump, or declare types."""

_DYNAMIC = re.compile(
    rb"\$(?:\s*+[{$]|[\w\x80-\xff]++\s*+\()"  # ${...}, $$x, $x(...)
    rb"|\)\s*+\(|\]\s*+\(|\"\s*+\("  # (...)(...), [...](...), '...'(...)
    rb"|->\s*+[{$]|::\s*+\{"  # ->{...}, ->$x, ::{...}
    rb"|new(?:\s*+[($\"#]|\s++(?:class|readonly)\b)"
    rb"|class\s++[\w\x80-\xff]++\s*+(?:\{|extends|implements)"
    rb"|static\s*+\$"
    rb"|&(?<!&&)\s*+(?:\.\.\.\s*+)?\$|=\s*+&"
    rb"|`|\?>|<<<|\|>"
)
_PAYLOAD_BYTES = 200
"""Bytes without a blank from which a string may be encoded code."""
_ESCAPED_LETTER = re.compile(rb"\\(?:[xX][3-7][0-9a-fA-F]|u\{0*+[3-7][0-9a-fA-F]\}|[01]?[0-7]{2})")
_JOINT = re.compile(rb"['\"]\s*+\.\s*+['\"]")
_DIGEST = re.compile(rb"['\"](?:[0-9a-fA-F]{32,128}|\$(?:2[axy]|argon2\w{0,2})\$)")
"""A string that is a digest, or begins as one: what is compared with it may open a door."""
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_") | frozenset(range(128, 256))
TO_WORDS = bytes(
    ord(chr(byte).lower()) if chr(byte).isascii() and chr(byte).isalpha() else byte if byte in _WORD_BYTES else 32
    for byte in range(256)
)
"""Lower case, and a blank for every byte that is not part of a word."""
_ANY_BLANK = bytes(32 if byte in b" \t\r\n\v\f" else byte for byte in range(256))
_QUOTES = b"'\""
_BLANK = 32
_WINDOW = 64
"""Bytes around a name that tell how it is used; where they are all blank, any use is assumed."""
_MAX_HITS = 40
"""Names of the vocabulary in one body from which it is kept unseen."""


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """Names that make a body interesting. Lower case; class names without their namespace."""

    functions: frozenset[bytes] = frozenset()
    """Count when called, or when a whole string is such a name."""
    methods: frozenset[bytes] = frozenset()
    """Count when called on anything, or as the second half of a callable array or string."""
    classes: frozenset[bytes] = frozenset()
    """Count wherever they are written in code or are the last part of a whole string."""
    variables: frozenset[bytes] = frozenset()
    """Without `$`; count as variables, also inside strings."""
    words: frozenset[bytes] = frozenset()
    """Count inside strings, as property names and as constants."""
    keywords: frozenset[bytes] = KEYWORDS
    """Count wherever they are written in code."""
    short: int = 0
    """Bytes of a body up to which it is kept whatever it holds."""
    browser: tuple[tuple[str, str, int], ...] = ()
    """Signatures of the browser: (`javascript` or `html`, callable, position of the URL or -1). Without them pages
    and scripts are not read."""


class Buffers(msgspec.Struct, frozen=True, gc=False):
    """Views of one file, of equal length."""

    code: bytes
    """`Lexed.masked` in lower case."""
    plain: bytes
    """`Lexed.uncommented` as it is."""


@lru_cache(maxsize=8)
def all_names(vocabulary: Vocabulary) -> frozenset[bytes]:
    """Union of the vocabulary's sets."""
    return frozenset().union(
        vocabulary.functions, vocabulary.methods, vocabulary.classes,
        vocabulary.variables, vocabulary.words, vocabulary.keywords,
    )  # fmt: skip


def why_kept(buffers: Buffers, start: int, end: int, vocabulary: Vocabulary) -> str | None:
    """Reason to keep the region, None when nothing in it can matter.

    Shape: `dynamic`, `url`, `payload`, `escape`, `digest`, `many`, or the name that matters.
    """
    if _DYNAMIC.search(buffers.code, start, end):
        return "dynamic"
    region = buffers.plain[start:end]
    if b"://" in region:
        return "url"
    names = all_names(vocabulary)
    named = _first_name(buffers, start, end, names.intersection(words_of(region)), vocabulary)
    if named:
        return named
    if b"\\" in region and _ESCAPED_LETTER.search(region):
        return "escape"
    if _DIGEST.search(region):
        return "digest"
    joined = _JOINT.sub(b"", region)
    if len(joined) != len(region) and _joined_name(joined, region, vocabulary):
        return "joined"
    return "payload" if _has_long_run(joined) else None


def _has_long_run(region: bytes) -> bool:
    """Whether `_PAYLOAD_BYTES` bytes follow each other without a blank; jumps from blank to blank."""
    blanks = region.translate(_ANY_BLANK)
    start = 0
    while len(blanks) - start >= _PAYLOAD_BYTES:
        blank = blanks.rfind(b" ", start, start + _PAYLOAD_BYTES)
        if blank < 0:
            return True
        start = blank + 1
    return False


def words_of(region: bytes) -> set[bytes]:
    """Words of a region in lower case, inside and outside of strings."""
    return set(region.translate(TO_WORDS).split())


def _joined_name(joined: bytes, region: bytes, vocabulary: Vocabulary) -> bool:
    """Whether strings that are put together from literals make a name or a URL."""
    if b"://" in joined:
        return True
    made = words_of(joined) - words_of(region)
    return not made.isdisjoint(all_names(vocabulary))


def _first_name(buffers: Buffers, start: int, end: int, hits: frozenset[bytes], vocabulary: Vocabulary) -> str | None:
    if len(hits) > _MAX_HITS:
        return "many"
    region = buffers.plain[start:end].lower() if hits else b""
    for name in sorted(hits):
        position = region.find(name)
        while position >= 0:
            after = position + len(name)
            if _is_word(region, position, after) and _matters(
                buffers, start + position, start + after, name, vocabulary
            ):
                return name.decode("latin-1")
            position = region.find(name, after)
    return None


def _is_word(text: bytes, start: int, end: int) -> bool:
    return text[start - 1] not in _WORD_BYTES and (end >= len(text) or text[end] not in _WORD_BYTES)


def _matters(buffers: Buffers, start: int, end: int, name: bytes, vocabulary: Vocabulary) -> bool:
    code = buffers.code
    if code[start] == _BLANK:
        return _matters_in_string(buffers, start, end, name, vocabulary)
    if code[start - 1 : start] == b"$":
        return name in vocabulary.variables
    if name in vocabulary.keywords or name in vocabulary.classes:
        return True
    called = code[end : end + _WINDOW].lstrip()[:1] in (b"(", b"")
    before = code[max(0, start - _WINDOW) : start].rstrip()
    if not called and before:
        return name in vocabulary.words
    member = before.endswith((b"->", b"::"))
    return (
        not before
        or (member and (name in vocabulary.methods or name in vocabulary.words))
        or (not member and name in vocabulary.functions and not before.endswith(b"function"))
    )


def _matters_in_string(buffers: Buffers, start: int, end: int, name: bytes, vocabulary: Vocabulary) -> bool:
    plain = buffers.plain
    before = plain[start - 1 : start]
    if name in vocabulary.words or (before == b"$" and name in vocabulary.variables):
        return True
    if plain[end] not in _QUOTES:
        return False
    whole = before in (b"'", b'"', b"\\")
    if whole and (name in vocabulary.functions or name in vocabulary.classes):
        return True
    return name in vocabulary.methods and (before == b":" or (whole and _is_last_element(buffers.code, start, end)))


def _is_last_element(code: bytes, start: int, end: int) -> bool:
    """Whether a whole string ends an array of several elements, as the method of `[$object, 'method']` does."""
    before = code[max(0, start - 1 - _WINDOW) : start - 1].rstrip()
    after = code[end + 1 : end + _WINDOW].lstrip(b" \t\r\n,")[:1]
    return not before.endswith(b"[") and after in (b"]", b")", b"")
