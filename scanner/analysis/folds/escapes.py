"""Folds of what is put in front of special characters, or in their place: slashes, markup, shells. See `folding`.

Where a text has nothing that a function changes, it stays as it is, and so do holes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scanner.analysis.folding import by_piece, folds, folds_by_kind, known_only, leaving_holes, to_bytes
from scanner.analysis.scalars import STRING
from scanner.analysis.templates import FIRST_PRIVATE, is_known

_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"'}
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);")
_MARKUP = frozenset({34, 38, 60, 62})
_UNSURE = 39
"""The apostrophe, which only newer versions of PHP treat unless flags say so."""
_OPEN_ENTITY = re.compile(r"&[#A-Za-z0-9]*\Z")
_TAG = re.compile(r"</?[A-Za-z][^<>\"'?!()\\]*>")
_C_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_CUT_ESCAPE = re.compile(rf"\\(?:x?[0-9A-Fa-f]{{0,2}})[{FIRST_PRIVATE}-\U0010ffff]")
"""An escape that a hole follows, with which it may go on."""
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "v": "\v", "b": "\b", "f": "\f"}
_SHELL = re.compile(r"[#&;`|*?~<>^()\[\]{}$\\\x0a\xff]")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,4})?(?:/[A-Za-z0-9._~/-]*)?")
_MAIL = re.compile(r"[A-Za-z0-9]{1,40}@[A-Za-z0-9]{1,40}\.[A-Za-z]{2,10}")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_RAW, _URL, _MAIL_FILTER, _INTEGER = "516", "273", "274", "257"
_SANITIZE_URL = "518"
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9$\-_.+!*'(),{}|\\^~\[\]`<>#%\";/?:@&=]*")


# -- slashes -----------------------------------------------------------------------------------------------------


@folds("addslashes")
def _slashed(args: Sequence[str]) -> str | None:
    return re.sub(r"['\"\\]", lambda match: "\\" + match[0], args[0]).replace("\0", "\\0")


@folds("addcslashes")
@known_only
def _c_slashed(args: Sequence[str]) -> str | None:
    return args[0] if not set(args[0]) & set(args[1]) and ".." not in args[1] else None


@folds("stripslashes")
def _unslashed(args: Sequence[str]) -> str | None:
    if _CUT_ESCAPE.search(args[0]):
        return None
    return re.sub(r"\\(.?)", lambda match: "\0" if match[1] == "0" else match[1], args[0], flags=re.DOTALL)


@folds("stripcslashes")
def _c_unslashed(args: Sequence[str]) -> str | None:
    return None if _CUT_ESCAPE.search(args[0]) else _C_ESCAPE.sub(_unescaped, args[0])


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return chr(int(match[2], 8) % 256) if match[2] else _CONTROLS.get(match[3], match[3])


# -- markup ------------------------------------------------------------------------------------------------------


@folds("html_entity_decode")
def _html_decode(args: Sequence[str]) -> str | None:
    return _decoded(args, _of_entity)


@folds("htmlspecialchars_decode")
def _special_decode(args: Sequence[str]) -> str | None:
    return _decoded(args, _of_special)


def _decoded(args: Sequence[str], entity: Callable[[str], str | None]) -> str | None:
    """A text with its entities replaced; None where one is not known, or goes on in a hole."""
    if "&" not in args[0]:
        return args[0]
    return _each(args[0], entity) if len(args) == 1 else None


@by_piece
def _checked(args: Sequence[str]) -> str | None:
    return None if _OPEN_ENTITY.search(args[0]) else args[0]


def _each(text: str, entity: Callable[[str], str | None]) -> str | None:
    if not is_known(text) and _checked([text]) is None:
        return None
    made, start = "", 0
    for match in _ENTITY.finditer(text):
        put = entity(match[0])
        if put is None:
            return None
        made, start = made + text[start : match.start()] + put, match.end()
    return made + text[start:]


def _code(entity: str) -> int:
    return int(entity[3:-1], 16) if entity[2] in "xX" else int(entity[2:-1])


def _of_entity(entity: str) -> str | None:
    if not entity.startswith("&#"):
        return _NAMED.get(entity)
    code = _code(entity) if len(entity) < 12 else 0  # noqa: PLR2004  more digits than any character has
    if code == _UNSURE or not (32 <= code < 127 or 160 <= code < 0xD800):  # noqa: PLR2004  characters that HTML allows
        return None
    return chr(code).encode("utf-8").decode("latin-1")


def _of_special(entity: str) -> str | None:
    """Only what `htmlspecialchars` makes; every other entity stays."""
    if not entity.startswith("&#"):
        return None if entity == "&apos;" else _NAMED.get(entity, entity)
    code = _code(entity) if len(entity) < 12 else 0  # noqa: PLR2004
    return None if code == _UNSURE else chr(code) if code in _MARKUP else entity


@folds("htmlspecialchars")
def _special(args: Sequence[str]) -> str | None:
    return _as_markup(args) if _is_text(args[0]) else None


@folds("htmlentities")
def _entities(args: Sequence[str]) -> str | None:
    return _as_markup(args) if all(c < "\x80" or c >= FIRST_PRIVATE for c in args[0]) else None


def _is_text(text: str) -> bool:
    """Whether what is known is UTF-8: PHP gives nothing back of any other text."""
    try:
        to_bytes("".join(c for c in text if c < FIRST_PRIVATE)).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _as_markup(args: Sequence[str]) -> str | None:
    text = args[0]
    if "'" in text or (len(args) > 1 and '"' in text) or (len(args) > 3 and "&" in text):  # noqa: PLR2004
        return None
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@folds("strip_tags")
def _without_tags(args: Sequence[str]) -> str | None:
    """A text without its tags; None where there is anything like one that is no plain tag."""
    text = args[0]
    if "<" not in text:
        return text if "\0" not in text else None
    left = _TAG.sub("", text)
    return left if len(args) == 1 and is_known(text) and not set("<\0") & set(left) else None


@folds("nl2br")
def _breaks(args: Sequence[str]) -> str | None:
    if not set("\r\n") & set(args[0]):
        return args[0]
    return re.sub(r"\r\n|\n\r|\n|\r", lambda match: "<br />" + match[0], args[0]) if len(args) == 1 else None


# -- shells and filters ------------------------------------------------------------------------------------------


@folds("escapeshellarg")
def _shell_argument(args: Sequence[str]) -> str | None:
    return "'" + args[0].replace("'", "'\\''") + "'" if "\0" not in args[0] and args[0].isascii() else _open(args[0])


def _open(text: str) -> str | None:
    """Text with holes between quotes; None for letters beyond ASCII, of which some systems drop bytes."""
    known = "".join(c for c in text if c < FIRST_PRIVATE)
    return None if "\0" in known or not known.isascii() else "'" + text.replace("'", "'\\''") + "'"


@folds("escapeshellcmd")
def _shell_command(args: Sequence[str]) -> str | None:
    text = args[0]
    if set("'\"\0") & set(text) or not all(c < "\x80" or c >= FIRST_PRIVATE for c in text):
        return None
    return _SHELL.sub(lambda match: "\\" + match[0], text)


@folds_by_kind("filter_var")
def _filtered(args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    """What filters let through as it is; None for what they change, refuse, or are told to put in its place."""
    text, chosen = args[0], args[1] if len(args) > 1 else _RAW
    if not is_known(text) or not is_known(chosen):
        return (text, kinds[0]) if len(args) <= 2 and chosen in (_RAW, _URL, _MAIL_FILTER, _SANITIZE_URL) else None  # noqa: PLR2004
    if len(args) > 2:  # noqa: PLR2004  value, filter, options
        return None
    passes = {_RAW: None, _URL: _ADDRESS, _MAIL_FILTER: _MAIL, _SANITIZE_URL: _URL_CHARACTERS}
    if chosen == _INTEGER:
        return (text, "int") if _WHOLE.fullmatch(text) else None
    if chosen not in passes:
        return None
    pattern = passes[chosen]
    return (text, STRING) if pattern is None or pattern.fullmatch(text) else None


@folds("esc_url_raw")
@leaving_holes
def _clean_address(args: Sequence[str]) -> str | None:
    """WordPress's filter of addresses, where the program does not have its own."""
    return args[0] if re.fullmatch(r"[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*", args[0]) else None


@folds("realpath")
def _real_path(args: Sequence[str]) -> str | None:
    """A path below something that is not known is named as it is written; of any other nobody knows whether it is."""
    return None if is_known(args[0]) or args[0][0] < FIRST_PRIVATE else args[0]
