"""PHP code in one spelling, so that layout, comments and names of locals do not count.

A small lexer for the scripting part of PHP 7.3 to 8.5: strings with interpolation, heredoc, nowdoc, comments,
names, numbers, operators. It keeps a stack of modes and never recurses, so nesting costs memory only in
proportion to the text.
Source: the language scanner of PHP, `Zend/zend_language_scanner.l`.
"""

from __future__ import annotations

import re
from enum import Enum

_NAME = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+"
_WORD_START = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]")
_BRACKETS = frozenset("(){}[],;\"'`")
_NEWLINE = r"(?:\r\n|\n|\r)"

_SUPERGLOBALS = ("GLOBALS", "_SERVER", "_GET", "_POST", "_FILES", "_COOKIE", "_SESSION", "_REQUEST", "_ENV")
_FIXED_VARIABLES = frozenset((*_SUPERGLOBALS, "this", "argc", "argv", "http_response_header", "php_errormsg"))
"""Variables whose name has a meaning of its own."""

_NAMES_MATTER = frozenset(("class", "global"))
"""Keywords after which a variable's name means something outside the code at hand."""

_REACHES_BY_NAME = frozenset(
    ("compact", "extract", "parse_str", "mb_parse_str", "get_defined_vars", "eval", "assert", "create_function")
)
"""Functions that reach variables through text."""

_SCRIPT = re.compile(
    rf"""
      (?P<blank>[ \t\r\n\v\f]++)
    | (?P<comment>/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z) | (?://|\#(?!\[))(?:[^\r\n?]|\?(?!>))*+)
    | (?P<html>\?>(?s:.*?)(?:<\?(?:php(?![A-Za-z0-9_\x80-\U0010ffff])|=)|\Z))
    | (?P<single>'(?:[^'\\]|\\(?s:.))*+(?:'|\\?\Z))
    | (?P<heredoc><<<[ \t]*+(?P<quote>["']?)(?P<label>{_NAME})(?P=quote)(?=[\r\n]))
    | (?P<variable>\${_NAME})
    | (?P<name>\\?{_NAME}(?:\\{_NAME})*+)
    | (?P<number>0[xX][0-9a-fA-F_]++|0[bB][01_]++|(?:[0-9][0-9_]*+)?\.[0-9][0-9_]*+(?:[eE][+-]?[0-9]++)?
        |[0-9][0-9_]*+\.?(?:[eE][+-]?[0-9]++)?)
    | (?P<quoted>["`])
    | (?P<operator><\?(?:php(?![A-Za-z0-9_\x80-\U0010ffff])|=)
        |===|!==|<=>|\*\*=|\.\.\.|<<=|>>=|\?\?=|\?->|==|!=|<>|<=|>=|&&|\|\||\?\?|\+\+|--|\+=|-=|\*=|/=|\.=|%=|&=
        |\|=|\^=|->|=>|::|<<|>>|\*\*|\|>|\#\[|(?s:.))
    """,
    re.VERBOSE,
)

_INTERPOLATION = rf"""
    | (?P<named>\$\{{(?P<bare>{_NAME})(?=[\[}}]))
    | (?P<opening>\$\{{|\{{(?=\$))
    | (?P<variable>\${_NAME})
"""
_QUOTED = {
    quote: re.compile(
        rf"(?P<closing>{quote})|(?P<text>(?:[^{quote}\\${{]|\\(?s:.))++){_INTERPOLATION}|(?P<other>(?s:.))",
        re.VERBOSE,
    )
    for quote in '"`'
}
_HEREDOC = re.compile(rf"(?P<text>(?:[^\r\n\\${{]|\\[^\r\n])++){_INTERPOLATION}|(?P<other>(?s:.))", re.VERBOSE)
_LINE = re.compile(rf"(?P<line>{_NEWLINE})|[^\r\n]++")


