"""Regular expressions: the dialect that AWS WAF takes, and that Python reads a pattern as PCRE does."""

from __future__ import annotations

import re

import pcre2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.protect.wafv2.patterns import LONGEST, matches, refusal
from scanner.protect.wafv2.readings import Reading
from scanner.protect.wafv2.transforms import NotModelled


@pytest.mark.parametrize(
    "pattern",
    [
        "(a)", "(?P<n>a)", "(?<n>a)", "(?'n'a)", r"\1", r"(?:a)\2", r"\k<n>", r"\g{1}", "(?R)", "(?1)", "(?(1)a|b)",
        "(*SKIP)a", r"\C", r"\R", r"\K", "(?C1)", "(?>a)", "a++", "a*+", "a?+", "a{2}+", "[a-z]++", "(?#x)", "(?|a)",
        "", "a" * (LONGEST + 1),
    ],
)  # fmt: skip
def test_what_the_api_refuses_is_refused(pattern: str) -> None:
    assert refusal(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    ["(?:a)", "(?i)a", "(?i:a)", r"\(a\)", "[(]", "[^)]+", "a+?", r"a\++", "[+]+", "(?=a)", "(?<!a)b", "a{2,3}"],
)
def test_what_it_takes_is_taken(pattern: str) -> None:
    assert refusal(pattern) is None


@pytest.mark.parametrize("pattern", [r"\p{L}", r"\x{100}", "é", "a(?i)b", "["])
def test_what_python_would_read_otherwise_is_not_guessed(pattern: str) -> None:
    with pytest.raises(NotModelled):
        matches(pattern, b"a", Reading())


PATTERNS = (
    r"(?i)(?:^|[/\\])(?:cron\.php|upgrade\.php)[\s.]*(?:$|[^A-Za-z0-9_.~-])",
    r"^[\s\S]", r"a$", r"a\z", r"a\Z", r"\bcron\b", "[[:alpha:]]+[[:digit:]]", r"\Qa.b\E", r"[]a]b", r"[^]a]b",
    r"\x63\x{72}on", r"^/(?!api/)", r"\hx", r"[\h]x", r"(?i)CRON", r"[a\-z]", "a{2,3}b", r"\D\W\S",
    "(?s).x", ".x", r"[[]a", r"\e\t\n",
)  # fmt: skip


def _for_binding(pattern: str) -> bytes:
    """The pattern as the binding reads it: it sets PCRE2_ALT_BSUX, in which `\\x{72}` is 72 times an `x` (pcre2api)."""
    return re.sub(r"\\x\{([0-9a-f]{2})\}", r"\\x\1", pattern).encode()


@pytest.mark.parametrize("pattern", PATTERNS)
@example(value=b"cron")
@given(value=st.text("/\\cronupgade.hp[]a1 \t\nxbz-\x1b\r", max_size=14).map(str.encode))
def test_python_reads_a_pattern_as_pcre_does(pattern: str, value: bytes) -> None:
    assert matches(pattern, value, Reading()) == (pcre2.compile(_for_binding(pattern)).search(value) is not None)
