"""The size of a function is that of its code: what decides whether it is followed is not moved by a comment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.model.facts import SHORT_BODY
from scanner.php import Vocabulary, extract

_COMMENTS = st.sampled_from(
    ["", " ", "\n\n", "\t\t// ends here: }\n", "/* file_get_contents($x); */", "# {\n", "/** @see a.example */\n"]
)
_HEAD = 5
"""Words and signs of `function f($x)`."""
_FEW = Vocabulary(short=SHORT_BODY)


def _source(statements: int, between: list[str]) -> bytes:
    gaps = (between * (statements + 1))[: statements + 1]
    body = "".join(f"$a{number} = 'b'; {gap}" for number, gap in enumerate(gaps))
    return f"<?php\nfunction f($x) {{ {body} return $x; }}\n".encode()


@given(st.integers(0, 90), st.lists(_COMMENTS, min_size=1, max_size=6))
def test_comments_and_white_space_change_neither_size_nor_outline(statements: int, between: list[str]) -> None:
    plain, noted = (extract(_source(statements, gaps), _FEW).functions[1] for gaps in ([""], between))
    assert (plain.size, plain.outline) == (noted.size, noted.outline)
    assert plain.outline == (plain.size > SHORT_BODY + _HEAD)


@given(st.integers(0, 90), st.from_regex(r"[a-z_]{1,40}", fullmatch=True))
def test_another_name_changes_neither(statements: int, name: str) -> None:
    source = _source(statements, [""])
    plain, renamed = (
        extract(code, _FEW).functions[1] for code in (source, source.replace(b"$a", b"$" + name.encode()))
    )
    assert (plain.size, plain.outline) == (renamed.size, renamed.outline)


@given(st.integers(0, 90), st.lists(_COMMENTS, min_size=1, max_size=6))
def test_a_function_that_is_lowered_later_has_the_same_size(statements: int, between: list[str]) -> None:
    source = _source(statements, between)
    assert extract(source, _FEW).functions[1].size == extract(source).functions[1].size
