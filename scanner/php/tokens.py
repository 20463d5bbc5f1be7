"""The lexical grammar of PHP as regular expressions over bytes: everything that is not plain code.

Source: `Zend/zend_language_scanner.l` of PHP 8. All loops are possessive, so no expression can backtrack: matching
is linear in the bytes it reads. Every branch of an alternation starts with a literal byte, which lets the engine
skip plain code at memory speed.
"""

from __future__ import annotations

import re

LABEL = rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*+"
NOT_LABEL = rb"(?![\w\x80-\xff])"
NEWLINE = rb"(?:\r\n?|\n)"
OPEN_TAG = rb"<\?(?:[pP][hH][pP](?=[ \t\r\n]|\Z)|=)"
"""An open tag whatever `short_open_tag` says."""

_OFFSET = rb"(?:-?[0-9]\w*+|\$?" + LABEL + rb")\]"
_SIMPLE_DOLLAR = rb"\$(?!\{|" + LABEL + rb"\[(?!" + _OFFSET + rb"))"
_FLAT_BRACES = rb"""\{\$(?:[^{}"'`/#?<\\]++|'[^'\\]*+')*+\}"""
"""`{$...}` without anything that could hide its closing brace."""

_XML = rb"<\?xml(?:-stylesheet)?[ \t\r\n]++[A-Za-z]++[ \t\r\n]*+="
"""The XML declaration. Two names in a row cannot start a PHP program, so it is text whatever the settings are."""
_TEXT = rb"[^<]*+(?:(?:<(?!\?)|" + _XML + rb")[^<]*+)*+"
_LINE_COMMENT = rb"[^\r\n?]*+(?:\?(?!>)[^\r\n?]*+)*+"


def _quoted(mark: bytes) -> bytes:
    """A string in `"` or backticks whose interpolations are all flat."""
    run = rb"[^\\{$" + mark + rb"]*+"
    special = rb"(?:\\.|" + _SIMPLE_DOLLAR + rb"|\{(?!\$)|" + _FLAT_BRACES + rb")"
    return mark + run + rb"(?:" + special + run + rb")*+" + mark


_FLAT_LINE = rb"[^\r\n{$]*+(?:(?:\{(?!\$)|" + _SIMPLE_DOLLAR + rb")[^\r\n{$]*+)*+"
_CLOSING_LABEL = rb"[ \t]*+\3" + NOT_LABEL


def _heredoc_head(quote_group: bytes) -> bytes:
    """`<<<LABEL` with its newline; `quote_group` is the number that its first group has in the whole expression."""
    return rb"<<<[ \t]*+([\"']?)(" + LABEL + b")\\" + quote_group + NEWLINE


_HEREDOC = _heredoc_head(b"2") + rb"(?:(?!" + _CLOSING_LABEL + rb")" + _FLAT_LINE + NEWLINE + rb")*+" + _CLOSING_LABEL

_FLAT = rb"|".join(
    (
        rb"'[^'\\]*+(?:\\.[^'\\]*+)*+'",
        _quoted(rb'"'),
        rb"//" + _LINE_COMMENT,
        rb"/\*.*?\*/",
        rb"#(?!\[)" + _LINE_COMMENT,
        rb"\?>" + _TEXT + rb"(?:" + OPEN_TAG + rb"|\Z)",
        _HEREDOC,
        _quoted(rb"`"),
    )
)
_MARKS = (rb"'", rb'"', rb"/\*", rb"\?>", rb"<<<", rb"`", rb"\?\?>")
"""How a token starts that is not flat. `??>` is `??` and `>`, which no program has."""

TOKEN_OR_REST = re.compile(rb"(" + _FLAT + b"|" + b"|".join(mark + rb".*+" for mark in _MARKS) + rb")", re.DOTALL)
"""Groups: 1 the token, 2 and 3 quote and label of a heredoc. A token that is not flat swallows the rest."""
TOKEN = re.compile(rb"(" + _FLAT + b"|" + b"|".join(_MARKS) + rb")", re.DOTALL)
"""As TOKEN_OR_REST, but of a token that is not flat only its mark."""
NESTED_TOKEN = re.compile(rb"(" + _FLAT + b"|" + b"|".join(_MARKS) + rb"|\{|\})", re.DOTALL)
"""As TOKEN, and the braces that end an interpolation."""
PARTIAL = frozenset((b"'", b'"', b"/*", b"?>", b"<<<", b"`", b"??>"))
"""What TOKEN gives when it could only match the mark."""

TEXT = re.compile(_TEXT, re.DOTALL)
"""Template text up to the next open tag, `<?` of any other kind, or the end."""
OPEN = re.compile(OPEN_TAG)
HEREDOC = re.compile(_heredoc_head(b"1"))
"""Head of a heredoc. Groups: 1 quote, 2 label."""
CLOSING = re.compile(rb"[ \t]*+(" + LABEL + rb")")
VISIBLE = re.compile(
    rb"\\.|(" + _FLAT_BRACES + rb"|\$" + LABEL + rb"(?:\[" + _OFFSET + rb"|\??->" + LABEL + rb")?)", re.DOTALL
)
"""Code inside a flat quoted string (group 1)."""
PROSE = {
    mark: re.compile(
        rb"[^\\{$" + mark + rb"]*+(?:(?:\\.|" + _SIMPLE_DOLLAR + rb"|\{(?!\$))[^\\{$" + mark + rb"]*+)*+", re.DOTALL
    )
    for mark in (b'"', b"`")
}
"""Content of a quoted string up to its end or its next interpolation that is not simple."""
HEREDOC_PROSE = re.compile(rb"[^\\{$\r\n]*+(?:(?:\\[^\r\n]?|" + _SIMPLE_DOLLAR + rb"|\{(?!\$))[^\\{$\r\n]*+)*+")
"""Content of one heredoc line up to its end or its next `{$` or `${`."""
NOWDOC_PROSE = re.compile(rb"[^\r\n]*+")
LINE_END = re.compile(NEWLINE)
HALT = re.compile(rb"__[hH][aA][lL][tT]_[cC][oO][mM][pP][iI][lL][eE][rR]" + NOT_LABEL)
MEMBER_HALT = re.compile(rb"->\s*+(?=" + HALT.pattern + rb")")
"""Before `__halt_compiler` as the name of a property or method."""
MEMBER_ATTRIBUTE = re.compile(rb"->\s*+#\[")
"""`#[` starts an attribute, but behind `->` PHP 8 reads it as a comment."""
HALT_END = re.compile(rb"\s*+\(\s*+\)\s*+(?:;|\?>)")
