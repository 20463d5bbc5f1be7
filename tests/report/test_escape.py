"""Text of a hostile release does nothing in any output."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scanner.report.escape import (
    clip,
    escape_markdown,
    escape_terminal,
    markdown_block,
    markdown_code,
    relative_uri,
    sarif_message,
    well_formed,
)
from tests import strategies

HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})


def tokens(markdown: str) -> list[Token]:
    """All block and inline tokens."""
    return [inner for outer in MARKDOWN.parse(markdown) for inner in (outer, *(outer.children or ()))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("line\r\nfeed\t.", "line\\r\\nfeed\\t."),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("\u202eexe.png\u2069", "\\u202eexe.png\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold]naïve 漢字[/bold]", "[bold]naïve 漢字[/bold]"),
    ],
)
def test_what_does_not_show_is_spelled(text: str, shown: str) -> None:
    assert escape_terminal(text) == shown


@given(strategies.texts())
def test_terminal_text_is_one_short_printable_line(text: str) -> None:
    shown = escape_terminal(text, 50)
    assert len(shown) <= 50
    assert not {character for character in shown if unicodedata.category(character) in HIDDEN}


def test_a_long_text_keeps_both_ends() -> None:
    assert clip("abcdefghij", 7) == "abcd…ij"
    assert clip("abc", 3) == "abc"


@given(strategies.texts())
def test_markdown_of_a_text_is_a_paragraph_of_text(text: str) -> None:
    kinds = {token.type for token in tokens(f"{escape_markdown(text)}\n")}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "html_inline"}
    html = [token.content for token in tokens(escape_markdown(text)) if token.type == "html_inline"]
    assert set(html) <= {"<!-- -->"}


@pytest.mark.parametrize(
    "text", ["@octocat", "#12", "GH-12", "https://evil.example", "www.evil.example", "a@b.example"]
)
def test_no_piece_of_the_finished_text_is_a_mention_a_reference_or_an_address(text: str) -> None:
    pieces = [token.content for token in tokens(f"see {escape_markdown(text)}") if token.type.startswith("text")]
    assert len(pieces) > 1
    assert not any(text in piece for piece in pieces)


@pytest.mark.parametrize(
    "text", ["- item", "+ item", "1. item", "12) item", "# head", "> quote", "===", "---", "    code"]
)
def test_a_text_at_the_start_of_a_line_starts_no_block(text: str) -> None:
    assert [token.type for token in MARKDOWN.parse(f"words\n{escape_markdown(text)}\n")] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
    assert MARKDOWN.parse(escape_markdown(text))[0].type == "paragraph_open"


@given(strategies.texts())
def test_a_code_span_holds_all_of_the_text(text: str) -> None:
    inline = [token for token in tokens(f"a {markdown_code(text)} z") if token.type in {"text", "code_inline"}]
    assert [token.type for token in inline] == ["text", "code_inline", "text"]


@given(strategies.texts())
def test_a_code_block_ends_where_we_end_it(text: str) -> None:
    found = MARKDOWN.parse(markdown_block([text, "last"], "php") + "\n")
    assert [token.type for token in found] == ["fence"]


@given(strategies.texts())
def test_a_uri_is_relative_and_gives_the_bytes_back(path: str) -> None:
    uri = relative_uri(path)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    try:
        expected = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        expected = path.encode("utf-8", "surrogatepass")
    assert unquote_to_bytes(uri) == expected


def test_a_sarif_message_has_no_link() -> None:
    assert sarif_message("[click](https://evil.example)\x1b") == "[click] (https://evil.example)\\x1b"


def test_json_text_keeps_everything_but_lone_surrogates() -> None:
    assert well_formed("a\x00é\udcff漢") == "a\x00é\\xff漢"
