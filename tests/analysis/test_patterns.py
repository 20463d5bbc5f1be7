"""PHP's regular expressions on known text, against PCRE2 itself."""

from __future__ import annotations

import pcre2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis import patterns

_ATOMS = st.sampled_from(
    ["a", "b", ".", "[a-c]", "[^b]", "\\w", "\\d", "(a|b)", "(?:b)", "(?<n>c)", "\\.", "^", "$", ""]
)
_BODY = st.lists(st.tuples(_ATOMS, st.sampled_from(["", "", "?", "*", "+?", "{1,2}"])), min_size=1, max_size=5)
_TEXT = st.text("abc.1\n ", max_size=12)


def _body(parts: list[tuple[str, str]]) -> str:
    return "".join(atom + (many if atom not in ("", "^", "$") else "") for atom, many in parts)


@pytest.mark.hypothesis
@given(_BODY, _TEXT, st.sampled_from(["", "i", "m", "s", "U"]))
def test_the_first_match_is_that_of_pcre(parts: list[tuple[str, str]], text: str, modifiers: str) -> None:
    body = _body(parts)
    if body.count("(?<n>") > 1 or ("$" in body and text.endswith("\n")):
        return  # PCRE refuses the one, and lets `$` match before a last line's end
    found = patterns.first(f"/{body}/{modifiers}", text)
    wanted = pcre2.compile(f"(?{modifiers}){body}" if modifiers else body).search(text)
    assert found is not None
    assert (wanted is None) == (found == {})
    if wanted is not None:
        assert found["0"] == wanted.group(0)


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("#at (\\S+) for#", "look at a.example for it", {"0": "at a.example for", "1": "a.example"}),
        ("{(?<h>[a-z.]+)@}i", "Who@x", {"0": "Who@", "h": "Who", "1": "Who"}),
        ("~(a)|(b)~", "b", {"0": "b", "1": "", "2": "b"}),
        ("/x/", "y", {}),
        ("/(?=x)y/", "y", None),
        ("/(a)\\1/", "aa", None),
        ("/a b/x", "ab", None),
        ("no pattern", "x", None),
        ("/x", "x", None),
        ("", "", None),
    ],
)
def test_groups_by_number_and_name(pattern: str, text: str, wanted: dict[str, str] | None) -> None:
    assert patterns.first(pattern, text) == wanted


def test_pieces_between_matches() -> None:
    assert patterns.split("/[|;]/", "a|b;c") == ["a", "b", "c"]
    assert patterns.split("/[|;]/", "a|b;c", 2) == ["a", "b;c"]
    assert patterns.split("/,/", ",a,,b", without_empty=True) == ["a", "b"]
    assert patterns.split("//", "abc", without_empty=True) == ["a", "b", "c"]


def test_references_in_a_replacement() -> None:
    assert patterns.replaced("/(\\w)-(\\w)/", "$2.${1}\\0", "a-b c-d") == "b.aa-b d.cc-d"
    assert patterns.replaced("/[#!]+/", "", "##a.!b!") == "a.b"


def test_a_pattern_made_to_stall_takes_no_time() -> None:
    assert patterns.first("/(a*)*(a*)*(a*)*b/", "a" * 19_000) == {}