class _Kind(Enum):
    """How a token is written out."""

    CODE = 0
    VARIABLE = 1
    """A variable, text without `$`."""
    BARE = 2
    """A variable's name after `${` in a string."""
    VERBATIM = 3
    """Part of a string: nothing may be put before it."""


class _Heredoc:
    """Mode inside a heredoc or nowdoc."""

    __slots__ = ("closing", "plain")

    def __init__(self, label: str, *, plain: bool) -> None:
        self.closing = re.compile(rf"[ \t]*+{re.escape(label)}(?![A-Za-z0-9_\x80-\U0010ffff])")
        self.plain = plain


_Mode = str | _Heredoc
_Token = tuple[_Kind, str]


def normalise_code(php: bytes | str, *, keep_names: bool = False) -> str:
    """One spelling of a piece of PHP code: equal for code that differs in layout, comments or names of locals only.

    Comments and blanks outside strings go, a comma before a closing bracket goes, locals become `$v1`, `$v2`, ... in
    the order in which they first occur. Names of functions and keywords keep their case, strings their bytes.
    `$this`, superglobals and static properties keep their names; so do all variables where the code reaches
    variables by name (`global`, `compact('a')`, `$GLOBALS['a']`, the properties of an anonymous class).
    Applying it twice gives the same as once.

    Shape: text. Bytes are read as one character per byte. The code begins in PHP mode, as the code of a call does.
    """
    text = php.decode("latin-1") if isinstance(php, bytes) else php
    tokens = _drop_trailing_commas(_lex(text))
    names: dict[str, str] | None = None if keep_names or _names_matter(tokens) else {}
    return _write(tokens, names)


def _lex(text: str) -> list[_Token]:
    """Tokens without blanks and comments."""
    tokens: list[_Token] = []
    modes: list[_Mode] = [""]
    position = 0
    while position < len(text):
        mode = modes[-1]
        if mode == "":
            position = _lex_script(text, position, modes, tokens)
        elif isinstance(mode, _Heredoc):
            position = _lex_heredoc(text, position, mode, modes, tokens)
        else:
            position = _lex_string(text, position, _QUOTED[mode], modes, tokens)
    return tokens


def _lex_script(text: str, position: int, modes: list[_Mode], tokens: list[_Token]) -> int:
    """One lexeme of code."""
    match = _match(_SCRIPT, text, position)
    kind, lexeme = match.lastgroup, match.group()
    if kind in ("blank", "comment"):
        return match.end()
    if kind == "variable":
        tokens.append((_Kind.VARIABLE, lexeme[1:]))
        return match.end()
    tokens.append((_Kind.CODE, lexeme))
    if kind == "heredoc":
        tokens[-1] = (_Kind.CODE, re.sub(r"[ \t]", "", lexeme))
        modes.append(_Heredoc(match["label"], plain=match["quote"] == "'"))
    elif kind == "quoted":
        modes.append(lexeme)
    elif lexeme == "{":
        modes.append("")
    elif lexeme == "}" and len(modes) > 1:
        modes.pop()
    return match.end()


def _lex_string(text: str, position: int, pattern: re.Pattern[str], modes: list[_Mode], tokens: list[_Token]) -> int:
    """One piece of a string with interpolation, up to its end."""
    match = _match(pattern, text, position)
    token = match.group()
    if match["variable"] is not None:
        tokens.extend(((_Kind.VERBATIM, ""), (_Kind.VARIABLE, token[1:])))
    elif match["named"] is not None:
        tokens.extend(((_Kind.VERBATIM, "${"), (_Kind.BARE, match["bare"])))
        modes.append("")
    else:
        tokens.append((_Kind.VERBATIM, token))
        if match["opening"] is not None:
            modes.append("")
        elif match.lastgroup == "closing":
            modes.pop()
    return match.end()


