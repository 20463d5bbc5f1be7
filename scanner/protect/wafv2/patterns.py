r"""Regular expressions of AWS WAF: what its dialect refuses, and the same pattern for Python.

AWS WAF takes the syntax of libpcre without captures, back-references, subroutines, conditions, verbs, `\C`, `\R`,
`\K`, callouts, atomic groups and possessive quantifiers; of zero-width assertions it supports some. Source: AWS WAF
Developer Guide, "Supported regular expression syntax in AWS WAF".
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from scanner.protect.wafv2.readings import Reading
from scanner.protect.wafv2.transforms import NotModelled

LONGEST = 512
"""Characters of a pattern that the API takes."""
_TOKEN = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\[xo]\{[^}]*\}|\\x[0-9A-Fa-f]{0,2}|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
    r"|\(\?(?:<[=!]|[imsx-]+[:)]?|.)?|\(\*|.",
    re.DOTALL,
)
_CAPTURES = ("(", "(?P", "(?<", "(?'")
_GROUPS = ("(?:", "(?=", "(?!", "(?<=", "(?<!")
_FLAGS = re.compile(r"\(\?[imsx-]+[:)]")
_REFUSED_ESCAPE = re.compile(r"\\[CRKgk1-9GN]")
_POSSESSIVE = re.compile(r"(?<!\\)(?:[*+?]|\{\d+(?:,\d*)?\})\+")
_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "word": r"\w",
    "space": r"\s", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~", "cntrl": r"\x00-\x1f\x7f", "print": " -~",
    "graph": "!-~", "blank": r" \t",
}  # fmt: skip


def refusal(pattern: str) -> str | None:
    """Why the API would refuse a pattern, or None. Only what is documented is checked."""
    if not 1 <= len(pattern) <= LONGEST:
        return f"a pattern has 1 to {LONGEST} characters, not {len(pattern)}"
    for part in tokens(pattern):
        if part in _CAPTURES:
            return "capturing group: write (?: instead"
        if part.startswith(("(?", "(*")) and part not in _GROUPS and not _FLAGS.fullmatch(part):
            return f"construct {part}"
        if _REFUSED_ESCAPE.match(part):
            return f"escape {part}"
    if _POSSESSIVE.search(re.sub(r"\\.|\[[^\]]*\]", "x", pattern)):
        return "possessive quantifier"
    return None


def tokens(pattern: str) -> list[str]:
    """Escapes, classes, openings of groups, and single characters, in order."""
    return _TOKEN.findall(pattern)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[bytes]:
    """The pattern for bytes. Raises: NotModelled when Python cannot read it as PCRE does."""
    if not pattern.isascii() or refusal(pattern) is not None:
        raise NotModelled(pattern)
    text = "".join(_for_python(token) for token in tokens(pattern))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(text.encode("ascii"))
    except (re.error, RecursionError, OverflowError, FutureWarning, DeprecationWarning) as error:
        raise NotModelled(pattern) from error


def _for_python(token: str) -> str:
    if token.startswith("\\Q"):
        return re.escape(token[2:].removesuffix("\\E"))
    if token.startswith("["):
        return _class(token)
    special = {
        r"\z": r"\Z",
        r"\Z": r"(?=\n?\Z)",
        r"\h": r"[ \t\xa0]",
        r"\e": r"\x1b",
        "$": r"(?=\n?\Z)",
        r"\v": r"[\n-\r\x85]",
    }
    if token in special:
        return special[token]
    if token.startswith(r"\x"):
        digits = token[2:].strip("{}") or "0"
        if int(digits, 16) > 0xFF:  # noqa: PLR2004  a byte
            raise NotModelled(token)
        return rf"\x{int(digits, 16):02x}"
    if re.fullmatch(r"\\[A-Za-z0-9]", token) and token[1] not in "abBdDfnrsStwWA0":
        raise NotModelled(token)
    return token


def _class(token: str) -> str:
    text = re.sub(r"\[:(\w+):\]", lambda found: _POSIX.get(found[1], "["), token[1:-1])
    text = text.replace(r"\h", r" \t\xa0")
    inner = re.sub(r"(?<!\\)\[", r"\\[", text)
    if inner.startswith(("]", "^]")):
        inner = inner.replace("]", r"\]", 1)
    return f"[{inner}]"


def matches(pattern: str, value: bytes, reading: Reading) -> bool:
    """Whether the pattern occurs in the value. Raises: NotModelled when that cannot be said."""
    if reading.regex_needs_utf8:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return False
    return _compiled(pattern).search(value) is not None
