"""What the text of a page makes a browser do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.signature import Catalogue
from scanner.signatures import BrowserMatcher


@pytest.fixture(scope="module")
def pages(catalogue: Catalogue) -> BrowserMatcher:
    return BrowserMatcher(catalogue)


@pytest.mark.parametrize(
    ("text", "callable_", "url"),
    [
        ("<script src='https://a.example/x.js'></script>", "script[src]", "https://a.example/x.js"),
        ('<IMG alt="a > b" SRC=//a.example/p.gif>', "img[src]", "//a.example/p.gif"),
        ('<link href="https://a.example/x.css" rel="alternate stylesheet">', "link[rel=stylesheet][href]", "https://a.example/x.css"),
        ("fetch('https://a.example/in', {method: 'POST'})", "fetch", "https://a.example/in"),
        ('$.post("https://a.example/in", data)', "jQuery.post", "https://a.example/in"),
        ("navigator.sendBeacon(`https://a.example/in`, d)", "navigator.sendBeacon", "https://a.example/in"),
        ("new Image().src = 'https://a.example/p.gif'", ".src=", "https://a.example/p.gif"),
        ("a { background: url(https://a.example/p.png) }", "url()", "https://a.example/p.png"),
        ("@import 'https://a.example/x.css';", "@import", "https://a.example/x.css"),
    ],
)  # fmt: skip
def test_a_fetch_is_found_with_its_address(pages: BrowserMatcher, text: str, callable_: str, url: str) -> None:
    found = {item.signature.callable: item.url for item in pages.fetches(text)}
    assert found[callable_] == url


@pytest.mark.parametrize(
    "text", ["local.fetch(u)", "prefetch(u)", "a.src == b", "<p>src</p>", 'class="script"', "curl(x)"]
)
def test_look_alikes_are_not(pages: BrowserMatcher, text: str) -> None:
    assert pages.fetches(text) == ()


@pytest.mark.parametrize(
    ("line", "callable_", "url"),
    [
        ("Location: https://a.example/x?y=1", "Location", "https://a.example/x?y=1"),
        ("location: /local.php", "Location", "/local.php"),
        ('Expect-CT: max-age=1; report-uri="https://a.example/r"', "Expect-CT:report-uri", "https://a.example/r"),
    ],
)  # fmt: skip
def test_response_headers_are_found_with_their_address(
    pages: BrowserMatcher, line: str, callable_: str, url: str
) -> None:
    assert {item.signature.callable: item.url for item in pages.header(line)}[callable_] == url


def test_an_unknown_header_or_a_plain_text_is_none(pages: BrowserMatcher) -> None:
    assert pages.header("X-Local: https://a.example/") == ()
    assert pages.header("no header at all") == ()


@pytest.mark.parametrize(
    "text",
    ["<a " * 60_000, "<a x='" * 60_000, "new " * 100_000, "url(" * 100_000, "=" * 200_000, "<a " + "x" * 200_000],
)
def test_no_text_takes_long(pages: BrowserMatcher, text: str) -> None:
    """A search that went back and forth in it would not end in the time of a test run."""
    assert isinstance(pages.fetches(text), tuple)
    assert isinstance(pages.header("Link: " + text), tuple)


@given(st.text(max_size=300))
def test_any_text_is_looked_through_in_order(pages: BrowserMatcher, text: str) -> None:
    offsets = [item.offset for item in pages.fetches(text)]
    assert offsets == sorted(offsets)
