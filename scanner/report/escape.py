"""How text of a scanned release is made harmless at the report boundary: the one place that escapes.

Every string of a finding may come from a hostile release: paths, symbols, hosts, names of secrets, messages and
excerpts. Each report format passes them through exactly one of the functions below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls: escape sequences, carriage returns
    "\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufeff"  # zero-width, marks of direction, joiners
    "\u2028-\u202e"  # line and paragraph separators, bidirectional embeddings and overrides
    "\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufff0-\ufffb"  # letters without a glyph, annotation marks
    "\ufe00-\ufe0f\U000e0000-\U000e0fff"  # variation selectors and tags: can carry hidden text
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # signs that run under what follows them
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of hieroglyphs, shorthand, music
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: what it looks like is the font's business
    "\ud800-\udfff"  # lone surrogates: bytes that are no UTF-8
)
_UNSAFE_PATTERN = re.compile(f"[{_UNSAFE}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_PLAIN_ASCII = re.compile("[^\x00-\x7e]")
_MARKDOWN_PUNCTUATION = re.compile(r"([\\`*_{}\[\]|~$#])")
_MARKDOWN_LEAD = re.compile(r"^(\d*)([-+=:.)])")
"""What starts a list, a heading or a table when it stands at the start of a line: looked for there only."""
_MARKDOWN_REFERENCE = re.compile(r"(@|#|GH(?=-)|://|www(?=\.))", re.IGNORECASE)
_BACKTICKS = re.compile("`+")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile("[&<>]")
_SCRIPT = re.compile(f"[<>&{_UNSAFE}]")
_ELLIPSIS = "…"
_BYTES = range(0x100)
_BASIC_PLANE = range(0x10000)
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
"""Lone surrogates that stand for a byte that is no UTF-8 (PEP 383): the byte is their low half."""


def _name(match: re.Match[str]) -> str:
    r"""Visible spelling of one character: `\n`, `\x1b`, `\u202e`; a byte that is no UTF-8 as `\xff`."""
    code = ord(match.group())
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    if short:
        return short
    if code in _ESCAPED_BYTES:
        code &= 0xFF
    if code in _BYTES:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code in _BASIC_PLANE else f"\\U{code:08x}"


def well_formed(text: str) -> str:
    r"""Text that every JSON reader accepts: lone surrogates are spelled (`\xff` for the byte 0xff)."""
    return _SURROGATE.sub(_name, text)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis in the middle of what is longer: start and end tell most."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    tail = limit - 1 - head
    return text[:head] + _ELLIPSIS + (text[-tail:] if tail else "")


def spell(text: str, limit: int) -> str:
    """At most `limit` characters, each of which shows; what does not is spelled."""
    return clip(_UNSAFE_PATTERN.sub(_name, clip(text, limit)), limit)


def spelled_parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it stands for characters that do not show."""
    start = 0
    for match in _UNSAFE_PATTERN.finditer(text):
        if match.start() > start:
            yield text[start : match.start()], False
        yield _name(match), True
        start = match.end()
    if start < len(text):
        yield text[start:], False


def escape_terminal(text: str, limit: int = 400) -> str:
    """One printable line of at most `limit` characters.

    Controls, bidirectional marks, zero-width characters and lone surrogates are spelled. Square brackets stay:
    the terminal report builds `rich.text.Text` values, in which rich looks for no markup.
    """
    return spell(text, limit)


def escape_terminal_code(text: str, limit: int = 240) -> str:
    """As `escape_terminal`, for a line of source: tabs become four blanks."""
    return escape_terminal(text.expandtabs(4), limit).rstrip()


def escape_markdown(text: str, limit: int = 300) -> str:
    """Markdown that shows `text` and does nothing else: no HTML, link, list, table cell, mention, reference.

    GitHub looks for mentions, issue numbers and addresses in the finished text, where a backslash no longer
    protects them: an empty comment keeps their parts in two text nodes.
    """
    parts = _MARKDOWN_REFERENCE.split(spell(text, limit).strip())
    escaped = [_markdown_text(part) + ("<!-- -->" if index % 2 else "") for index, part in enumerate(parts)]
    return _MARKDOWN_LEAD.sub(r"\1\\\2", "".join(escaped), count=1)


def _markdown_text(text: str) -> str:
    punctuated = _MARKDOWN_PUNCTUATION.sub(r"\\\1", text)
    return _MARKUP.sub(lambda match: _ENTITIES[match.group()], punctuated)


def markdown_code(text: str, limit: int = 200) -> str:
    """A code span, its fence longer than any run of backticks in the text. Not for table cells: pipes stay."""
    plain = spell(text, limit)
    if not plain.strip():
        return "` `"
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(plain)), default=0))
    pad = " " if plain[0] in "` " or plain[-1] in "` " else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def markdown_block(lines: list[str], language: str, limit: int = 200) -> str:
    """A fenced code block; the fence is longer than any run of backticks in the lines."""
    plain = [spell(line.expandtabs(4), limit) for line in lines]
    longest = max((len(run) for line in plain for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *plain, fence])


def sarif_message(text: str) -> str:
    """Text for a SARIF message: SARIF turns `[words](target)` into a link, so the two parts are taken apart."""
    return _UNSAFE_PATTERN.sub(_name, text).replace("](", "] (")


def relative_uri(path: str) -> str:
    """Relative URI reference of a canonical path: percent-encoded bytes, never a scheme or a host.

    Bytes that are no UTF-8 are encoded as they stand in the release (PEP 383).
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogatepass")
    encoded = quote(raw, safe="/@")
    bare = encoded.lstrip("/")
    return "%2F" * (len(encoded) - len(bare)) + bare


def ascii_json(encoded: str) -> str:
    r"""The same JSON in printable ASCII: other characters as `\uXXXX`, so that no terminal obeys them."""
    return _NOT_PLAIN_ASCII.sub(_json_escape, encoded)


def script_json(encoded: str) -> str:
    """The same JSON for a `<script>` element: nothing in it ends the element, starts markup or does not show."""
    return _SCRIPT.sub(_json_escape, encoded)


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
