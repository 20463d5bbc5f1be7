"""Findings get the source text that they are about, and no more of it than the limits allow."""

from __future__ import annotations

import msgspec

from scanner.findings.dress import CONTEXT_LINES, MAX_EXCERPT_LINES, MAX_LINE, dress
from scanner.model.finding import Finding
from scanner.model.source import Release, SourceFile
from tests.findings.test_collect import CALL

RELEASE = Release("r", None, "plain", (SourceFile("a.php", "a.php", 1, "00"),))


def dressed(text: str, line: int, end_line: int) -> Finding:
    finding = msgspec.structs.replace(CALL, line=line, end_line=end_line)
    (found,) = dress([finding], lambda _: text.encode(), RELEASE)
    return found


def test_an_excerpt_has_the_lines_around_it() -> None:
    found = dressed("\n".join("abcdefghij"), 5, 6)
    assert (found.before, found.excerpt, found.after) == (("b", "c", "d"), ("e", "f"), ("g", "h", "i"))


def test_the_ends_of_a_file_have_fewer_lines_around() -> None:
    found = dressed("a\r\nb", 1, 1)
    assert (found.before, found.excerpt, found.after) == ((), ("a",), ("b",))
    assert dressed("a", 9, 9).excerpt == ()


def test_a_cut_excerpt_is_followed_by_nothing_and_lines_are_bounded() -> None:
    found = dressed("\n".join(["x" * 9000] * 99), 10, 60)
    assert (len(found.before), len(found.excerpt), len(found.after)) == (CONTEXT_LINES, MAX_EXCERPT_LINES, 0)
    assert {len(line) for line in (*found.before, *found.excerpt)} == {MAX_LINE}
