"""`sscanf` on known text: what PHP 8 gives for the same calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis.scanning import scan


@pytest.mark.parametrize(
    ("text", "form", "wanted"),
    [
        ("to example.org now", "to %s now", ["example.org"]),
        ("age: 25 name: Bob", "age: %d name: %s", ["25", "Bob"]),
        ("#ff0080", "#%2x%2x%2x", ["ff", "00", "80"]),
        ("a,b", "%[^,],%s", ["a", "b"]),
        ("50% of x", "%d%% of %c", ["50", "x"]),
        ("one two", "%*s %s", ["two"]),
        ("  x", "%s", ["x"]),
        ("  x", "%2c", ["  "]),
        ("[x]", "[%[a-z]]", ["x"]),
        ("x]", "%[]x]", ["x]"]),
        ("abc", "abd%s", []),
        ("12", "%d %d", ["12"]),
        ("x", "%", None),
    ],
)
def test_what_conversions_take(text: str, form: str, wanted: list[str] | None) -> None:
    assert scan(text, form) == wanted


@given(st.text("%[]^-\\scdx*0129 ab", max_size=20), st.text("%[]^-\\scdx*0129 ab", max_size=20))
def test_any_format_comes_to_an_end_and_takes_only_what_is_there(text: str, form: str) -> None:
    assert all(piece in text for piece in scan(text, form) or [])