def _lex_heredoc(text: str, position: int, mode: _Heredoc, modes: list[_Mode], tokens: list[_Token]) -> int:
    """One piece of a heredoc or nowdoc; its end is looked for after each line break."""
    if not mode.plain and text[position] not in "\r\n":
        return _lex_string(text, position, _HEREDOC, modes, tokens)
    match = _match(_LINE, text, position)
    tokens.append((_Kind.VERBATIM, match.group()))
    if not match["line"]:
        return match.end()
    closing = mode.closing.match(text, match.end())
    if closing is None:
        return match.end()
    tokens.append((_Kind.VERBATIM, closing.group()))
    modes.pop()
    return closing.end()


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    """A match at `position`: every pattern here ends with "any character"."""
    match = pattern.match(text, position)
    if match is None:
        message = f"no token at {position}"
        raise AssertionError(message)
    return match


def _drop_trailing_commas(tokens: list[_Token]) -> list[_Token]:
    """The same tokens without commas that stand before `)` or `]`: a matter of layout."""
    kept: list[_Token] = []
    for token in tokens:
        if token in _CLOSING:
            while kept and kept[-1] == _COMMA:
                kept.pop()
        kept.append(token)
    return kept


_COMMA = (_Kind.CODE, ",")
_CLOSING = ((_Kind.CODE, ")"), (_Kind.CODE, "]"))
_MEMBER = ((_Kind.CODE, "->"), (_Kind.CODE, "?->"), (_Kind.CODE, "::"))


def _names_matter(tokens: list[_Token]) -> bool:
    """Whether the code reaches a variable by its name, so that another name is another meaning."""
    by_name = text = False
    for index, (kind, lexeme) in enumerate(tokens):
        if kind is _Kind.VARIABLE:
            by_name |= lexeme == "GLOBALS"
        elif kind is _Kind.VERBATIM:
            text |= _WORD_START.search(lexeme) is not None
            by_name |= lexeme == "${" and not _is_bare(tokens, index + 1)
        elif kind is _Kind.CODE:
            word = lexeme.lstrip("\\").lower()
            if word in _NAMES_MATTER and (index == 0 or tokens[index - 1] not in _MEMBER):
                return True
            by_name |= lexeme == "$" or word in _REACHES_BY_NAME
            text |= lexeme.startswith("'")
    return by_name and text


def _is_bare(tokens: list[_Token], index: int) -> bool:
    """Whether the token at `index` is the plain name in `${name}`."""
    return index < len(tokens) and tokens[index][0] is _Kind.BARE


def _write(tokens: list[_Token], names: dict[str, str] | None) -> str:
    """The tokens as text, with a blank only where two of them would otherwise read as one."""
    out: list[str] = []
    last = ""
    joined = False
    for index, (kind, token) in enumerate(tokens):
        text = token
        if kind in (_Kind.VARIABLE, _Kind.BARE):
            if names is not None and not _keeps_name(tokens, index):
                text = names.setdefault(token, f"v{len(names) + 1}")
            text = f"${text}" if kind is _Kind.VARIABLE else text
        if kind in (_Kind.CODE, _Kind.VARIABLE) and not joined and last and _must_part(last, text):
            out.append(" ")
        out.append(text)
        joined = kind is _Kind.VERBATIM and not text
        last = text[-1:] or last
    return "".join(out)


def _keeps_name(tokens: list[_Token], index: int) -> bool:
    """True for `$this`, superglobals and static properties (`C::$p`, but not the variable method of `C::$m()`)."""
    if tokens[index][1] in _FIXED_VARIABLES:
        return True
    static = index > 0 and tokens[index - 1] == (_Kind.CODE, "::")
    return static and tokens[index + 1 : index + 2] != [(_Kind.CODE, "(")]


def _must_part(last: str, text: str) -> bool:
    """Whether a token that ends with `last` and the token `text` need a blank between them."""
    first = text[0]
    if last in _BRACKETS or first in _BRACKETS:
        return False
    word_before, word_after = _WORD_START.match(last) is not None, _WORD_START.match(first) is not None
    if word_before:
        return word_after or first in "$\\" or (first == "." and last.isdigit())
    if word_after or first == "$":
        return last in "$\\" or (last == "." and first.isdigit())
    return True
